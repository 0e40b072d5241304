"""Results of the PyTorch program for a tiny network, stored in a file so that the tests need no PyTorch.

`golden.npz` holds, all from `seeded`: the weights (`weights/conv1_1/kernel`, ...) and the pictures (`content`, `style`,
`start`); and, computed in float64: for every problem in `PROBLEMS` the features of `start` at all ReLUs
(`gram/features/relu1_1`, `[rows, columns, channels]`), its weighted terms and their sum (`gram/content`, `gram/style`,
`gram/tv`, `gram/total`) and the gradient of the sum for `start` (`gram/gradient`); and the same without features for
every published recipe (`recipe/crowson/total`, ...), with the picture after `STEPS` steps of Adam (`recipe/crowson/iterate`).
In float32: the losses and the last picture of `crowson` over two scales with two styles (`scales/losses`, `scales/picture`),
and the styles (`scales/styles/0`, `scales/styles/1`).
"""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from reference import formulas, network, seeded
from reference.cases import OBJECTIVES, STYLE_LAYERS, Case
from reference.formulas import Formula
from reference.network import Network
from reference.scales import run_scales
from reference.theirs import Problem
from stylejax.settings.recipes import settings_from

PATH = Path(__file__).with_name("golden.npz")
WIDTHS = (4, 8, 8, 12, 12)
SIZE, STYLE_SIZE = (25, 34), (28, 23)
STEPS = 20
SIDES, SCALE_STEPS, SHARES, SCALED_STYLES = (24, 34), 4, (0.7, 0.3), ((28, 23), (41, 52))
"""The run over two scales: long sides, steps per scale, shares, and shapes of two styles, one larger than the picture."""
_OCTAVES = next(case for case in OBJECTIVES if case.name == "covariance at octaves")
PROBLEMS = {
    "octaves": dataclasses.replace(_OCTAVES, formula=dataclasses.replace(_OCTAVES.formula, octaves=2)),
    "gram+mean": OBJECTIVES[0],
    "gram": Case(
        "plain Gram",
        {},
        Formula(
            content={"conv4_2": 0.1},
            style=dict.fromkeys(STYLE_LAYERS, 2.0),
            variation=1e-3,
            variation_of=formulas.absolute_variation,
        ),
        Network("oxford", pooling="average"),
    ),
}
"""Components of the default recipe; Gram matrices and means; and mean squared differences with another network, content layer
and variation."""
RECIPES = [case for case in OBJECTIVES if "recipe" in case.options]


def write_golden() -> Path:
    """Write `golden.npz` and return its path."""
    weights = seeded.weights(WIDTHS, seed=0)
    content, style, start = seeded.picture(*SIZE, seed=1), seeded.picture(*STYLE_SIZE, seed=10), seeded.picture(*SIZE, seed=2)
    results = {f"weights/{name}": array for name, array in weights.items()}
    results |= {"content": content, "style": style, "start": start}
    for name, case in PROBLEMS.items():
        problem = Problem.of(case, weights, content, [style], dtype=torch.float64)
        terms, gradient = problem.value_and_gradient(start)
        results |= {f"{name}/{term}": np.asarray(value) for term, value in terms.items()}
        results[f"{name}/gradient"] = gradient
        for layer, value in _features(case, weights, start).items():
            results[f"{name}/features/{layer}"] = value
    for case in RECIPES:
        results |= {
            f"recipe/{case.name}/{part}": value for part, value in _recipe(case, weights, content, style, start).items()
        }
    results |= _over_scales(weights, content, start)
    np.savez_compressed(PATH, allow_pickle=False, **results)
    return PATH


def _recipe(
    case: Case, weights: dict[str, np.ndarray], content: np.ndarray, style: np.ndarray, start: np.ndarray
) -> dict[str, np.ndarray]:
    style = seeded.picture(*SIZE, seed=10) if case.stretched else style
    problem, settings = Problem.of(case, weights, content, [style], dtype=torch.float64), settings_from(case.options)
    terms, gradient = problem.value_and_gradient(start)
    *_, iterate = problem.adam_iterates(start, STEPS, settings.learning_rate, (settings.beta1, settings.beta2))
    arrays = {"gradient": gradient.astype(np.float32), "iterate": iterate.astype(np.float32)}
    return {term: np.asarray(value) for term, value in terms.items()} | arrays


def _over_scales(weights: dict[str, np.ndarray], content: np.ndarray, start: np.ndarray) -> dict[str, np.ndarray]:
    case = dataclasses.replace(next(case for case in RECIPES if case.name == "crowson"), shares=SHARES)
    styles, settings = (
        [seeded.picture(*shape, seed=10 + number) for number, shape in enumerate(SCALED_STYLES)],
        settings_from(case.options),
    )
    run = run_scales(
        case,
        weights,
        content,
        styles,
        start,
        sides=SIDES,
        steps=SCALE_STEPS,
        learning_rate=settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        decay=settings.averaging,
    )
    results = {"scales/losses": np.asarray(run.losses), "scales/picture": run.picture}
    return results | {f"scales/styles/{number}": style for number, style in enumerate(styles)}


def _features(case: Case, weights: dict[str, np.ndarray], image: np.ndarray) -> dict[str, np.ndarray]:
    relus = [name.replace("conv", "relu") for name in seeded.convolution_names()]
    with torch.no_grad():
        found = network.features(
            case.network, network.tensors(weights, dtype=torch.float64), torch.tensor(image, dtype=torch.float64), relus
        )
    return {name: np.moveaxis(value.numpy(), 0, -1) for name, value in found.items()}
