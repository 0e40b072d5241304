"""The targets of a picture whose rows are divided among devices, inside `jax.shard_map`."""

import jax.numpy as jnp

from stylejax.losses.content import deviation
from stylejax.losses.octaves import look
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.split.geometry import RowSplit
from stylejax.losses.split.halo import windows_of
from stylejax.losses.split.objective import over_devices, owned_by_shard, seen_by_shard, whole_sums
from stylejax.losses.style_sums import LayerSums
from stylejax.losses.targets import ContentTargets
from stylejax.losses.tiles.objective import TileTargets
from stylejax.network.vgg import VGG19
from stylejax.types import AnyFeatures, AnyImage, Guide, RegionGuides


def shard_content_targets(model: VGG19, shard: AnyImage, spec: ObjectiveSpec, split: RowSplit) -> ContentTargets:
    """`content_targets` of this device's window, from the rows of the content that it stores."""
    if not spec.content_layers:
        return {}
    (window,) = windows_of(shard, split.windows(spec)[:1])
    features = look(model, window, spec.content_layers, once=True)
    if spec.content_norm == "none":
        return features
    owned = owned_by_shard(spec, split, 0, width=shard.shape[1])
    return {layer: _normalized(value, owned.positions(layer, value)) for layer, value in features.items()}


def shard_style_sums(
    model: VGG19, shard: AnyImage, guides: tuple[dict[str, RegionGuides], ...] | None, spec: ObjectiveSpec, split: RowSplit
) -> LayerSums:
    """`style_sums` of a style picture that is itself divided, the same on every device.

    Args:
        model: from `load_model`.
        shard: the rows of the style picture that this device stores.
        guides: of its regions, in this device's windows, by octave and layer.
        spec: what is compared, without content layers.
        split: where the rows of the style picture are.
    """
    seen = seen_by_shard(model, shard, spec, split, once=True)
    owned = [owned_by_shard(spec, split, octave, width=shard.shape[1]) for octave in range(spec.octaves)]
    each = [None] * spec.octaves if guides is None else guides
    octaves = [TileTargets(own, {}, guide) for own, guide in zip(owned, each, strict=True)]
    sums, _ = whole_sums(seen, octaves, spec)
    return tuple(each.style for each in sums)


def _normalized(features: AnyFeatures, owned: Guide) -> AnyFeatures:
    """`instance_normalized`, by mean and deviation of the whole picture."""
    counts = owned[..., jnp.newaxis]
    ones, first = over_devices((owned.sum(), (features * counts).sum((0, 1))))
    centered = features - (first / ones)[jnp.newaxis, jnp.newaxis]
    variance = over_devices((centered**2 * counts).sum((0, 1))) / ones
    return centered / deviation(variance)[jnp.newaxis, jnp.newaxis]
