"""Targets of a whole batch at one scale, computed on the device from the pictures on the host.

A style that several pictures use is evaluated once; targets that all pictures share are also held once.
"""

from collections.abc import Callable, Hashable, Iterable, MutableMapping, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, PyTree

from stylejax.choices import PIXELS
from stylejax.images.masks import resize_masks
from stylejax.losses.content import content_target
from stylejax.losses.guidance import Guides, make_guides
from stylejax.losses.octaves import halvings
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import sums_for
from stylejax.losses.style_sums import LayerSums, join_regions, mix_styles, style_sums
from stylejax.losses.targets import ContentTargets, StyleTargets, Targets, content_targets, style_targets
from stylejax.losses.temporal import TemporalTarget
from stylejax.network.layers import channels
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.inputs.job import Job
from stylejax.run.programs.program import call
from stylejax.run.sharing import TargetKeys, shared_among, target_keys
from stylejax.settings.blend import parse_blend, shares_of
from stylejax.types import AnyHostMasks, AnyImage, AnyMasks, HostImage, Shape

StyleCache = MutableMapping[Hashable, tuple[tuple[object, ...], LayerSums]]
"""Sums of styles that were evaluated before, by picture, shape and network, each with the objects that its key names."""

SumsOf = Callable[[VGG19, HostImage, AnyHostMasks | None], LayerSums]
"""Makes the sums of one style picture, in its regions if there are masks."""

_content_targets = jax.jit(content_targets, static_argnames="spec")
_guides = jax.jit(make_guides, static_argnames=("layers", "padding", "octaves"))


@partial(jax.jit, static_argnames="spec")
def _style_sums(model: VGG19, style: AnyImage, masks: AnyMasks | None, *, spec: ObjectiveSpec) -> LayerSums:
    return style_sums(model, style, spec, masks=masks)


@partial(jax.jit, static_argnames=("spec", "regions"))
def _style_targets(sums: Sequence[LayerSums], shares: Float[Array, " styles"], *, spec: ObjectiveSpec, regions: bool):
    return style_targets(mix_styles(sums, shares=shares, regions=regions), spec, regions=regions)


def batch_targets(
    model: VGG19,
    jobs: Sequence[Job],
    height: int,
    width: int,
    spec: ObjectiveSpec,
    *,
    shared: Shared | None = None,
    seen: StyleCache | None = None,
) -> tuple[Targets, Shared]:
    """Targets of `jobs` for pictures of this shape, and which of them all jobs share.

    Args:
        model: the feature network.
        jobs: one picture each.
        height: of the pictures at this scale, in pixels.
        width: likewise.
        spec: what is compared.
        shared: which targets all jobs share, where that is known beforehand, so that the batches of one group run one program.
        seen: keeps the sums of styles from one batch to the next.
    """

    def content(job: Job) -> ContentTargets:
        return call(
            _content_targets, model, jax.device_put(job.content_at(height, width)), effort="least", name=str(spec), spec=spec
        )

    def guides(job: Job) -> Guides | None:
        if job.regions is None:
            return None
        masks = jax.device_put(resize_masks(job.regions.content, height, width))
        static = {"layers": spec.style_layers, "padding": model.spec.padding, "octaves": spec.octaves}
        return call(_guides, masks, effort="least", name=str(static), **static)

    styles = StyleEvaluator(model, height, width, spec, seen=seen)
    keys = [_keys(job, height, width) for job in jobs]
    shared = shared or shared_among(keys)
    makers = (content, styles.of, guides)
    parts = [
        _gather(jobs, make, keys=column, shared=held_once)
        for make, column, held_once in zip(makers, zip(*keys, strict=True), shared, strict=True)
    ]
    return Targets(*parts, temporal=_temporal(jobs, height, width)), shared


def _temporal(jobs: Sequence[Job], height: int, width: int) -> TemporalTarget | None:
    """The temporal targets of frames, none of which is shared."""
    if jobs[0].before is None:
        return None
    return jax.tree.map(lambda *parts: jnp.stack(parts), *[job.before_at(height, width) for job in jobs])


def shared_targets(jobs: Sequence[Job], height: int, width: int) -> Shared:
    """Which targets all `jobs` share for pictures of this shape; nothing is computed."""
    return shared_among(_keys(job, height, width) for job in jobs)


def abstract_targets(
    model: VGG19,
    height: int,
    width: int,
    spec: ObjectiveSpec,
    *,
    batch_size: int,
    shared: Shared,
    regions: int,
    temporal: bool = False,
) -> Targets:
    """Shapes and types of what `batch_targets` returns for a batch of pictures with so many regions each."""
    masks = jax.ShapeDtypeStruct((regions, height, width), np.float32) if regions else None
    guides = partial(make_guides, layers=spec.style_layers, padding=model.spec.padding, octaves=spec.octaves)
    seen = [_abstract_features(model, height, width, spec.style_layers, octave=octave) for octave in range(spec.octaves)]
    sums = jax.eval_shape(partial(jax.tree.map, partial(sums_for, spec.statistic)), tuple(seen))
    content = _abstract_features(model, height, width, spec.content_layers)
    one = Targets(
        content=jax.eval_shape(partial(jax.tree.map, partial(content_target, norm=spec.content_norm)), content),
        style=jax.eval_shape(
            partial(style_targets, spec=spec, regions=bool(regions)), _stacked(sums, regions) if regions else sums
        ),
        guides=None if masks is None else jax.eval_shape(guides, masks),
        temporal=_abstract_temporal(height, width) if temporal else None,
    )
    parts = (part if axis is None else _stacked(part, batch_size) for part, axis in zip(one, shared.axes, strict=True))
    return Targets(*parts)  # pyright: ignore[reportArgumentType]


