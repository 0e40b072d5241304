"""What a layer's features say about style: statistics that forget where in the picture they were seen.

All of them come from sums over positions, so the statistics of a huge picture are the sums of those of its tiles.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from stylejax.types import Features, Guide

StatisticName = Literal["gram", "gram+mean", "wasserstein", "moments"]

_VARIANCE_FLOOR = 1e-8  # keeps the derivative of the square root finite where a channel is constant


class ChannelSums(NamedTuple):
    """Sums over positions: of ones, of the features `[channels]`, and of their products `[channels, channels]`."""

    ones: Array
    first: Array
    second: Array

    def __add__(self, other: "ChannelSums") -> "ChannelSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """The sums of two tiles together."""
        return ChannelSums(*(a + b for a, b in zip(self, other, strict=True)))


def channel_sums(features: Features, guide: Guide | None = None) -> ChannelSums:
    """Sum over the positions of `[rows, columns, channels]`, at least in float32: sums in float16 overflow.

    Args:
        features: of one layer.
        guide: how much each position counts, `[rows, columns]`, from `losses.guidance`; all alike by default.
    """
    flat = features.reshape(-1, features.shape[-1])
    exact = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))
    if guide is None:
        products = _products(flat if flat.dtype == jnp.bfloat16 else exact)
        return ChannelSums(jnp.asarray(flat.shape[0], exact.dtype), exact.sum(0), products)
    weighted = exact * guide.reshape(-1, 1)
    second = jnp.matmul(weighted.T, exact, precision=lax.Precision.HIGHEST)
    return ChannelSums(guide.sum(), weighted.sum(0), second)


@jax.custom_vjp
def _products(flat: Array) -> Array:
    """FᵀF of `[positions, channels]`. Products of bfloat16 numbers are exact in float32, so they need no conversion first."""
    return _matmul(flat.T, flat)


def _products_forward(flat: Array) -> tuple[Array, Array]:
    return _products(flat), flat


def _products_backward(flat: Array, gradient: Array) -> tuple[Array]:
    # F (S + Sᵀ): one product. Autodiff, which does not know that both factors are the same, makes two and a transposition.
    return (_matmul(flat, (gradient + gradient.T).astype(flat.dtype)).astype(flat.dtype),)


_products.defvjp(_products_forward, _products_backward)


def _matmul(a: Array, b: Array) -> Array:
    wide = jnp.promote_types(a.dtype, jnp.float32)
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST, preferred_element_type=wide)


def measure(sums: ChannelSums, statistic: StatisticName) -> dict[str, Array]:
    """The named parts of a style statistic.

    gram         G = FᵀF / (H·W)                                              Gatys et al. 2016, eq. 3, over H·W
    gram+mean    the same, and the mean of each channel
    wasserstein  mean and covariance of the features, as a normal distribution
    moments      mean and standard deviation of each channel                  Huang and Belongie 2017
    """
    mean = sums.first / sums.ones
    gram = sums.second / sums.ones
    if statistic == "gram":
        return {"gram": gram}
    if statistic == "gram+mean":
        return {"gram": gram, "mean": mean}
    if statistic == "wasserstein":
        return {"mean": mean, "covariance": gram - jnp.outer(mean, mean)}
    variance = jnp.diagonal(gram) - mean**2
    return {"mean": mean, "deviation": jnp.sqrt(jnp.maximum(variance, 0) + _VARIANCE_FLOOR)}
