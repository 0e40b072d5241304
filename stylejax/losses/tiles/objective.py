"""The objective in two passes over the tiles of a picture.

Each octave is a picture of its own here, with its own tiles; total variation needs no tiles. All functions are pure.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from stylejax.choices import PIXELS
from stylejax.losses.objective import LossWeights, style_term
from stylejax.losses.octaves import look
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import CenteredSums, Sums
from stylejax.losses.style_sums import layer_sums
from stylejax.losses.targets import Targets
from stylejax.losses.tiles.content import ContentSums, NormalizedSums, content_loss_of, content_sums
from stylejax.network.layers import poolings
from stylejax.network.vgg import VGG19
from stylejax.types import AnyFeatures, AnyImage, Guide, RegionGuides, Scalar

Center = Float[Array, "..."]
"""The mean of a layer `[channels]`, or of its regions."""


class Owned(NamedTuple):
    """The pixels that a tile owns, counted from the corner of its window; the last are excluded. Traced."""

    top: Int[Array, ""]
    bottom: Int[Array, ""]
    left: Int[Array, ""]
    right: Int[Array, ""]

    def positions(self, layer: str, features: AnyFeatures) -> Guide:
        """1 for the positions of a layer that begin at one of these pixels, 0 elsewhere."""
        stride = 1 if layer == PIXELS else 2 ** poolings(layer)
        rows, columns = (stride * jnp.arange(count) for count in features.shape[:2])
        inside_rows = (self.top <= rows) & (rows < self.bottom)
        inside_columns = (self.left <= columns) & (columns < self.right)
        return jnp.outer(inside_rows, inside_columns).astype(jnp.float32)


class TileTargets(NamedTuple):
    """What the features of a tile are compared with, and where they count."""

    owned: Owned
    content: dict[str, AnyFeatures]
    """The content targets of the window's positions by layer; empty at octaves that have none."""
    guides: dict[str, RegionGuides] | None
    """The guides of the window's positions by layer."""


class TileInput(NamedTuple):
    """What a tile is computed from."""

    image: AnyImage
    targets: TileTargets


class TileSums(NamedTuple):
    """The sums of one tile at one octave by layer, and of an octave when those of its tiles are added."""

    content: dict[str, ContentSums]
    style: dict[str, Sums]

    def __add__(self, other: "TileSums") -> "TileSums":  # pyright: ignore[reportIncompatibleMethodOverride]
        """The sums of two tiles together."""
        content: dict[str, ContentSums] = {
            layer: sums + other.content[layer]  # pyright: ignore[reportOperatorIssue]
            for layer, sums in self.content.items()
        }
        return TileSums(content, {layer: _added(sums, other.style[layer]) for layer, sums in self.style.items()})

    @property
    def centers(self) -> "TileCenters":
        """The means around which products were summed."""
        content = {layer: sums.mean for layer, sums in self.content.items() if isinstance(sums, NormalizedSums)}
        return TileCenters(
            content, {layer: _mean(sums) for layer, sums in self.style.items() if isinstance(sums, CenteredSums)}
        )


class TileCenters(NamedTuple):
    """Means by layer, of the layers whose sums are centered."""

    content: dict[str, Center]
    style: dict[str, Center]


def tile_sums(model: VGG19, window: TileInput, spec: ObjectiveSpec, *, centers: TileCenters | None = None) -> TileSums:
    """The sums of one tile.

    Args:
        model: from `load_model`.
        window: the tile, of any octave: all are computed by the fastest algorithms, since large pictures take long.
        spec: what is compared.
        centers: of the whole octave, for sums that can be differentiated; by default those of the tile.
    """
    layers = (*window.targets.content, *spec.style_layers)
    features = look(model, window.image, tuple(dict.fromkeys(layers)))
    return sums_of_features(features, window.targets, spec, centers=centers)


def sums_of_features(
    features: dict[str, AnyFeatures], targets: TileTargets, spec: ObjectiveSpec, *, centers: TileCenters | None = None
) -> TileSums:
    """`tile_sums`, from the features of the window by layer."""
    content_centers, style_centers = ({}, {}) if centers is None else centers
    owned = {layer: targets.owned.positions(layer, value) for layer, value in features.items()}
    content = {
        layer: content_sums(features[layer], target, owned[layer], spec.content_norm, center=content_centers.get(layer))
        for layer, target in targets.content.items()
    }

    def style(layer: str) -> Sums:
        inside = owned[layer][jnp.newaxis]
        if targets.guides is None:
            center = style_centers.get(layer)
            center = None if center is None else center[jnp.newaxis]
            sums = layer_sums(features[layer], inside, spec.statistic, center=center)
            return jax.tree.map(lambda sum_: sum_[0], sums)
        guides = targets.guides[layer]
        return layer_sums(features[layer], guides * inside, spec.statistic, center=style_centers.get(layer))

    return TileSums(content, {layer: style(layer) for layer in spec.style_layers})


def tile_gradient(model: VGG19, window: TileInput, centers: TileCenters, slope: TileSums, spec: ObjectiveSpec) -> AnyImage:
    """The vector-Jacobian product of a tile's sums with the slope of the total for them, of the window's shape.

    The gradient of an octave is the sum of those of its windows, which overlap.

    Args:
        model: from `load_model`.
        window: as for `tile_sums`.
        centers: of the whole octave.
        slope: ∂f/∂S, from `total_and_slopes`.
        spec: what is compared.
    """

    def sums(image: AnyImage) -> TileSums:
        return tile_sums(model, window._replace(image=image), spec, centers=centers)

    (gradient,) = jax.vjp(sums, window.image)[1](slope)
    return gradient


def total_and_slopes(
    sums: tuple[TileSums, ...], targets: Targets, weights: LossWeights, spec: ObjectiveSpec
) -> tuple[tuple[Scalar, Scalar], tuple[TileSums, ...]]:
    """The content and the style term of a picture, and the slopes of their sum for the sums.

    Args:
        sums: of each octave, over all its tiles.
        targets: as for `objective`; `content` and the guides' `octaves` are not used.
        weights: as for `objective`.
        spec: what is compared.
    """

    def total(sums: tuple[TileSums, ...]) -> tuple[Scalar, tuple[Scalar, Scalar]]:
        content = jnp.zeros(())
        for weight, layer in zip(weights.content, spec.content_layers, strict=True):
            content += weight * content_loss_of(sums[0].content[layer], relative=spec.relative)
        style = style_term(tuple(octave.style for octave in sums), targets, weights, spec)
        return content + style, (content, style)

    slopes, terms = jax.grad(total, has_aux=True)(sums)
    return terms, slopes


def _added(a: Sums, b: Sums) -> Sums:
    together = lambda a, b: a + b  # noqa: E731
    return jax.vmap(together)(a, b) if a.ones.ndim else together(a, b)


def _mean(sums: CenteredSums) -> Center:
    return sums.mean if sums.ones.ndim == 0 else jax.vmap(lambda each: each.mean)(sums)
