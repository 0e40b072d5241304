"""The targets of one picture that is optimized in tiles, themselves computed in tiles."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.images.bands import bands
from stylejax.images.masks import resize_masks
from stylejax.losses.content import deviation
from stylejax.losses.guidance import LEAST, Guides, region_shares
from stylejax.losses.octaves import halvings, look, octaves_of
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.style_sums import LayerSums
from stylejax.losses.targets import Targets
from stylejax.network.padding import Padding
from stylejax.network.vgg import VGG19
from stylejax.run.inputs.job import Job
from stylejax.run.targets import StyleCache, StyleEvaluator, layer_shapes
from stylejax.run.tiles.gradient import tiled_sums
from stylejax.run.tiles.windows import TiledOctave, positions
from stylejax.types import AnyHostMasks, HostImage

_look = jax.jit(look, static_argnames="layers")
_octaves = jax.jit(octaves_of, static_argnames=("count", "edge"))


def tiled_targets(
    model: VGG19, job: Job, height: int, width: int, spec: ObjectiveSpec, *, side: int, seen: StyleCache | None = None
) -> Targets:
    """The targets of a job, of which those with axes of positions are arrays of NumPy.

    Args:
        model: the feature network.
        job: the picture.
        height: at this scale, in pixels.
        width: likewise.
        spec: what is compared.
        side: most pixels along each side of a tile with its overlap.
        seen: keeps the sums of styles.
    """
    sums_of = partial(tiled_style_sums, spec=spec, side=side)
    styles = StyleEvaluator(model, height, width, spec, seen=seen, sums_of=sums_of)
    content = tiled_content_targets(model, job.content_at(height, width), spec, side=side)
    guides = None
    if job.regions is not None:
        masks = resize_masks(job.regions.content, height, width)
        areas = jnp.asarray(masks.sum((1, 2), dtype=np.float64, keepdims=True), jnp.float32)
        guides = Guides(region_shares(areas), tuple(octave_guides(masks, model.spec.padding, spec)))  # pyright: ignore
    return Targets(content, styles.of(job), guides)  # pyright: ignore[reportArgumentType]


def tiled_content_targets(model: VGG19, content: HostImage, spec: ObjectiveSpec, *, side: int) -> dict[str, np.ndarray]:
    """`content_targets` in host memory."""
    if not spec.content_layers:
        return {}
    height, width, _ = content.shape
    shapes = layer_shapes(model, height, width, spec.content_layers)
    targets = {layer: np.empty(shape, np.float32) for layer, shape in shapes.items()}
    whole = TiledOctave(content, spec.content_layers, side, content={})
    for tile, window in whole.windows():
        features = _look(model, window.image, layers=spec.content_layers)
        for layer, value in features.items():
            owned = np.asarray(window.targets.owned.positions(layer, value), bool)
            place = targets[layer][positions(tile, layer)]
            np.copyto(place, np.asarray(value, np.float32), where=owned[..., np.newaxis])
    if spec.content_norm == "instance":
        for target in targets.values():
            _normalize(target)
    return targets


def tiled_style_sums(
    model: VGG19, style: HostImage, masks: AnyHostMasks | None, *, spec: ObjectiveSpec, side: int
) -> LayerSums:
    """`style_sums` of a picture in host memory."""
    images = _octaves(jnp.asarray(style), count=spec.octaves, edge=model.spec.padding.rest)
    guides = [None] * spec.octaves if masks is None else octave_guides(masks, model.spec.padding, spec)
    octaves = [
        TiledOctave(np.asarray(image), spec.style_layers, side, content={}, guides=own)
        for image, own in zip(images, guides, strict=True)
    ]
    return tuple(sums.style for sums in tiled_sums(model, octaves, spec))


def octave_guides(masks: AnyHostMasks, padding: Padding, spec: ObjectiveSpec) -> list[dict[str, AnyHostMasks]]:
    """The guides of each octave by style layer, in host memory; layers of one resolution share theirs."""
    octaves = [{layer: halvings(layer, octave) for layer in spec.style_layers} for octave in range(spec.octaves)]
    made = {times: _guide(masks, times, padding) for times in sorted({times for each in octaves for times in each.values()})}
    return [{layer: made[times] for layer, times in each.items()} for each in octaves]


def _guide(masks: AnyHostMasks, times: int, padding: Padding) -> AnyHostMasks:
    """`layer_guides` for positions that are so many halvings away from the picture, in bands of rows."""
    (tall, wide), stride = masks.shape[1:], 2**times
    rows, columns = (stride * np.arange(padding.pooled(side, times)) for side in (tall, wide))
    guides = np.empty((len(masks), len(rows), len(columns)), np.float32)
    areas = np.outer(np.diff(rows, append=tall), np.diff(columns, append=wide))  # the last has what pooling drops
    for mask, guide in zip(masks, guides, strict=True):
        total = 0.0
        for some in bands(len(rows)):
            first, stop = stride * some.start, tall if some.stop == len(rows) else stride * some.stop
            means = (
                np.add.reduceat(np.add.reduceat(mask[first:stop], columns, axis=1), rows[some] - first, axis=0) / areas[some]
            )
            guide[some] = means**2
            total += guide[some].sum(dtype=np.float64)
        guide /= np.float32(max(total, LEAST))
    return guides


def _normalize(features: np.ndarray) -> None:
    """`instance_normalized` in place, row by row: a copy of the features may not fit."""
    count = features.shape[0] * features.shape[1]
    mean = sum(row.sum(0, dtype=np.float64) for row in features) / count
    variance = sum(((row - mean) ** 2).sum(0) for row in features) / count
    sigma = np.asarray(deviation(jnp.asarray(variance, jnp.float32)))
    for row in features:
        row -= mean.astype(np.float32)
        row /= sigma
