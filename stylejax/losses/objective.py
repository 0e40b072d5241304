"""The objective of neural style transfer: one scalar and its terms from a picture, its targets and its weights.

    total = Σ a_l · content_l  +  Σ b_l · style_l  +  t · variation          Gatys et al. 2016, eq. 7, and a variation term
            [ +  m · temporal ]                                              frames of a video: Ruder et al. 2016, eq. 8

Everything here is a pure function of one picture. Targets and weights are plain pytrees of arrays and work under jit, grad,
vmap and sharding. The static `ObjectiveSpec` decides the shape of the computation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.choices import PIXELS, ContentNormName, StatisticName, VariationName
from stylejax.errors import SettingsError
from stylejax.losses.content import content_loss, content_target
from stylejax.losses.gradients import unit_gradient
from stylejax.losses.guidance import Guides, guided_style_loss, layer_guides, make_guides, region_sums
from stylejax.losses.octaves import look, octaves_of, smallest_side_for
from stylejax.losses.statistics import Sums, measure, mixture, sums_for
from stylejax.losses.style import StyleTarget, style_loss, style_target
from stylejax.losses.temporal import TemporalTarget, temporal_loss
from stylejax.losses.variation import variation_loss
from stylejax.network.layers import layers_up_to
from stylejax.network.vgg import VGG19
from stylejax.types import AnyFeatures, AnyImage, AnyMasks, Features, Image, Masks, RegionGuides, Scalar


@dataclass(frozen=True)
class ObjectiveSpec:
    """The parts of the objective and its layers. Static: another value compiles another program."""

    content_layers: tuple[str, ...] = ("relu4_2",)
    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    """Layers of the network, and `pixels`, the picture itself."""
    statistic: StatisticName = "gram"
    variation: VariationName = "squared"
    relative: bool = True
    normalize_gradients: bool = False
    octaves: int = 1
    """At how many sizes, each half as large as the one before, the style is compared."""
    content_norm: ContentNormName = "none"

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer of either term."""
        return tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))

    @property
    def network_layers(self) -> tuple[str, ...]:
        """Those of the network among them."""
        return tuple(layer for layer in self.layers if layer != PIXELS)

    @property
    def smallest_side(self) -> int:
        """Fewest pixels that the short side of a picture needs."""
        return max(smallest_side_for(self.content_layers, 1), smallest_side_for(self.style_layers, self.octaves))

    def too_small(self, larger: str) -> str:
        """The message for a picture whose short side is less than `smallest_side`, with what to choose instead."""
        deepest = layers_up_to(self.network_layers)[-1].name if self.network_layers else PIXELS
        octaves = f" at {self.octaves} octaves" if self.octaves > 1 else ""
        ways = f"{larger}, fewer octaves or shallower layers" if self.octaves > 1 else f"{larger} or shallower layers"
        return f"too small for {deepest}{octaves}: its short side needs at least {self.smallest_side} pixels; choose {ways}"


class LossWeights(NamedTuple):
    """The weights of the terms. Traced: another value runs the same program. Batched weights have a leading axis `batch`."""

    content: Float[Array, "*batch content_layers"]
    """In the order of `ObjectiveSpec.content_layers`."""
    style: Float[Array, "*batch style_layers"]
    """In the order of `ObjectiveSpec.style_layers`."""
    variation: Float[Array, "*batch"]
    temporal: Float[Array, "*batch"] | None = None
    """Needed where the targets have a temporal one."""
    moments: Float[Array, "*batch style_layers"] | None = None
    """Of the moments relative to the Gram matrix, where the statistic is `gram+moments`; all 1 by default."""


LayerSums = tuple[dict[str, Sums], ...]
"""The sums of a style picture: for each octave by layer; of regions, with a leading axis `regions`."""

ContentTargets = dict[str, AnyFeatures]
"""By layer."""
StyleTargets = dict[str, StyleTarget]
"""By layer, with a leading axis `octaves`."""


class Targets(NamedTuple):
    """What the picture is compared with. Batched targets have a leading axis `batch`, except those that are shared."""

    content: ContentTargets
    style: StyleTargets
    """With `guides`, the axis `regions` follows the axis `octaves`."""
    guides: Guides | None = None
    """Where each region is; None where the whole picture has one style."""
    temporal: TemporalTarget | None = None
    """The painting before, for a frame of a video; never shared. None leaves the term out of the program."""


class Terms(NamedTuple):
    """The weighted terms of the objective; their sum is its value."""

    content: Float[Array, "*batch"]
    style: Float[Array, "*batch"]
    variation: Float[Array, "*batch"]


