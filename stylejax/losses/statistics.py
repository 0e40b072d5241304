"""What a layer's features say about style: statistics that forget where in the picture they were seen.

All of them come from sums over positions, so the statistics of a huge picture are the sums of those of its tiles.
"""

from typing import Literal, NamedTuple

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
    flat = features.reshape(-1, features.shape[-1]).astype(jnp.promote_types(features.dtype, jnp.float32))
    if guide is None:
        second = jnp.matmul(flat.T, flat, precision=lax.Precision.HIGHEST)
        return ChannelSums(jnp.asarray(flat.shape[0], flat.dtype), flat.sum(0), second)
    weighted = flat * guide.reshape(-1, 1)
    second = jnp.matmul(weighted.T, flat, precision=lax.Precision.HIGHEST)
    return ChannelSums(guide.sum(), weighted.sum(0), second)


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
