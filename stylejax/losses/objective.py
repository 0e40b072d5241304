"""The objective of neural style transfer: one scalar and its terms from a picture, its targets and its weights.

    total = Σ a_l · content_l  +  Σ b_l · style_l  +  t · variation          Gatys et al. 2016, eq. 7, and a variation term
            [ +  m · temporal ]                                              frames of a video: Ruder et al. 2016, eq. 8

Everything here is a pure function of one picture. Targets and weights are plain pytrees of arrays and work under jit, grad,
vmap and sharding. The static `ObjectiveSpec` decides the shape of the computation.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.losses.content import content_loss
from stylejax.losses.gradients import unit_gradient
from stylejax.losses.guidance import guided_style_loss
from stylejax.losses.octaves import look, octaves_of
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import Sums, measure
from stylejax.losses.style import StyleTarget, style_loss
from stylejax.losses.style_sums import LayerSums, layer_sums, stack_octaves
from stylejax.losses.targets import Targets
from stylejax.losses.temporal import temporal_loss
from stylejax.losses.variation import variation_loss
from stylejax.network.vgg import VGG19
from stylejax.types import Image, Scalar


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
        jax.vmap(loss, in_axes=(0, 0, None))(stack_octaves(sums, layer), targets.style[layer], factor).mean()
        for layer, factor in zip(spec.style_layers, moments, strict=True)
    ]
    return sum((weight * loss for weight, loss in zip(weights.style, losses, strict=True)), start=jnp.zeros(()))
