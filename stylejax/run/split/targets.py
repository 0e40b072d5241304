"""The targets of pictures whose rows are divided among devices, themselves computed by all of them."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import PyTree

from stylejax.images.masks import resize_masks
from stylejax.losses.guidance import Guides, region_shares
from stylejax.losses.octaves import halvings
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.split.geometry import BATCH, ROWS, RowSplit, margin
from stylejax.losses.split.targets import shard_content_targets, shard_style_sums
from stylejax.losses.style_sums import LayerSums
from stylejax.losses.targets import ContentTargets, Targets
from stylejax.network.padding import Padding
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.inputs.job import Job
from stylejax.run.programs.program import call
from stylejax.run.split.chunk import target_specs
from stylejax.run.split.mesh import EVERYWHERE, put, with_padding
from stylejax.run.targets import StyleCache, StyleEvaluator, shared_targets, whole_style_sums
from stylejax.run.tiles.targets import octave_guides
from stylejax.types import AnyHostMasks, AnyMasks, HostImage


def split_targets(
    model: VGG19,
    alone: VGG19,
    jobs: Sequence[Job],
    width: int,
    spec: ObjectiveSpec,
    split: RowSplit,
    *,
    shared: Shared | None = None,
    seen: StyleCache | None = None,
) -> Targets:
    """The targets of `batch_targets` as `split.chunk` takes them.

    Args:
        model: on every device of the mesh.
        alone: the same on one device, for styles with too few rows to be divided.
        jobs: one picture each.
        width: of the pictures at this scale, in pixels.
        spec: what is compared.
        split: where the rows of the pictures are.
        shared: as for `batch_targets`.
        seen: likewise.
    """
    shape = split.height, width
    shared = shared or shared_targets(jobs, *shape)
    styled = dataclasses.replace(spec, content_layers=())

    def sums_of(alone: VGG19, style: HostImage, masks: AnyHostMasks | None) -> LayerSums:
        if RowSplit(split.mesh, style.shape[0]).rows < margin(styled):
            return whole_style_sums(alone, style, masks, spec=spec)
        return jax.device_put(split_style_sums(model, style, masks, spec=styled, mesh=split.mesh))

    def guides_of(job: Job) -> Guides | None:
        regions = job.regions
        return regions and split_guides(resize_masks(regions.content, *shape), model.spec.padding, spec, split)

    def each(make: Callable[[Job], PyTree], held_once: bool) -> PyTree:
        return make(jobs[0]) if held_once else jax.tree.map(lambda *parts: np.stack(parts), *map(make, jobs))

    styles = StyleEvaluator(alone, *shape, spec, seen=seen, sums_of=sums_of)
    contents = [job.content_at(*shape) for job in (jobs[:1] if shared.content else jobs)]
    places = target_specs(shared, regions=jobs[0].regions is not None)
    made = each(styles.of, shared.style), each(guides_of, shared.guides)
    style, guides = put(made, split.mesh, (places.style, places.guides))
    return Targets(split_content_targets(model, contents, spec, split, shared=shared.content), style, guides)


def split_content_targets(
    model: VGG19, contents: Sequence[HostImage], spec: ObjectiveSpec, split: RowSplit, *, shared: bool
) -> ContentTargets:
    """The content targets of a batch: the rows of each device's window, one after the other.

    Args:
        model: on every device.
        contents: the picture of each job, or one that all share.
        spec: what is compared.
        split: where the rows are.
        shared: whether there is one, whose targets have no axis `batch`.
    """
    pictures = with_padding(np.stack(contents), split)
    (pictures, axes) = (pictures[0], (ROWS,)) if shared else (pictures, (BATCH, ROWS))
    placed = put(pictures, split.mesh, PartitionSpec(*axes))
    static = {"spec": spec, "split": split, "axes": axes}
    return call(_content_targets, model, placed, effort="least", name=f"{spec} {split.name} {axes}", **static)


@partial(jax.jit, static_argnames=("spec", "split", "axes"))
def _content_targets(
    model: VGG19, contents: jax.Array, *, spec: ObjectiveSpec, split: RowSplit, axes: tuple[str, ...]
) -> ContentTargets:
    one = partial(shard_content_targets, spec=spec, split=split)
    each = jax.vmap(one, in_axes=(None, 0)) if BATCH in axes else one
    specs = PartitionSpec(*axes)
    return jax.shard_map(each, mesh=split.mesh, in_specs=(EVERYWHERE, specs), out_specs=specs, check_vma=False)(model, contents)


def split_style_sums(
    model: VGG19, style: HostImage, masks: AnyHostMasks | None, *, spec: ObjectiveSpec, mesh: Mesh
) -> LayerSums:
    """`style_sums` of a picture, by all devices of the mesh.

    Args:
        model: on every device.
        style: sRGB in [0, 1].
        masks: its regions.
        spec: what is compared, without content layers.
        mesh: has two devices or more for a picture.
    """
    split = RowSplit(mesh, style.shape[0])
    guides = None if masks is None else put(guide_windows(masks, model.spec.padding, spec, split), mesh, _OF_GUIDES)
    placed = put(with_padding(style, split), mesh, PartitionSpec(ROWS))
    static = {"spec": spec, "split": split}
    return jax.device_get(call(_style_sums, model, placed, guides, effort="least", name=f"{spec} {split.name}", **static))


@partial(jax.jit, static_argnames=("spec", "split"))
def _style_sums(
    model: VGG19, style: jax.Array, guides: tuple[dict[str, AnyMasks], ...] | None, *, spec: ObjectiveSpec, split: RowSplit
) -> LayerSums:
    specs = (EVERYWHERE, PartitionSpec(ROWS), None if guides is None else _OF_GUIDES)
    whole = partial(shard_style_sums, spec=spec, split=split)
    return jax.shard_map(whole, mesh=split.mesh, in_specs=specs, out_specs=EVERYWHERE, check_vma=False)(model, style, guides)


_OF_GUIDES = PartitionSpec(None, ROWS)


def split_guides(masks: AnyHostMasks, padding: Padding, spec: ObjectiveSpec, split: RowSplit) -> Guides:
    """`make_guides` of one picture in host memory, with the rows of each device's window, one after the other."""
    return Guides(np.asarray(region_shares(jnp.asarray(masks))), guide_windows(masks, padding, spec, split))  # pyright: ignore


def guide_windows(
    masks: AnyHostMasks, padding: Padding, spec: ObjectiveSpec, split: RowSplit
) -> tuple[dict[str, AnyHostMasks], ...]:
    """For each octave and style layer the guides of each device's window, one after the other along the rows."""
    spans = split.windows(spec)

    def windows(guides: AnyHostMasks, layer: str, octave: int) -> AnyHostMasks:
        times = halvings(layer, octave)
        rows = padding.pooled(spans[octave][0].size, times)
        starts = [span.start // 2**times for span in spans[octave]]
        return np.concatenate([guides[:, start : start + rows] for start in starts], axis=1)

    octaves = enumerate(octave_guides(masks, padding, spec))
    return tuple({layer: windows(own, layer, octave) for layer, own in guides.items()} for octave, guides in octaves)
