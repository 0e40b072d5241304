"""Run the table of cases on both sides and print the deviations."""

import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import torch

from reference import network, ours, seeded, theirs
from reference.cases import NETWORKS, OBJECTIVES, SIZES, STYLE_SIZES, Case
from reference.network import Network
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings
from stylejax.weights.convert.api import convert
from stylejax.weights.load import load_model

FEATURES, VALUE, GRADIENT, ITERATES, CONVERTED = 1e-5, 1e-5, 1e-4, 1e-3, 1e-4
STEPS = 20
RELUS = tuple(name.replace("conv", "relu") for name in seeded.convolution_names())
FEATURE_LAYERS = (*RELUS, "conv4_2", "pool3")


class Comparison(NamedTuple):
    """Deviation of the two sides, and its tolerance."""

    name: str
    deviation: float
    tolerance: float

    @property
    def good(self) -> bool:
        """Whether the deviation is within the tolerance; false for NaN."""
        return bool(self.deviation <= self.tolerance)


def compare_all(only: str = "") -> bool:
    """Print every comparison whose name contains `only`; returns whether all are within tolerance."""
    torch.set_num_threads(1)  # several threads are slower for small pictures
    began, bad, count = time.perf_counter(), 0, 0
    print(f"{'deviation':>10}  {'tolerance':>9}")
    for comparison in _comparisons(only):
        count, bad = count + 1, bad + (not comparison.good)
        verdict = "ok  " if comparison.good else "FAIL"
        print(f"{comparison.deviation:10.1e}  {comparison.tolerance:9.0e}  {verdict}  {comparison.name}", flush=True)
    seconds = time.perf_counter() - began
    print(f"{count - bad} of {count} comparisons within tolerance, {seconds:.0f} s")
    return bad == 0 and count > 0


def _comparisons(only: str) -> Iterator[Comparison]:
    for kind in NETWORKS:
        for size in SIZES:
            name = f"features, {size}: {kind.inputs}, {kind.pooling} pooling, {kind.padding} padding"
            if only in name:
                yield _compare_features(name, kind, size)
    for case in OBJECTIVES:
        for size in case.sizes:
            if only in f"{case.name}, {size}":
                yield from _compare_objective(case, size)
    if only in "converted from Keras":
        yield _compare_converted(OBJECTIVES[1])


def _compare_features(name: str, kind: Network, size: str) -> Comparison:
    """Compare features by the largest relative distance over layers."""
    image = seeded.picture(*SIZES[size], seed=1)
    model = ours.network(_weights(), kind.inputs, _network_settings(kind))
    got = ours.features(model, image, FEATURE_LAYERS)
    with torch.no_grad():
        wanted = network.features(kind, network.tensors(_weights()), torch.tensor(image), list(FEATURE_LAYERS))
    return Comparison(name, max(distance(got[layer], wanted[layer].numpy()) for layer in FEATURE_LAYERS), FEATURES)


def _compare_objective(case: Case, size: str) -> Iterator[Comparison]:
    """Compare value, gradient and, if requested by the case, the first iterates of Adam, in float64.

    In float32, two correct programs diverge: rounding errors change the branch of a ReLU or a maximum, and Adam's first steps
    are the signs of gradients, regardless of their size.
    """
    settings = settings_from(case.options)
    problem = pictures(SIZES[size], len(case.shares))
    if case.stretched:
        problem = problem._replace(styles=[seeded.picture(*SIZES[size], seed=10)])
    name, shares = f"{case.name}, {size}", list(case.shares)
    with jax.enable_x64(True):
        arrays = {name: array.astype(np.float64) for name, array in _narrow_weights().items()}
        problem = Pictures(*jax.tree.map(lambda picture: picture.astype(np.float64), tuple(problem)))
        model = ours.network(arrays, case.network.inputs, settings)
        mine = ours.Problem(model, settings, problem.content, problem.styles, shares)
        other = theirs.Problem.of(case, arrays, problem.content, problem.styles, dtype=torch.float64)
        got, gradient = mine.value_and_gradient(problem.start)
        wanted, wanted_gradient = other.value_and_gradient(problem.start)
        yield Comparison(f"value: {name}", relative(got, wanted), VALUE)
        yield Comparison(f"gradient: {name}", distance(gradient, wanted_gradient), GRADIENT)
        if case.adam and size == case.sizes[-1]:  # another program to compile: once is enough
            betas = (settings.beta1, settings.beta2)
            expected = other.adam_iterates(problem.start, STEPS, settings.learning_rate, betas)
            iterates = mine.adam_iterates(problem.start, STEPS)
            apart = max(distance(a, b) for a, b in zip(iterates, expected, strict=True))
            yield Comparison(f"{STEPS} Adam iterates: {name}", apart, ITERATES)


def _compare_converted(case: Case) -> Comparison:
    """Compare values after conversion: stylejax reads the weights from a converted Keras file, PyTorch directly."""
    settings = settings_from(case.options)
    problem = pictures(SIZES["71×57"], 1)
    with tempfile.TemporaryDirectory() as folder:
        seeded.write_keras(Path(folder) / "keras.h5", _weights())
        convert(Path(folder) / "keras.h5", Path(folder) / "converted.safetensors")
        model = load_model(Path(folder) / "converted.safetensors", pooling=settings.pooling, padding=settings.padding)
    got, _ = ours.Problem(model, settings, problem.content, problem.styles, [1.0]).value_and_gradient(problem.start)
    other = theirs.Problem.of(case, _weights(), problem.content, problem.styles)
    wanted, _ = other.value_and_gradient(problem.start)
    return Comparison(f"value: converted from Keras, {case.name}", relative(got, wanted), CONVERTED)


class Pictures(NamedTuple):
    """A content, styles, and the picture at which value and gradient are evaluated."""

    content: np.ndarray
    styles: list[np.ndarray]
    start: np.ndarray


def pictures(size: tuple[int, int], styles: int) -> Pictures:
    """Random pictures with fixed seeds."""
    looks = [seeded.picture(*STYLE_SIZES[number], seed=10 + number) for number in range(styles)]
    return Pictures(seeded.picture(*size, seed=1), looks, seeded.picture(*size, seed=2))


def distance(got: np.ndarray, wanted: np.ndarray) -> float:
    """‖got - wanted‖ / ‖wanted‖, in float64."""
    wanted = wanted.astype(np.float64)
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def relative(got: dict[str, float], wanted: dict[str, float]) -> float:
    """Largest relative distance of the total and its terms; a term whose expected value is zero must be zero."""
    return max(abs(got[name] - value) / (abs(value) or 1e-30) for name, value in wanted.items())


@cache
def _narrow_weights() -> dict[str, np.ndarray]:
    """Weights of an eighth of the width, because float64 convolutions are slow."""
    return seeded.weights(tuple(width // 8 for width in seeded.FULL), seed=0)  # pyright: ignore[reportArgumentType]


@cache
def _weights() -> dict[str, np.ndarray]:
    return seeded.weights(seeded.FULL, seed=0)


def _network_settings(kind: Network) -> Settings:
    return Settings(pooling=kind.pooling, padding=kind.padding)  # pyright: ignore[reportArgumentType]
