"""Style statistics of a layer's features, which do not depend on positions.

All of them come from sums over positions, so the sums of a huge picture are those of its tiles, added up.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from stylejax.choices import StatisticName
from stylejax.types import Features, Gram, Guide, Mean, Positions

_LEAST = 1e-30  # keeps the mean finite where nothing is counted, as in a tile without a part of the region
_VARIANCE_FLOOR = 1e-8  # keeps the derivative of the square root finite where a channel is constant


_CENTERED = ("gram+moments", "covariance", "wasserstein", "moments")
"""Statistics of distances from the mean. Taken from plain products, they would be small differences of large numbers: a flat
and bright feature map would have a covariance with negative eigenvalues, by rounding alone."""


class ChannelSums(NamedTuple):
    """Sums over positions: of ones, of the features, and of their products. Of regions, with a leading axis `regions`."""

    ones: Float[Array, "*regions"]
    first: Float[Array, "*regions channels"]
    second: Float[Array, "*regions channels channels"]

    def __add__(self, other: "ChannelSums") -> "ChannelSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """The sums of two tiles together."""
        return ChannelSums(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def mean(self) -> Mean:
        """μ."""
        return self.first / self.ones

    @property
    def gram(self) -> Gram:
        """FᵀF / (H·W)."""
        return self.second / self.ones

    @property
    def covariance(self) -> Gram:
        """(F - μ)ᵀ(F - μ) / (H·W)."""
        return self.gram - jnp.outer(self.mean, self.mean)


class CenteredSums(NamedTuple):
    """The same, with products of the features' distances from their mean."""

    ones: Float[Array, "*regions"]
    first: Float[Array, "*regions channels"]
    second: Float[Array, "*regions channels channels"]

    def __add__(self, other: "CenteredSums") -> "CenteredSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """The sums of two tiles together, each centered on its own mean.

        Source: Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983, eq. 2.1b, for covariances.
        """
        apart, ones = other.mean - self.mean, self.ones + other.ones
        between = self.ones * other.ones / jnp.maximum(ones, _LEAST) * jnp.outer(apart, apart)
        return CenteredSums(ones, self.first + other.first, self.second + other.second + between)

    @property
    def mean(self) -> Mean:
        """μ."""
        return self.first / jnp.maximum(self.ones, _LEAST)

    @property
    def gram(self) -> Gram:
        """FᵀF / (H·W)."""
        return self.covariance + jnp.outer(self.mean, self.mean)

    @property
    def covariance(self) -> Gram:
        """(F - μ)ᵀ(F - μ) / (H·W), without negative eigenvalues."""
        return self.second / self.ones


Sums = ChannelSums | CenteredSums

Statistic = dict[str, Float[Array, "..."]]
"""The named parts of a statistic: means and deviations `[channels]`, matrices `[channels, channels]`; of regions, with a
leading axis `regions`."""


def channel_sums(features: Features, *, guide: Guide | None = None, centered: bool = False, center: Mean | None = None) -> Sums:
    """Sum over the positions of `[rows, columns, channels]`, at least in float32: sums in float16 overflow.

    Args:
        features: of one layer.
        guide: the weight of each position, from `losses.guidance`; all alike by default.
        centered: sum distances from the mean. It takes one more pass over the features.
        center: the mean, where that is not the features' own: of the whole picture, in a tile.
    """
    flat = features.reshape(-1, features.shape[-1])
    exact = flat.astype(jnp.promote_types(flat.dtype, jnp.float32))
    counts = None if guide is None else guide.reshape(-1, 1)
    ones = jnp.asarray(flat.shape[0], exact.dtype) if counts is None else counts.sum()
    first = (exact if counts is None else exact * counts).sum(0)
    if centered:
        # The mean counts as a constant here: the distances from it add up to zero, so that moving it changes nothing.
        center = first / jnp.maximum(ones, _LEAST) if center is None else center
        exact = exact - lax.stop_gradient(center)[jnp.newaxis]
    if counts is not None:
        second = _products(exact * jnp.sqrt(counts))
    else:
        second = _products(flat if flat.dtype == jnp.bfloat16 and not centered else exact)
    return (CenteredSums if centered else ChannelSums)(ones, first, second)


@jax.custom_vjp
def _products(flat: Positions) -> Gram:
    """FᵀF. Products of bfloat16 numbers are exact in float32, so they need no conversion first."""
    return _over_positions(flat, flat)


def _products_forward(flat: Positions) -> tuple[Gram, Positions]:
    return _products(flat), flat


def _products_backward(flat: Positions, gradient: Gram) -> tuple[Positions]:
    # F (S + Sᵀ): one product. Autodiff, which does not know that both factors are the same, makes two and a transposition.
    both = (gradient + gradient.T).astype(flat.dtype)
    return (jnp.matmul(flat, both, precision=lax.Precision.HIGHEST).astype(flat.dtype),)


_products.defvjp(_products_forward, _products_backward)


def _over_positions(a: Positions, b: Positions) -> Gram:
    """aᵀb. Written `a.T @ b` it would copy the transpose on a CPU, at half the speed."""
    wide = jnp.promote_types(a.dtype, jnp.float32)
    return jnp.tensordot(a, b, axes=(0, 0), precision=lax.Precision.HIGHEST, preferred_element_type=wide)


def mixture(parts: Sequence[Sums], shares: Float[Array, " parts"]) -> Sums:
    """The sums of a picture in which each of several pictures has its share of the positions.

    Means and second moments mix linearly. A covariance does not: that of the mixture also holds how far apart the means are.

    Args:
        parts: all centered, or none.
        shares: of any sum; the sizes of the parts do not count.
    """
    shares = shares / shares.sum()
    mean = _mixed(shares, [part.mean for part in parts])
    one = jnp.ones((), mean.dtype)
    if isinstance(parts[0], ChannelSums):
        return ChannelSums(one, mean, _mixed(shares, [part.gram for part in parts]))
    around = [part.covariance + jnp.outer(part.mean - mean, part.mean - mean) for part in parts]
    return CenteredSums(one, mean, _mixed(shares, around))


def _mixed(shares: Float[Array, " parts"], values: Sequence[Float[Array, "*shape"]]) -> Float[Array, "*shape"]:
    return sum(share * value for share, value in zip(shares, values, strict=True))  # pyright: ignore[reportReturnType]


def measure(sums: Sums, statistic: StatisticName) -> Statistic:
    """The named parts of a style statistic.

    gram         G = FᵀF / (H·W)                                              Gatys et al. 2016, eq. 3, over H·W
    gram+mean    the same, and the mean of each channel
    gram+moments the same, and the moments                                    Galerne et al. 2024, section 4
    covariance   mean and covariance of the features
    wasserstein  the same, as a normal distribution
    moments      mean and standard deviation of each channel                  Huang and Belongie 2017
    """
    if statistic == "gram":
        return {"gram": sums.gram}
    if statistic == "gram+mean":
        return {"gram": sums.gram, "mean": sums.mean}
    if statistic in ("covariance", "wasserstein"):
        return {"mean": sums.mean, "covariance": sums.covariance}
    variance = jnp.diagonal(sums.covariance)
    moments = {"mean": sums.mean, "deviation": jnp.sqrt(jnp.maximum(variance, 0) + _VARIANCE_FLOOR)}
    return moments if statistic == "moments" else {"gram": sums.gram} | moments


def sums_for(statistic: StatisticName, features: Features, *, guide: Guide | None = None, center: Mean | None = None) -> Sums:
    """The sums that `measure` takes for a statistic; arguments as for `channel_sums`."""
    return channel_sums(features, guide=guide, centered=statistic in _CENTERED, center=center)


def statistic_of(features: Features, statistic: StatisticName, *, guide: Guide | None = None) -> Statistic:
    """`measure` of the sums that suit the statistic."""
    return measure(sums_for(statistic, features, guide=guide), statistic)
