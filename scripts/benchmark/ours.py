"""The stylejax side: timing of the generator that also runs `stylize`."""

import time
from collections.abc import Callable

from benchmark.problem import CONTENT_LAYER, STYLE_LAYERS, Problem
from stylejax.network.algorithms import PrecisionChoice
from stylejax.network.preprocessing import TORCHVISION
from stylejax.run.inputs.job import Job
from stylejax.run.loop import CHUNK, optimize_batch
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model
from stylejax.weights.weight_set import WeightSet

FOREVER = 1_000_000


def step_timer(problem: Problem, precision: PrecisionChoice, *, alone: bool = False) -> Callable[[], float]:
    """Make a function that runs a chunk of steps and returns the seconds per step; its first call compiles.

    Args:
        problem: the benchmark problem.
        precision: precision of the convolutions.
        alone: run one step per call instead of a compiled loop of steps.
    """
    settings = Settings(
        size=problem.size,
        smallest_size=problem.size,
        content_layers=CONTENT_LAYER,
        content_norm="none",
        style_layers=",".join(STYLE_LAYERS),
        style_loss="gram",
        octaves=1,
        normalization="mean",
        tv_weight=0.0,
        averaging=0.0,
        padding="zero",
        init="content",
        iterations=FOREVER,
    )
    widths = tuple(len(problem.weights()[f"conv{block}_1/bias"]) for block in (1, 2, 3, 4, 5))
    weights = WeightSet(problem.network, widths, TORCHVISION, problem.weights())
    model = build_model(weights, padding="zero", precision=precision)
    contents, style = problem.pictures()
    steps = 1 if alone else CHUNK
    result = optimize_batch(model, [Job(content, (style,), settings) for content in contents], every=steps)

    def timed() -> float:
        began = time.perf_counter()
        next(result)
        return (time.perf_counter() - began) / steps

    return timed
