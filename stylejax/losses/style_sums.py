"""The sums of pictures at the style layers, from which their statistics follow.

Sums are what styles are mixed by, what the regions of several styles are joined from, and what the parts of one picture add up
to.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.choices import StatisticName
from stylejax.errors import SettingsError
from stylejax.losses.guidance import layer_guides, region_sums
from stylejax.losses.octaves import look, octaves_of, smallest_side_for
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import Sums, mixture, sums_for
from stylejax.network.vgg import VGG19
from stylejax.types import AnyImage, AnyMasks, Features, RegionGuides

LayerSums = tuple[dict[str, Sums], ...]
"""The sums of a style picture: for each octave by layer; of regions, with a leading axis `regions`."""


def layer_sums(
    features: Features, guides: RegionGuides | None, statistic: StatisticName, *, center: Float[Array, "..."] | None = None
) -> Sums:
    """The sums of one layer of a picture, of its regions where there are guides; `center` as for `channel_sums`."""
    if guides is None:
        return sums_for(statistic, features, center=center)
    return region_sums(features, guides, statistic, centers=center)


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


def stack_octaves(sums: LayerSums, layer: str) -> Sums:
    """The sums of a layer with a leading axis `octaves`."""
    return jax.tree.map(lambda *octaves: jnp.stack(octaves), *[octave[layer] for octave in sums])
