"""Compare stylejax's L-BFGS with PyTorch's: the total loss after the same number of evaluations.

    python scripts/compare_lbfgs.py CONTENT STYLE --model vgg19-slim

Both minimize the default objective at one scale, starting from the content. The PyTorch side uses an independent implementation
of the objective (`reference`) and `torch.optim.LBFGS` with its strong Wolfe line search. The same implementation evaluates both
results without clipping. Exits with 1 if stylejax's total is more than 1.02 times PyTorch's. Takes about a minute on two cores.
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from reference import formulas
from reference.cases import Case
from reference.formulas import Formula
from reference.network import Network
from reference.theirs import Problem

from stylejax.images.io.read import to_picture
from stylejax.images.resize import fit_long_side, resize
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.prepare import network_for
from stylejax.run.loop import optimize_batch
from stylejax.settings.settings import Settings
from stylejax.weights.sources import resolve
from stylejax.weights.weight_set import read_weights

TOLERANCE = 1.02
with_objective = partial(Settings, style_loss="covariance", content_norm="instance", normalization="relative", init="content")
"""The settings that `problem_of` implements; other settings of the objective are the defaults."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--model", default="vgg19-slim", help="name or path of the network")
    parser.add_argument("--size", type=int, default=256, help="long side of the picture")
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--histories", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--learning-rate", type=float, default=Settings.learning_rate, help="size of stylejax's first step")
    arguments = parser.parse_args()
    content, style = (to_picture(path).pixels for path in (arguments.content, arguments.style))
    content, style = (resize(pixels, *fit_long_side(*pixels.shape[:2], arguments.size)) for pixels in (content, style))
    ratios = []
    for history in arguments.histories:
        settings = with_objective(
            model=arguments.model,
            size=arguments.size,
            smallest_size=arguments.size,
            iterations=arguments.evaluations,
            optimizer="l-bfgs",
            history=history,
            learning_rate=arguments.learning_rate,
        )
        problem = problem_of(settings, content, style)
        reached = {}
        for name, minimize in {"stylejax": minimize_ours, "PyTorch": minimize_theirs}.items():
            began = time.perf_counter()
            picture = minimize(settings, problem, content, style)
            seconds = time.perf_counter() - began
            reached[name] = problem.value_and_gradient(picture)[0]["total"]
            print(f"history {history:3d}  {name:8}  total {reached[name]:.6f}  {seconds:.0f} s", flush=True)
        ratios.append(reached["stylejax"] / reached["PyTorch"])
        print(f"history {history:3d}  stylejax / PyTorch = {ratios[-1]:.4f}, tolerance {TOLERANCE}", flush=True)
    return 0 if max(ratios) <= TOLERANCE else 1


def problem_of(settings: Settings, content: np.ndarray, style: np.ndarray) -> Problem:
    """The default objective in PyTorch."""
    weights = read_weights(resolve(settings.model))
    formula = Formula(
        content={layer: settings.content_weight * w for layer, w in settings.content_layer_weights.items()},
        style={layer: settings.style_weight * w for layer, w in settings.style_layer_weights.items()},
        variation=settings.tv_weight,
        content_of=formulas.instance_normalized,
        content_distance=formulas.relative_mean_squares,
        measure=formulas.mean_and_covariance,
        style_distance=formulas.relative_covariance,
        octaves=settings.octaves,
    )
    network = Network(weights.preprocessing.name, settings.pooling, settings.padding)
    return Problem.of(Case("default", {}, formula, network), weights.arrays, content, [style])


def minimize_ours(settings: Settings, problem: Problem, content: np.ndarray, style: np.ndarray) -> np.ndarray:
    """The result of stylejax."""
    *_, last = optimize_batch(network_for(settings), [Job(content, (style,), settings)])
    return np.array(last.pictures[0])


def minimize_theirs(settings: Settings, problem: Problem, content: np.ndarray, style: np.ndarray) -> np.ndarray:
    """The result of PyTorch after the same number of evaluations."""
    image = torch.tensor(content, requires_grad=True)
    (steps,) = settings.steps(1)
    optimizer = torch.optim.LBFGS(
        [image],
        max_iter=steps,
        max_eval=steps,
        tolerance_grad=0,
        tolerance_change=0,
        history_size=settings.history,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        total = torch.stack(list(problem.terms(image).values())).sum()
        total.backward()
        return total

    optimizer.step(closure)  # pyright: ignore[reportArgumentType]
    evaluations = optimizer.state[image]["func_evals"]
    if evaluations != steps:
        print(f"PyTorch made {evaluations} evaluations", flush=True)
    return image.detach().numpy()


if __name__ == "__main__":
    sys.exit(main())