class FrameTerms(NamedTuple):
    """The same of a frame of a video, where the targets have a temporal one."""

    content: Float[Array, "*batch"]
    style: Float[Array, "*batch"]
    variation: Float[Array, "*batch"]
    temporal: Float[Array, "*batch"]


def content_targets(model: VGG19, content: Image, spec: ObjectiveSpec) -> ContentTargets:
    """The targets of the content term, from the content picture's features."""
    features = look(model, content, spec.content_layers, once=True)
    return {layer: content_target(value, spec.content_norm) for layer, value in features.items()}


def style_sums(model: VGG19, style: AnyImage, spec: ObjectiveSpec, *, masks: AnyMasks | None = None) -> LayerSums:
    """The sums of a style picture of any size at the style layers.

    Args:
        model: from `load_model`.
        style: sRGB in [0, 1].
        spec: what is compared.
        masks: regions of the style picture; all sums then have a leading axis `regions`.

    Raises:
        SettingsError: the picture is too small for the layers and octaves.
    """
    height, width = style.shape[:2]
    if min(height, width) < smallest_side_for(spec.style_layers, spec.octaves):
        raise SettingsError(f"a style of {width}×{height} pixels is {spec.too_small('a larger picture')}")

    def sums_of(features: Features, layer: str, octave: int) -> Sums:
        guides = None if masks is None else layer_guides(masks, layer, model.spec.padding, octave=octave)
        return layer_sums(features, guides, spec.statistic)

    octaves = octaves_of(style, spec.octaves, model.spec.padding.rest)
    seen = [look(model, image, spec.style_layers, octave=octave, once=True) for octave, image in enumerate(octaves)]
    return tuple(
        {layer: sums_of(features, layer, octave) for layer, features in layers.items()} for octave, layers in enumerate(seen)
    )


def join_regions(styles: Sequence[LayerSums]) -> LayerSums:
    """Concatenate the regions of several style pictures, whose sums were made with masks."""
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *styles)


def mix_styles(
    styles: Sequence[LayerSums], *, shares: Float[Array, " styles"] | None = None, regions: bool = False
) -> LayerSums:
    """The sums of a picture that is a mixture of several styles.

    Args:
        styles: from `style_sums`, all with one spec.
        shares: the share of each style, of any sum; equal shares by default.
        regions: whether they were made with masks.
    """
    if len(styles) == 1:
        return styles[0]
    shares = jnp.ones(len(styles)) if shares is None else shares
    mix = jax.vmap(mixture, in_axes=(0, None)) if regions else mixture
    return tuple(
        {layer: mix([style[octave][layer] for style in styles], shares) for layer in layers}
        for octave, layers in enumerate(styles[0])
    )


def style_targets(sums: LayerSums, spec: ObjectiveSpec, *, regions: bool = False) -> StyleTargets:
    """The style part of `Targets`, from the sums of the styles; `regions` says whether they were made with masks."""

    def target(sums: Sums) -> StyleTarget:
        return style_target(measure(sums, spec.statistic), spec.statistic, relative=spec.relative)

    finish = jax.vmap(jax.vmap(target) if regions else target)
    return {layer: finish(_stacked(sums, layer)) for layer in spec.style_layers}


def make_targets(
    model: VGG19,
    content: Image,
    styles: AnyImage | Sequence[AnyImage],
    spec: ObjectiveSpec,
    *,
    blend: Float[Array, " styles"] | None = None,
    content_masks: Masks | None = None,
    style_masks: Sequence[AnyMasks] | None = None,
    strength: float | Scalar = 1.0,
) -> Targets:
    """The targets of `objective`. No gradient flows to them.

    Args:
        model: from `load_model`.
        content: sRGB in [0, 1], of the shape of the picture that will be optimized.
        styles: one picture or several, each of any shape.
        spec: what is compared.
        blend: the share of each style; equal shares by default. Not together with masks.
        content_masks: where each region of the content is; none of them black.
        style_masks: for each style its regions; those of all styles, concatenated, belong to the regions of the content.
        strength: 0 to 1, the share of the styles; the rest is the share of the content's own statistics.

    Raises:
        SettingsError: there is no style, the masks do not pair up, or a picture is too small for the layers.
    """
    pictures = list(styles) if isinstance(styles, Sequence) else [styles]
    if not pictures:
        raise SettingsError("got no style picture; give at least one")
    regions = content_masks is not None
    if not regions:
        sums = mix_styles([style_sums(model, picture, spec) for picture in pictures], shares=blend)
    else:
        given = sum(len(masks) for masks in style_masks or ())
        if blend is not None or style_masks is None or len(style_masks) != len(pictures) or given != len(content_masks):
            raise SettingsError(
                f"got {len(content_masks)} regions of the content, {given} of {len(pictures)} styles, and blend {blend}; "
                "give each region of the content one of a style, and no blend"
            )
        pairs = zip(pictures, style_masks, strict=True)
        sums = join_regions([style_sums(model, picture, spec, masks=masks) for picture, masks in pairs])
    if not (isinstance(strength, float | int) and strength == 1):
        own = style_sums(model, content, spec, masks=content_masks)
        sums = mix_styles([sums, own], shares=jnp.asarray([strength, 1 - strength]), regions=regions)
    guides = make_guides(content_masks, spec.style_layers, model.spec.padding, octaves=spec.octaves) if regions else None
    return jax.lax.stop_gradient(
        Targets(content_targets(model, content, spec), style_targets(sums, spec, regions=regions), guides)
    )