def layer_shapes(
    model: VGG19, height: int, width: int, layers: Iterable[str], *, octave: int = 0
) -> dict[str, tuple[int, int, int]]:
    """Rows, columns and channels of the features of a picture at `layers` and an octave; nothing is computed."""
    spec, shapes = model.spec, {}
    for layer in layers:
        rows, columns = (spec.padding.pooled(side, halvings(layer, octave)) for side in (height, width))
        shapes[layer] = rows, columns, 3 if layer == PIXELS else channels(layer, widths=spec.widths)
    return shapes


def _abstract_temporal(height: int, width: int) -> TemporalTarget:
    sides = (height, width, 3), (height, width)
    return TemporalTarget(*(jax.ShapeDtypeStruct(shape, np.float32) for shape in sides))  # pyright: ignore[reportArgumentType]


def _abstract_features(
    model: VGG19, height: int, width: int, layers: Iterable[str], *, octave: int = 0
) -> dict[str, jax.ShapeDtypeStruct]:
    shapes = layer_shapes(model, height, width, layers, octave=octave)
    inside = jnp.bfloat16 if model.spec.precision == "bfloat16" else np.float32
    return {layer: jax.ShapeDtypeStruct(shape, np.float32 if layer == PIXELS else inside) for layer, shape in shapes.items()}


class StyleEvaluator:
    """Computes style targets at one scale, and evaluates each style picture once."""

    def __init__(
        self,
        model: VGG19,
        height: int,
        width: int,
        spec: ObjectiveSpec,
        *,
        seen: StyleCache | None = None,
        sums_of: SumsOf | None = None,
    ):
        """Evaluate styles for pictures of this shape.

        Args:
            model: the feature network.
            height: of the pictures, in pixels.
            width: likewise.
            spec: what is compared.
            seen: sums of styles that are not evaluated again.
            sums_of: evaluates one style; the whole picture at once by default.
        """
        self._sums_of = sums_of or partial(whole_style_sums, spec=spec)
        self._model, self._shape, self._spec = model, (height, width), spec
        self._seen: StyleCache = {} if seen is None else seen

    def of(self, job: Job) -> StyleTargets:
        """The targets of a job: the mixture of its styles, or those of its regions one after the other."""
        shapes, regions = job.style_shapes(*self._shape), job.regions
        if regions is None:
            styles = [self._one(job, number, shape) for number, shape in enumerate(shapes)]
            shares = np.array(shares_of(job.settings.style_blend, len(styles)))
        else:
            parts = enumerate(zip(shapes, regions.styles, strict=True))
            styles, shares = [join_regions([self._one(job, number, *part) for number, part in parts])], np.ones(1)
        strength = job.settings.strength
        if strength < 1:
            styles.append(self._look(job.content_at(*self._shape), None if regions is None else regions.content))
            shares = np.append(strength * shares, 1 - strength)
        static = {"spec": self._spec, "regions": regions is not None}
        return call(
            _style_targets, styles, jax.device_put(shares.astype(np.float32)), effort="least", name=str(static), **static
        )

    def _one(self, job: Job, number: int, shape: Shape, masks: AnyHostMasks | None = None) -> LayerSums:
        opacity = job.style_opacity(number)
        objects = (self._model, job.styles[number], masks, opacity)  # kept: an id means nothing once its object is gone
        key = (*map(id, objects), *shape, self._spec, job.settings.resampling)
        if key not in self._seen:
            style = job.style_at(number, *shape)
            if opacity is None:
                seen = self._look(style, masks)
            elif masks is None:  # one region, which is what can be seen
                seen = jax.tree.map(lambda sums: sums[0], self._look(style, opacity[np.newaxis]))
            else:
                seen = self._look(style, masks * opacity)
            self._seen[key] = objects, seen
        return self._seen[key][1]

    def _look(self, picture: HostImage, masks: AnyHostMasks | None) -> LayerSums:
        return self._sums_of(self._model, picture, None if masks is None else resize_masks(masks, *picture.shape[:2]))


def whole_style_sums(model: VGG19, style: HostImage, masks: AnyHostMasks | None, *, spec: ObjectiveSpec) -> LayerSums:
    """`style_sums` of a picture, by one device."""
    regions = None if masks is None else jax.device_put(masks)
    return call(_style_sums, model, jax.device_put(style), regions, effort="least", name=str(spec), spec=spec)


def _keys(job: Job, height: int, width: int) -> TargetKeys:
    """Pictures and masks are compared by identity; styles also by the shape in which they are seen."""
    shares, strength = parse_blend(job.settings.style_blend), job.settings.strength
    styles = (*job.style_shapes(height, width), shares, strength, *map(id, job.styles))
    return target_keys(content=id(job.content), styles=styles, regions=id(job.regions), mixed=strength < 1)


def _gather(jobs: Sequence[Job], make: Callable[[Job], PyTree], *, keys: Sequence[Hashable], shared: bool) -> PyTree:
    """The targets of all jobs, stacked unless all share one; those of jobs with the same key are computed once."""
    if shared:
        return make(jobs[0])
    first = dict(zip(reversed(keys), reversed(jobs), strict=True))
    made = {key: make(job) for key, job in first.items()}
    return jax.tree.map(lambda *parts: jnp.stack(parts), *[made[key] for key in keys])


def _stacked(tree: PyTree, batch_size: int) -> PyTree:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((batch_size, *leaf.shape), leaf.dtype), tree)
