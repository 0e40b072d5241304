"""Guided statistics: each region of the picture is compared with a style of its own.

    G_r = Fᵀ T_r² F,   Σ T_r² = 1                                    Gatys et al. 2017, section 4.1

T_r is the guidance channel of region r at a layer. Its squares are weights of positions, so every statistic that is made of
sums over positions works in regions. The style loss is Σ_r λ_r · loss(region r).

Differs from the paper: λ_r is the share of the picture that the region covers, where the paper takes 1 / regions. The
statistics of a region are averages over it, so equal weights would push each pixel of a small region harder, against the
same content; with areas the balance of content and style is that of an unguided picture everywhere.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from stylejax.choices import StatisticName
from stylejax.losses.octaves import halvings
from stylejax.losses.statistics import Sums, measure, sums_for
from stylejax.losses.style import StyleTarget, style_loss
from stylejax.network.padding import Padding
from stylejax.types import AnyMasks, Features, Masks, RegionGuides, RegionMeans, Scalar, Shares

LEAST = 1e-30
"""Keeps a division finite for a mask that is black."""


class Guides(NamedTuple):
    """Where the regions of the optimized picture are. Traced: other masks run the same program."""

    shares: Shares
    """λ, adding up to one."""
    octaves: tuple[dict[str, AnyMasks], ...]
    """For each octave and style layer the weights T² of its positions, `[regions, rows, columns]`, each region's adding up to
    one."""


def make_guides(masks: Masks, layers: tuple[str, ...], padding: Padding, *, octaves: int = 1) -> Guides:
    """Resize the regions of a picture to the resolution of `layers`.

    Args:
        masks: in [0, 1], of the shape of the picture; none of them black.
        layers: names of style layers.
        padding: of the network, which decides how many positions its layers have.
        octaves: how many the style is compared at.
    """
    guides = tuple({layer: layer_guides(masks, layer, padding, octave=octave) for layer in layers} for octave in range(octaves))
    return Guides(region_shares(masks), guides)


def region_shares(masks: Masks) -> Shares:
    """λ, the share of the picture that each region covers."""
    areas = masks.sum((1, 2))
    return areas / jnp.maximum(areas.sum(), LEAST)


def layer_guides(masks: Masks, layer: str, padding: Padding, *, octave: int = 0) -> RegionGuides:
    """The weights T² `[regions, rows, columns]` of the positions of one layer, for each region adding up to one.

    T is the mask averaged down to the layer's resolution, the "simple" method of the paper's authors. Their other methods,
    which count only positions whose receptive field lies inside the region, do worse here: only deep layers then count the
    pixels along a border, and a band of garish color appears there.

    Args:
        masks: in [0, 1], of the shape of the picture; none of them black.
        layer: its name.
        padding: of the network.
        octave: of the picture, counted from 0.
    """
    times = halvings(layer, octave)
    down, across = (_averaging(side, 2**times, padding.pooled(side, times)) for side in masks.shape[1:])
    channels = jnp.einsum("ih,rhw,jw->rij", down, masks, across, precision=lax.Precision.HIGHEST)
    weights = channels**2
    return weights / jnp.maximum(weights.sum((1, 2), keepdims=True), LEAST)


def _averaging(side: int, stride: int, positions: int) -> Float[np.ndarray, "positions side"]:
    """The matrix that averages `side` pixels over windows of `stride`.

    The last window includes what pooling drops, so that no region is lost there; it has fewer pixels where pooling pads the
    edge.
    """
    window = np.minimum(np.arange(side) // stride, positions - 1)
    matrix = (window == np.arange(positions)[:, np.newaxis]).astype(np.float32)
    return matrix / matrix.sum(1, keepdims=True)


def region_sums(
    features: Features, guides: RegionGuides, statistic: StatisticName, *, centers: RegionMeans | None = None
) -> Sums:
    """The sums of each region, with a leading axis `regions`; `guides` from `layer_guides`, `centers` as for `channel_sums`."""
    each = [None] * len(guides) if centers is None else centers
    regions = [sums_for(statistic, features, guide=guide, center=center) for guide, center in zip(guides, each, strict=True)]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *regions)


def guided_style_loss(
    sums: Sums, target: StyleTarget, shares: Shares, *, statistic: StatisticName, moments: Scalar | float = 1.0
) -> Scalar:
    """The style term of one layer, over all regions.

    Args:
        sums: of the picture that is optimized, from `region_sums`.
        target: as for `style_loss`, with a leading axis `regions`.
        shares: λ.
        statistic: what is compared.
        moments: as for `style_loss`.
    """

    def loss(ours: Sums, wanted: StyleTarget) -> Scalar:
        return style_loss(measure(ours, statistic), wanted, statistic, moments=moments)

    return jnp.sum(shares * jax.vmap(loss)(sums, target))
