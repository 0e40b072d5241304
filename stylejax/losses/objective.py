"""The objective of neural style transfer: a picture, its targets and its weights in, one scalar and its parts out.

    total = Σ a_l · content_l  +  Σ b_l · style_l  +  t · variation          Gatys et al. 2016, eq. 7, and a variation term

Everything here is a pure function of one picture. Targets and weights are plain pytrees of arrays: jit, grad, vmap, shard
or cache them as you like. What decides the shape of the computation is the static `ObjectiveSpec`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.errors import SettingsError
from stylejax.losses.content import content_loss
from stylejax.losses.gradients import unit_gradient
from stylejax.losses.guidance import Guides, guided_style_loss, layer_guides, make_guides, region_statistics
from stylejax.losses.statistics import StatisticName, statistic_of
from stylejax.losses.style import style_loss
from stylejax.losses.variation import VariationName, variation_loss
from stylejax.model.vgg import VGG19
from stylejax.types import AnyImage, AnyMasks, Features, Image, Masks, Scalar


@dataclass(frozen=True)
class ObjectiveSpec:
    """What is compared, and where. Static: another value compiles another program."""

    content_layers: tuple[str, ...] = ("relu4_2",)
    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    statistic: StatisticName = "gram"
    variation: VariationName = "squared"
    relative: bool = True
    normalize_gradients: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that either term looks at."""
        return tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))


class Weights(NamedTuple):
    """The numbers that people sweep. Traced: another value runs the same program."""

    content: Array
    """`[content layers]`, in the order of `ObjectiveSpec.content_layers`."""
    style: Array
    """`[style layers]`, in the order of `ObjectiveSpec.style_layers`."""
    variation: Array
    """Scalar."""


class Targets(NamedTuple):
    """What the picture should look like to the network."""

    content: dict[str, Features]
    style: dict[str, dict[str, Array]]
    """By layer and part; with `guides`, every part has a leading axis of regions."""
    guides: Guides | None = None
    """Where each region is painted; None where the whole picture has one style."""


class Terms(NamedTuple):
    """The weighted terms of the objective; their sum is its value."""

    content: Scalar
    style: Scalar
    variation: Scalar


def content_targets(model: VGG19, content: Image, spec: ObjectiveSpec) -> dict[str, Features]:
    """Features of the content picture at the content layers."""
    return model(content, spec.content_layers) if spec.content_layers else {}


def style_targets(model: VGG19, style: Image, spec: ObjectiveSpec, masks: Masks | None = None) -> dict[str, dict[str, Array]]:
    """Statistics of a style picture, of any size, at the style layers.

    Args:
        model: from `load_model`.
        style: sRGB in [0, 1].
        spec: what is compared.
        masks: regions of the style picture; every part of the result then has a leading axis of regions.
    """
    features = model(style, spec.style_layers) if spec.style_layers else {}
    if masks is None:
        return {layer: statistic_of(value, spec.statistic) for layer, value in features.items()}
    return {
        layer: region_statistics(value, layer_guides(masks, layer, model.spec.padding), spec.statistic)
        for layer, value in features.items()
    }


def join_regions(styles: Sequence[dict[str, dict[str, Array]]]) -> dict[str, dict[str, Array]]:
    """The regions of several style pictures one after the other; from `style_targets` with masks."""
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *styles)


def blend_styles(styles: Sequence[dict[str, dict[str, Array]]], blend: Array | None = None) -> dict[str, dict[str, Array]]:
    """Mix the statistics of several styles.

    Args:
        styles: from `style_targets`, all with one spec.
        blend: `[styles]`, the share of each; equal shares by default.
    """
    shares = jnp.full(len(styles), 1 / len(styles)) if blend is None else blend
    return jax.tree.map(lambda *parts: sum(share * part for share, part in zip(shares, parts, strict=True)), *styles)


def make_targets(
    model: VGG19,
    content: Image,
    styles: AnyImage | Sequence[AnyImage],
    spec: ObjectiveSpec,
    *,
    blend: Array | None = None,
    content_masks: Masks | None = None,
    style_masks: Sequence[AnyMasks] | None = None,
) -> Targets:
    """Targets for `objective`, constants to whatever differentiates it.

    Args:
        model: from `load_model`.
        content: sRGB in [0, 1], of the shape of the picture that will be painted.
        styles: one picture or several, each of any shape.
        spec: what is compared.
        blend: `[styles]`, the share of each style; equal shares by default. Not together with masks.
        content_masks: `[regions, height, width]`, where each region of the content is; none of them black.
        style_masks: for each style its regions; one style after the other they are those of the content.
    """
    pictures = list(styles) if isinstance(styles, Sequence) else [styles]
    if not pictures:
        raise SettingsError("got no style picture; give at least one")
    if content_masks is None:
        style = blend_styles([style_targets(model, picture, spec) for picture in pictures], blend)
        return jax.lax.stop_gradient(Targets(content_targets(model, content, spec), style))
    regions = sum(len(masks) for masks in style_masks or ())
    if blend is not None or style_masks is None or len(style_masks) != len(pictures) or regions != len(content_masks):
        raise SettingsError(
            f"got {len(content_masks)} regions of the content, {regions} of {len(pictures)} styles, and blend {blend}; "
            "give each region of the content one of a style, and no blend"
        )
    style = join_regions(
        [style_targets(model, picture, spec, masks) for picture, masks in zip(pictures, style_masks, strict=True)]
    )
    guides = make_guides(content_masks, spec.style_layers, model.spec.padding)
    return jax.lax.stop_gradient(Targets(content_targets(model, content, spec), style, guides))


def objective(model: VGG19, image: Image, targets: Targets, weights: Weights, spec: ObjectiveSpec) -> tuple[Scalar, Terms]:
    """The loss of `image` and its weighted terms, as `jax.value_and_grad(..., argnums=1, has_aux=True)` wants them.

    Args:
        model: from `load_model`.
        image: sRGB in [0, 1], `[height, width, 3]`, of the shape of the content target.
        targets: from `make_targets`, with the same `spec`.
        weights: one content weight and one style weight a layer, and the variation weight.
        spec: what is compared.
    """
    features = model(image, spec.layers) if spec.layers else {}
    content = jnp.zeros(())
    for weight, layer in zip(weights.content, spec.content_layers, strict=True):
        seen = unit_gradient(features[layer], weight) if spec.normalize_gradients else features[layer]
        content += weight * content_loss(seen, targets.content[layer], relative=spec.relative)
    style = jnp.zeros(())
    for weight, layer in zip(weights.style, spec.style_layers, strict=True):
        seen = unit_gradient(features[layer], weight) if spec.normalize_gradients else features[layer]
        style += weight * _layer_style_loss(seen, targets, layer, spec)
    variation = weights.variation * variation_loss(image, spec.variation)
    return content + style + variation, Terms(content, style, variation)


def _layer_style_loss(features: Features, targets: Targets, layer: str, spec: ObjectiveSpec) -> Scalar:
    target, guides = targets.style[layer], targets.guides
    if guides is None:
        return style_loss(statistic_of(features, spec.statistic), target, relative=spec.relative)
    return guided_style_loss(
        features, target, guides.layers[layer], guides.shares, statistic=spec.statistic, relative=spec.relative
    )
