"""Targets of a whole batch at one scale, made on the device from the pictures on the host.

A picture that several lanes use is looked at once; one that all lanes use is also held once.
"""

from collections.abc import Callable, Hashable, Iterable, MutableMapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from stylejax.images.masks import resize_masks
from stylejax.losses.guidance import make_guides
from stylejax.losses.objective import (
    LayerSums,
    ObjectiveSpec,
    Targets,
    content_targets,
    join_regions,
    mix_styles,
    style_sums,
    style_targets,
)
from stylejax.losses.octaves import look
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.inputs.job import Job
from stylejax.settings.blend import parse_blend, shares_of
from stylejax.settings.pyramid import style_shape
from stylejax.types import HostImage

_content_targets = jax.jit(content_targets, static_argnames="spec")
_style_sums = jax.jit(style_sums, static_argnames="spec")
_guides = jax.jit(make_guides, static_argnames=("layers", "padding", "octaves"))


@partial(jax.jit, static_argnames=("spec", "regions"))
def _style_targets(sums: Sequence[LayerSums], shares: Array, *, spec: ObjectiveSpec, regions: bool):
    return style_targets(mix_styles(sums, shares, regions=regions), spec, regions=regions)


def batch_targets(
    model: VGG19,
    jobs: Sequence[Job],
    height: int,
    width: int,
    spec: ObjectiveSpec,
    *,
    shared: Shared | None = None,
    seen: MutableMapping[Any, Any] | None = None,
) -> tuple[Targets, Shared]:
    """Targets of `jobs` for pictures of this shape, and which of them all lanes share.

    `shared` says the latter where it is known beforehand, so that batches of one group run one program; `seen` keeps what
    styles show from one batch to the next.
    """

    def content(job: Job):
        return _content_targets(model, jnp.asarray(job.content_at(height, width)), spec=spec)

    def guides(job: Job):
        if job.regions is None:
            return None
        masks = jnp.asarray(resize_masks(job.regions.content, height, width))
        return _guides(masks, layers=spec.style_layers, padding=model.spec.padding, octaves=spec.octaves)

    styles = StyleTargets(model, height, width, spec, seen=seen)
    shared = shared or shared_targets(jobs, height, width)
    contents = _gather(jobs, content, key=_content_key, shared=shared.content)
    statistics = _gather(jobs, styles.of, key=partial(_style_key, height=height, width=width), shared=shared.style)
    regions = _gather(jobs, guides, key=_guides_key, shared=shared.guides)
    return Targets(contents, statistics, regions), shared


def shared_targets(jobs: Sequence[Job], height: int, width: int) -> Shared:
    """Which targets all `jobs` share for pictures of this shape; nothing is looked at."""
    keys = (_content_key, partial(_style_key, height=height, width=width), _guides_key)
    return Shared(*(len({key(job) for job in jobs}) == 1 for key in keys))


def abstract_targets(
    model: VGG19, height: int, width: int, spec: ObjectiveSpec, *, lanes: int, shared: Shared, regions: int
) -> Targets:
    """Shapes and types of what `batch_targets` gives for so many lanes, each of so many regions."""
    picture = jax.ShapeDtypeStruct((height, width, 3), np.float32)
    masks = jax.ShapeDtypeStruct((regions, height, width), np.float32) if regions else None
    guides = partial(make_guides, layers=spec.style_layers, padding=model.spec.padding, octaves=spec.octaves)
    sums = jax.eval_shape(partial(style_sums, spec=spec), model, picture, masks=masks)
    one = Targets(
        content=jax.eval_shape(partial(content_targets, spec=spec), model, picture),
        style=jax.eval_shape(partial(style_targets, spec=spec, regions=bool(regions)), sums),
        guides=None if masks is None else jax.eval_shape(guides, masks),
    )
    parts: Any = [part if held_once else _stacked(part, lanes) for part, held_once in zip(one, shared, strict=True)]
    return Targets(*parts)


def layer_shapes(model: VGG19, height: int, width: int, layers: Iterable[str]) -> dict[str, tuple[int, int, int]]:
    """Rows, columns and channels of the features of a picture at `layers`; nothing is computed."""
    picture = jax.ShapeDtypeStruct((height, width, 3), np.float32)
    features = jax.eval_shape(partial(look, layers=tuple(layers)), model, picture)
    return {layer: value.shape for layer, value in features.items()}


class StyleTargets:
    """Style targets at one scale, each picture looked at once."""

    def __init__(
        self, model: VGG19, height: int, width: int, spec: ObjectiveSpec, *, seen: MutableMapping[Any, Any] | None = None
    ):
        """Look at styles while pictures of this shape are painted; what was `seen` before is not looked at again."""
        self._model, self._shape, self._spec = model, (height, width), spec
        self._seen: MutableMapping[Any, Any] = {} if seen is None else seen

    def of(self, job: Job) -> tuple[dict[str, dict[str, Array]], ...]:
        """The targets of a job: the mixture of its styles, or those of its regions one after the other."""
        shapes, regions = _style_shapes(job, *self._shape), job.regions
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
        return _style_targets(styles, jnp.asarray(shares, jnp.float32), spec=self._spec, regions=regions is not None)

    def _one(self, job: Job, number: int, shape: tuple[int, int], masks: np.ndarray | None = None) -> LayerSums:
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

    def _look(self, picture: HostImage, masks: np.ndarray | None) -> LayerSums:
        regions = None if masks is None else jnp.asarray(resize_masks(masks, *picture.shape[:2]))
        return _style_sums(self._model, jnp.asarray(picture), spec=self._spec, masks=regions)


def _style_shapes(job: Job, height: int, width: int) -> list[tuple[int, int]]:
    return [style_shape(style, job.settings, height, width) for style in job.styles]


def _content_key(job: Job) -> Hashable:
    return id(job.content)


def _style_key(job: Job, height: int, width: int) -> Hashable:
    """Equal for jobs with the same style targets."""
    shares, strength = parse_blend(job.settings.style_blend), job.settings.strength
    mixed_with = id(job.content) if strength < 1 else None
    return (*_style_shapes(job, height, width), shares, strength, mixed_with, id(job.regions), *map(id, job.styles))


def _guides_key(job: Job) -> Hashable:
    return id(job.regions)


def _gather(jobs: Sequence[Job], make: Callable[[Job], Any], *, key: Callable[[Job], Hashable], shared: bool) -> Any:
    """The targets of all jobs, stacked unless all share one; those of jobs with the same key are made once."""
    if shared:
        return make(jobs[0])
    made = {each: make(job) for each, job in {key(job): job for job in reversed(jobs)}.items()}
    return jax.tree.map(lambda *parts: jnp.stack(parts), *[made[key(job)] for job in jobs])


def _stacked(tree: Any, lanes: int) -> Any:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((lanes, *leaf.shape), leaf.dtype), tree)
