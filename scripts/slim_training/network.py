"""The network in training: the layout of VGG-19 with batch norm, a global mean and a linear head, as dicts of arrays."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from slim_training.convolution import convolve
from stylejax.network.layers import CONV_NAMES, LAYERS, kernel_shapes
from stylejax.network.pooling import pool

Arrays = dict[str, Array]

EPSILON = 1e-5
"""Added to the variance in batch norm."""


_FEWEST_TO_POOL = 3


def initial_parameters(seed: int, widths: tuple[int, ...], classes: int) -> Arrays:
    """He-normal kernels, unit scales, zero shifts, and a small random head."""
    parameters = {}
    key = jax.random.key(seed)
    for name, shape in kernel_shapes(widths).items():
        key, own = jax.random.split(key)
        parameters[f"{name}/kernel"] = jax.random.normal(own, shape) * (2 / (9 * shape[2])) ** 0.5
        parameters[f"{name}/scale"] = jnp.ones(shape[3])
        parameters[f"{name}/shift"] = jnp.zeros(shape[3])
    parameters["head/kernel"] = jax.random.normal(key, (widths[-1], classes)) * widths[-1] ** -0.5
    parameters["head/bias"] = jnp.zeros(classes)
    return parameters


def initial_statistics(widths: tuple[int, ...]) -> Arrays:
    """Running means of zero and variances of one: `conv1_1/mean`, `conv1_1/variance`, ..."""
    shapes = kernel_shapes(widths)
    means = {f"{name}/mean": jnp.zeros(shapes[name][3]) for name in CONV_NAMES}
    return means | {f"{name}/variance": jnp.ones(shapes[name][3]) for name in CONV_NAMES}


def logits(parameters: Arrays, images: Array, *, statistics: Arrays | None = None) -> tuple[Array, Arrays]:
    """Classify preprocessed `images`, `[batch, rows, columns, 3]`.

    Args:
        parameters: with the names of `initial_parameters`.
        images: the input of the first convolution.
        statistics: running means and variances; None for those of the batch (training).

    Returns:
        `[batch, classes]`, and the means and variances that were used.
    """
    used: Arrays = {}
    features = images
    for layer in LAYERS:
        if layer.kind == "conv":
            features = convolve(features, parameters[f"{layer.name}/kernel"])
            mean, variance = _moments(features) if statistics is None else _given(statistics, layer.name)
            used[f"{layer.name}/mean"], used[f"{layer.name}/variance"] = mean, variance
            gain = parameters[f"{layer.name}/scale"] * lax.rsqrt(variance + EPSILON)
            features = features * gain + (parameters[f"{layer.name}/shift"] - mean * gain)
        elif layer.kind == "relu":
            features = jnp.maximum(features, 0)
        elif pools(layer.name, features):
            features = jax.vmap(partial(pool, kind="max"))(features)
    return features.mean((1, 2)) @ parameters["head/kernel"] + parameters["head/bias"], used


def pools(name: str, features: Array) -> bool:
    """Whether the pooling `name` is applied: not the last one, which precedes the mean over all pixels, and not to 3×3 or less.

    Otherwise a crop of 24 pixels would be a single pixel in the last block, which would learn only the centers of its kernels.
    """
    return name != "pool5" and min(features.shape[1:3]) > _FEWEST_TO_POOL


def _moments(features: Array) -> tuple[Array, Array]:
    """Mean and variance of each channel in one pass, first over each picture, then over the batch, which uses all cores."""
    mean = features.mean((1, 2)).mean(0)
    square = jnp.square(features).mean((1, 2)).mean(0)
    return mean, jnp.maximum(square - mean**2, 0)


def _given(statistics: Arrays, name: str) -> tuple[Array, Array]:
    return statistics[f"{name}/mean"], statistics[f"{name}/variance"]