def objective(
    model: VGG19, image: Image, targets: Targets, weights: LossWeights, spec: ObjectiveSpec
) -> tuple[Scalar, Terms | FrameTerms]:
    """The loss of `image` and its weighted terms, in the form that `jax.value_and_grad(..., argnums=1, has_aux=True)` takes.

    Args:
        model: from `load_model`.
        image: sRGB in [0, 1], of the shape of the content target.
        targets: from `make_targets`, with the same `spec`.
        weights: a content or style weight for each layer, the variation weight, and the temporal one if there is such a
            target.
        spec: what is compared.
    """
    content, sums = jnp.zeros(()), []
    for octave, seen in enumerate(octaves_of(image, spec.octaves, model.spec.padding.rest)):
        features = look(model, seen, spec.style_layers if octave else spec.layers, octave=octave)
        if octave == 0:
            for weight, layer in zip(weights.content, spec.content_layers, strict=True):
                value = unit_gradient(features[layer], weight) if spec.normalize_gradients else features[layer]
                target = targets.content[layer]
                content += weight * content_loss(value, target, relative=spec.relative, norm=spec.content_norm)
        sums.append({})
        for weight, layer in zip(weights.style / spec.octaves, spec.style_layers, strict=True):
            value = unit_gradient(features[layer], weight) if spec.normalize_gradients else features[layer]
            guides = None if targets.guides is None else targets.guides.octaves[octave][layer]
            sums[octave][layer] = layer_sums(value, guides, spec.statistic)
    style = style_term(tuple(sums), targets, weights, spec)
    variation = weights.variation * variation_loss(image, spec.variation)
    total = content + style + variation
    if targets.temporal is None:
        return total, Terms(content, style, variation)
    assert weights.temporal is not None, "a temporal target needs a temporal weight"
    temporal = weights.temporal * temporal_loss(image, targets.temporal)
    return total + temporal, FrameTerms(content, style, variation, temporal)


def layer_sums(
    features: Features, guides: RegionGuides | None, statistic: StatisticName, *, center: Float[Array, "..."] | None = None
) -> Sums:
    """The sums of one layer of a picture, of its regions where there are guides; `center` as for `channel_sums`."""
    if guides is None:
        return sums_for(statistic, features, center=center)
    return region_sums(features, guides, statistic, centers=center)


def style_term(sums: LayerSums, targets: Targets, weights: LossWeights, spec: ObjectiveSpec) -> Scalar:
    """The style term: the mean over octaves of the weighted losses of the layers, from `layer_sums`.

    The octaves of a layer are compared as one batch: statistics are small, so that a program spends more time on their number
    than on their size.
    """

    def loss(measured: Sums, target: StyleTarget, moments: Scalar) -> Scalar:
        if targets.guides is None:
            return style_loss(measure(measured, spec.statistic), target, spec.statistic, moments=moments)
        return guided_style_loss(measured, target, targets.guides.shares, statistic=spec.statistic, moments=moments)

    moments = jnp.ones(len(spec.style_layers)) if weights.moments is None else weights.moments
    losses = [
        jax.vmap(loss, in_axes=(0, 0, None))(_stacked(sums, layer), targets.style[layer], factor).mean()
        for layer, factor in zip(spec.style_layers, moments, strict=True)
    ]
    return sum((weight * loss for weight, loss in zip(weights.style, losses, strict=True)), start=jnp.zeros(()))


def _stacked(sums: LayerSums, layer: str) -> Sums:
    """The sums of a layer with a leading axis `octaves`."""
    return jax.tree.map(lambda *octaves: jnp.stack(octaves), *[octave[layer] for octave in sums])
