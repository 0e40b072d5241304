"""The content term of one layer from sums over positions, which those of tiles add up to.

mean (F - P)²              from Σ (F - P)²
mean ((F - μ)/σ - P)²      from ΣF, Σ(F - μ)², ΣFP, ΣP, ΣP² of each channel, with μ and σ of the whole picture
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from stylejax.choices import ContentNormName
from stylejax.losses.content import deviation
from stylejax.losses.style import FLOOR
from stylejax.types import Features, Guide, Mean, Scalar

Sum = Float[Array, " channels"]


class PlainSums(NamedTuple):
    """Of content features as they are."""

    ones: Scalar
    squares: Sum
    """Σ (F - P)²."""
    energy: Sum
    """ΣP²."""

    def __add__(self, other: "PlainSums") -> "PlainSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """The sums of two tiles together."""
        return PlainSums(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def distance(self) -> Scalar:
        """Mean of (F - P)²."""
        return jnp.mean(self.squares / self.ones)


class NormalizedSums(NamedTuple):
    """Of content features that are compared after instance normalization."""

    ones: Scalar
    first: Sum
    """ΣF."""
    second: Sum
    """Σ (F - μ)², μ the mean of what is summed."""
    cross: Sum
    """ΣFP."""
    target: Sum
    """ΣP."""
    energy: Sum
    """ΣP²."""

    def __add__(self, other: "NormalizedSums") -> "NormalizedSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """The sums of two tiles together; see `CenteredSums`."""
        added = NormalizedSums(*(a + b for a, b in zip(self, other, strict=True)))
        between = self.ones * other.ones / added.ones * (other.mean - self.mean) ** 2
        return added._replace(second=added.second + between)

    @property
    def mean(self) -> Mean:
        """μ."""
        return self.first / self.ones

    @property
    def distance(self) -> Scalar:
        """Mean of (N - P)², N = (F - μ) / σ."""
        variance = self.second / self.ones
        sigma = deviation(variance)
        product = (self.cross - self.mean * self.target) / sigma
        return jnp.mean(variance / sigma**2 - 2 * product / self.ones + self.energy / self.ones)


ContentSums = PlainSums | NormalizedSums


def content_sums(
    features: Features, target: Features, owned: Guide, norm: ContentNormName, *, center: Mean | None = None
) -> ContentSums:
    """The sums of one layer in one tile.

    Args:
        features: F, of the window.
        target: P, as for `content_loss`, of the window.
        owned: 1 for the positions of the tile, 0 elsewhere.
        norm: as for `content_loss`.
        center: the mean of the whole picture, where that is known. The sums can then be differentiated: with a mean of the
            tile's own, Σ (F - μ)² would not add up.
    """
    wide = jnp.promote_types(features.dtype, jnp.float32)
    counts = owned[..., jnp.newaxis]
    ours, wanted = features.astype(wide), target.astype(wide)

    def over_positions(values: Features) -> Sum:
        return (values * counts).sum((0, 1))

    ones, energy = owned.sum(), over_positions(wanted**2)
    if norm == "none":
        return PlainSums(ones, over_positions((ours - wanted) ** 2), energy)
    first = over_positions(ours)
    center = lax.stop_gradient(first / ones if center is None else center)
    second = over_positions((ours - center[jnp.newaxis, jnp.newaxis]) ** 2)
    return NormalizedSums(ones, first, second, over_positions(ours * wanted), over_positions(wanted), energy)


def content_loss_of(sums: ContentSums, *, relative: bool) -> Scalar:
    """`content_loss`, from the sums of the whole picture."""
    return sums.distance / jnp.maximum(jnp.mean(sums.energy / sums.ones), FLOOR) if relative else sums.distance
