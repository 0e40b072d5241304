"""Targets of a whole batch at one scale, made on the device from the pictures on the host.

A picture that several lanes use is looked at once; one that all lanes use is also held once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from stylejax.images.masks import resize_masks
from stylejax.images.resize import fit_long_side, resize
from stylejax.losses.guidance import make_guides
from stylejax.losses.objective import ObjectiveSpec, Targets, blend_styles, content_targets, join_regions, style_targets
from stylejax.model.vgg import VGG19
from stylejax.optimize.blend import parse_blend
from stylejax.optimize.chunk import Shared
from stylejax.optimize.jobs import Job
from stylejax.optimize.settings import Settings
from stylejax.types import HostImage

_content_targets = jax.jit(content_targets, static_argnames="spec")
_style_targets = jax.jit(style_targets, static_argnames="spec")
_guides = jax.jit(make_guides, static_argnames="layers")


def batch_targets(model: VGG19, jobs: Sequence[Job], height: int, width: int, spec: ObjectiveSpec) -> tuple[Targets, Shared]:
    """Targets of `jobs` for pictures of this shape, and which of them all lanes share."""

    def content(job: Job):
        return _content_targets(model, jnp.asarray(resize(job.content, height, width)), spec=spec)

    def guides(job: Job):
        if job.regions is None:
            return None
        return _guides(jnp.asarray(resize_masks(job.regions.content, height, width)), layers=spec.style_layers)

    styles = StyleTargets(model, max(height, width), spec)
    contents, content_shared = _gather(jobs, content, key=lambda job: (id(job.content),))
    statistics, style_shared = _gather(jobs, styles.of, key=styles.key)
    regions, guides_shared = _gather(jobs, guides, key=lambda job: (id(job.regions),))
    return Targets(contents, statistics, regions), Shared(content_shared, style_shared, guides_shared)


class StyleTargets:
    """Style targets at one scale, each picture looked at once."""

    def __init__(self, model: VGG19, long_side: int, spec: ObjectiveSpec):
        """Look at styles while pictures of `long_side` are painted."""
        self._model, self._long_side, self._spec = model, long_side, spec
        self._seen: dict[tuple[int, ...], Any] = {}

    def of(self, job: Job) -> dict[str, dict[str, Array]]:
        """The targets of a job: the mixture of its styles, or those of its regions one after the other."""
        side = style_side(job.settings, self._long_side)
        if job.regions is not None:
            pairs = zip(job.styles, job.regions.styles, strict=True)
            return join_regions([self._one(style, side, masks) for style, masks in pairs])
        shares = parse_blend(job.settings.style_blend)
        return blend_styles([self._one(style, side) for style in job.styles], jnp.asarray(shares) if shares else None)

    def key(self, job: Job) -> tuple:
        """Equal for jobs with the same targets."""
        side = style_side(job.settings, self._long_side)
        return (side, parse_blend(job.settings.style_blend), id(job.regions), *map(id, job.styles))

    def _one(self, picture: HostImage, side: int, masks: np.ndarray | None = None) -> dict[str, dict[str, Array]]:
        key = (id(picture), side, id(masks))
        if key not in self._seen:
            scaled = style_at_scale(picture, side)
            regions = None if masks is None else jnp.asarray(resize_masks(masks, *scaled.shape[:2]))
            self._seen[key] = _style_targets(self._model, jnp.asarray(scaled), spec=self._spec, masks=regions)
        return self._seen[key]


def style_side(settings: Settings, long_side: int) -> int:
    """Long side of the style pictures while pictures of `long_side` are painted."""
    return settings.style_size or max(1, round(long_side * settings.style_scale))


def style_at_scale(picture: HostImage, long_side: int) -> HostImage:
    """The style picture with this long side, but never enlarged."""
    height, width = picture.shape[:2]
    if max(height, width) <= long_side:
        return picture
    return resize(picture, *fit_long_side(height, width, long_side))


def _gather(jobs: Sequence[Job], make: Callable, *, key: Callable[[Job], tuple]):
    made = {}
    for job in jobs:
        if key(job) not in made:
            made[key(job)] = make(job)
    if len(made) == 1:
        return made[key(jobs[0])], True
    return jax.tree.map(lambda *parts: jnp.stack(parts), *[made[key(job)] for job in jobs]), False
