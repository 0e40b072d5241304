"""Targets of a whole batch at one scale, made on the device from the pictures on the host.

A picture that several lanes use is looked at once; one that all lanes use is also held once.
"""

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from stylejax.images.masks import resize_masks
from stylejax.images.resize import resize
from stylejax.losses.guidance import make_guides
from stylejax.losses.objective import ObjectiveSpec, Targets, blend_styles, content_targets, join_regions, style_targets
from stylejax.model.vgg import VGG19
from stylejax.optimize.blend import parse_blend
from stylejax.optimize.chunk import Shared
from stylejax.optimize.jobs import Job
from stylejax.optimize.scales import fit_side, side_of
from stylejax.optimize.settings import Settings
from stylejax.types import HostImage

_content_targets = jax.jit(content_targets, static_argnames="spec")
_style_targets = jax.jit(style_targets, static_argnames="spec")
_guides = jax.jit(make_guides, static_argnames=("layers", "padding"))


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

    `shared` says the latter where it is known beforehand, so that batches of one group run one program; `seen` keeps style
    targets from one batch to the next.
    """

    def content(job: Job):
        return _content_targets(model, jnp.asarray(resize(job.content, height, width)), spec=spec)

    def guides(job: Job):
        if job.regions is None:
            return None
        masks = jnp.asarray(resize_masks(job.regions.content, height, width))
        return _guides(masks, layers=spec.style_layers, padding=model.spec.padding)

    styles = StyleTargets(model, height, width, spec, seen=seen)
    known = (None, None, None) if shared is None else shared
    contents, content_shared = _gather(jobs, content, key=lambda job: (id(job.content),), shared=known[0])
    statistics, style_shared = _gather(jobs, styles.of, key=styles.key, shared=known[1])
    regions, guides_shared = _gather(jobs, guides, key=lambda job: (id(job.regions),), shared=known[2])
    return Targets(contents, statistics, regions), Shared(content_shared, style_shared, guides_shared)


class StyleTargets:
    """Style targets at one scale, each picture looked at once."""

    def __init__(
        self, model: VGG19, height: int, width: int, spec: ObjectiveSpec, *, seen: MutableMapping[Any, Any] | None = None
    ):
        """Look at styles while pictures of this shape are painted; what was `seen` before is not looked at again."""
        self._model, self._shape, self._spec = model, (height, width), spec
        self._seen: MutableMapping[Any, Any] = {} if seen is None else seen

    def of(self, job: Job) -> dict[str, dict[str, Array]]:
        """The targets of a job: the mixture of its styles, or those of its regions one after the other."""
        shapes = self._shapes(job)
        if job.regions is not None:
            parts = zip(job.styles, shapes, job.regions.styles, strict=True)
            return join_regions([self._one(style, shape, masks) for style, shape, masks in parts])
        shares = parse_blend(job.settings.style_blend)
        return blend_styles([self._one(*style) for style in zip(job.styles, shapes, strict=True)], _array(shares))

    def key(self, job: Job) -> tuple:
        """Equal for jobs with the same targets."""
        return (*self._shapes(job), parse_blend(job.settings.style_blend), id(job.regions), *map(id, job.styles))

    def _shapes(self, job: Job) -> list[tuple[int, int]]:
        return [style_shape(style, job.settings, *self._shape) for style in job.styles]

    def _one(self, picture: HostImage, shape: tuple[int, int], masks: np.ndarray | None = None) -> dict[str, dict[str, Array]]:
        objects = (self._model, picture, masks)  # kept beside their targets: an id means nothing once its object is gone
        key = (*map(id, objects), *shape, self._spec)
        if key not in self._seen:
            scaled = resize(picture, *shape)
            regions = None if masks is None else jnp.asarray(resize_masks(masks, *shape))
            self._seen[key] = objects, _style_targets(self._model, jnp.asarray(scaled), spec=self._spec, masks=regions)
        return self._seen[key][1]


def style_shape(picture: HostImage, settings: Settings, height: int, width: int) -> tuple[int, int]:
    """The shape in which a style picture is seen while pictures of `height` and `width` are painted."""
    if settings.style_fit == "stretch":
        return height, width
    own = (picture.shape[0], picture.shape[1])
    side = settings.style_size or max(1, round(side_of(height, width, settings) * settings.style_scale))
    if settings.style_fit == "shrink" and side_of(*own, settings) <= side:
        return own
    return fit_side(*own, side, settings)


def _array(shares: Sequence[float]) -> Array | None:
    return jnp.asarray(shares) if shares else None


def _gather(jobs: Sequence[Job], make: Callable, *, key: Callable[[Job], tuple], shared: bool | None):
    made = {}
    for job in jobs:
        if key(job) not in made:
            made[key(job)] = make(job)
    if len(made) == 1 if shared is None else shared:
        return made[key(jobs[0])], True
    return jax.tree.map(lambda *parts: jnp.stack(parts), *[made[key(job)] for job in jobs]), False
