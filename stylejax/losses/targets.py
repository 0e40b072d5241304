"""The targets of the objective: what a picture is compared with, computed once for all its steps."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.errors import SettingsError
from stylejax.losses.content import content_target
from stylejax.losses.guidance import Guides, make_guides
from stylejax.losses.octaves import look
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import Sums, measure
from stylejax.losses.style import StyleTarget, style_target
from stylejax.losses.style_sums import LayerSums, join_regions, mix_styles, stack_octaves, style_sums
from stylejax.losses.temporal import TemporalTarget
from stylejax.network.vgg import VGG19
from stylejax.types import AnyFeatures, AnyImage, AnyMasks, Image, Masks, Scalar

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


def content_targets(model: VGG19, content: Image, spec: ObjectiveSpec) -> ContentTargets:
    """The targets of the content term, from the content picture's features."""
    features = look(model, content, spec.content_layers, once=True)
    return {layer: content_target(value, spec.content_norm) for layer, value in features.items()}


def style_targets(sums: LayerSums, spec: ObjectiveSpec, *, regions: bool = False) -> StyleTargets:
    """The style part of `Targets`, from the sums of the styles; `regions` says whether they were made with masks."""

    def target(sums: Sums) -> StyleTarget:
        return style_target(measure(sums, spec.statistic), spec.statistic, relative=spec.relative)

    finish = jax.vmap(jax.vmap(target) if regions else target)
    return {layer: finish(stack_octaves(sums, layer)) for layer in spec.style_layers}


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
