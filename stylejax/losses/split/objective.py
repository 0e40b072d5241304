"""The content and style terms of one picture whose rows are divided among devices, inside `jax.shard_map`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from stylejax.losses.objective import LossWeights
from stylejax.losses.octaves import look, octaves_of
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.split.geometry import ROWS, RowSplit, layers_at
from stylejax.losses.split.halo import own, windows_of
from stylejax.losses.statistics import CenteredSums, Sums
from stylejax.losses.targets import Targets
from stylejax.losses.tiles.content import ContentSums, NormalizedSums
from stylejax.losses.tiles.objective import (
    Center,
    Owned,
    TileCenters,
    TileSums,
    TileTargets,
    sums_of_features,
    total_and_slopes,
)
from stylejax.network.vgg import VGG19
from stylejax.types import AnyFeatures, AnyImage

Seen = tuple[dict[str, AnyFeatures], ...]
"""For each octave the features of this device's window by layer."""

_LEAST = 1e-30  # keeps the mean of a region finite that no device sees


class ShardTerms(NamedTuple):
    """The terms, the same on every device of a picture, and the gradient of their sum for this device's rows."""

    content: Float[Array, "*batch"]
    style: Float[Array, "*batch"]
    gradient: Float[Array, "*batch rows width 3"]


def shard_terms(
    model: VGG19, shard: AnyImage, targets: Targets, weights: LossWeights, *, spec: ObjectiveSpec, split: RowSplit
) -> ShardTerms:
    """The content and the style term of a picture.

    Args:
        model: from `load_model`.
        shard: the rows of the picture that this device stores, in [0, 1]; those below the picture do not count.
        targets: as for `objective`; `content` and the guides' `octaves` are of this device's windows (`split.targets`).
        weights: as for `objective`.
        spec: what is compared.
        split: where the rows of the picture are.
    """
    seen, pull_to_shard = jax.vjp(lambda rows: seen_by_shard(model, rows, spec, split), shard)
    octaves = [
        TileTargets(
            owned_by_shard(spec, split, octave, width=shard.shape[1]),
            {} if octave else targets.content,
            None if targets.guides is None else targets.guides.octaves[octave],
        )
        for octave in range(spec.octaves)
    ]
    sums, pull_to_features = whole_sums(seen, octaves, spec)
    (content, style), slopes = total_and_slopes(sums, targets, weights, spec)
    (gradient,) = pull_to_shard(*pull_to_features(slopes))
    return ShardTerms(content, style, gradient)


def seen_by_shard(model: VGG19, shard: AnyImage, spec: ObjectiveSpec, split: RowSplit, *, once: bool = False) -> Seen:
    """The features of this device's windows; `once` as for `look`."""
    windows = enumerate(windows_of(shard, split.windows(spec)))
    images = [octaves_of(window, octave + 1, model.spec.padding.rest)[-1] for octave, window in windows]
    return tuple(look(model, image, layers_at(spec, octave), octave=octave, once=once) for octave, image in enumerate(images))


def owned_by_shard(spec: ObjectiveSpec, split: RowSplit, octave: int, *, width: int) -> Owned:
    """The pixels of an octave that this device owns, in its window; the picture is `width` pixels wide."""
    stride = 2**octave
    edges = [span.owned for span in split.windows(spec)[octave]]
    top, bottom = own([first // stride for first, _ in edges]), own([-(-last // stride) for _, last in edges])
    return Owned(top, bottom, jnp.int32(0), jnp.int32(-(-width // stride)))


def whole_sums(
    seen: Seen, octaves: Sequence[TileTargets], spec: ObjectiveSpec
) -> tuple[tuple[TileSums, ...], Callable[[tuple[TileSums, ...]], tuple[Seen]]]:
    """The sums of each octave over all devices of the picture, and the way from their slopes to those of `seen`.

    Args:
        seen: the features of this device.
        octaves: what they are compared with.
        spec: what is compared.
    """
    pairs = list(zip(seen, octaves, strict=True))
    centers = _whole_centers(tuple(sums_of_features(*pair, spec) for pair in pairs))

    def sums(seen: Seen) -> tuple[TileSums, ...]:
        each = zip(seen, octaves, centers, strict=True)
        return tuple(sums_of_features(features, targets, spec, centers=center) for features, targets, center in each)

    ours, pull = jax.vjp(sums, seen)
    return over_devices(ours), pull


def over_devices(tree: PyTree) -> PyTree:
    """The sum of trees of arrays over all devices of a picture, by one all-reduce."""
    numbers, restored = ravel_pytree(tree)
    return restored(lax.psum(numbers, ROWS))


def _whole_centers(ours: Sequence[TileSums]) -> list[TileCenters]:
    """The means of the whole picture by octave, from the sums of this device."""
    counted = over_devices([TileCenters(_firsts(octave.content), _firsts(octave.style)) for octave in ours])
    return [TileCenters(_means(octave.content), _means(octave.style)) for octave in counted]


def _firsts(sums: Mapping[str, Sums | ContentSums]) -> dict[str, Any]:
    """The sums of ones and of features by layer, where products are summed around the mean."""
    return {layer: (each.ones, each.first) for layer, each in sums.items() if isinstance(each, CenteredSums | NormalizedSums)}


def _means(firsts: Mapping[str, Any]) -> dict[str, Center]:
    return {layer: first / jnp.maximum(ones, _LEAST)[..., jnp.newaxis] for layer, (ones, first) in firsts.items()}
