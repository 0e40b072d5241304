"""The PyTorch program's answers for a tiny network, kept in a file so that the ordinary tests need no PyTorch.

`golden.npz` holds, all from `seeded`: the weights (`weights/conv1_1/kernel`, ...) and the pictures (`content`, `style`,
`start`); and, computed in float64: for every problem in `PROBLEMS` the features of `start` at all ReLUs
(`default/features/relu1_1`, `[rows, columns, channels]`), its weighted terms and their sum (`default/content`, `default/style`,
`default/tv`, `default/total`) and the gradient of the sum for `start` (`default/gradient`).
"""

from pathlib import Path

import numpy as np
import torch

from reference import formulas, network, seeded
from reference.cases import OBJECTIVES, STYLE_LAYERS, Case
from reference.formulas import Formula
from reference.network import Network
from reference.theirs import Problem

PATH = Path(__file__).with_name("golden.npz")
WIDTHS = (4, 8, 8, 12, 12)
SIZE, STYLE_SIZE = (25, 34), (28, 23)
PROBLEMS = {
    "default": OBJECTIVES[0],
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
"""The default recipe; and plain means of squared differences, with another network, content layer and variation."""


def write_golden() -> Path:
    """Write `golden.npz` anew and return its path."""
    weights = seeded.weights(WIDTHS, seed=0)
    content, style, start = seeded.picture(*SIZE, seed=1), seeded.picture(*STYLE_SIZE, seed=10), seeded.picture(*SIZE, seed=2)
    answers = {f"weights/{name}": array for name, array in weights.items()}
    answers |= {"content": content, "style": style, "start": start}
    for name, case in PROBLEMS.items():
        problem = Problem.of(case, weights, content, [style], torch.float64)
        terms, gradient = problem.value_and_gradient(start)
        answers |= {f"{name}/{term}": np.asarray(value) for term, value in terms.items()}
        answers[f"{name}/gradient"] = gradient
        for layer, value in _features(case, weights, start).items():
            answers[f"{name}/features/{layer}"] = value
    np.savez_compressed(PATH, allow_pickle=False, **answers)
    return PATH


def _features(case: Case, weights: dict[str, np.ndarray], image: np.ndarray) -> dict[str, np.ndarray]:
    relus = [name.replace("conv", "relu") for name in seeded.convolution_names()]
    with torch.no_grad():
        found = network.features(
            case.network, network.tensors(weights, torch.float64), torch.tensor(image, dtype=torch.float64), relus
        )
    return {name: np.moveaxis(value.numpy(), 0, -1) for name, value in found.items()}
