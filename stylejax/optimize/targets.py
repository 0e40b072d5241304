"""Targets of a whole batch at one scale, made on the device from the pictures on the host.

A picture that several lanes use is looked at once; one that all lanes use is also held once.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from stylejax.images.resize import fit_long_side, resize
from stylejax.losses.objective import ObjectiveSpec, Targets, blend_styles, content_targets, style_targets
from stylejax.model.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.jobs import Job
from stylejax.types import HostImage

_content_targets = jax.jit(content_targets, static_argnames="spec")
_style_targets = jax.jit(style_targets, static_argnames="spec")


def batch_targets(model: VGG19, jobs: Sequence[Job], height: int, width: int, spec: ObjectiveSpec) -> tuple[Targets, Shared]:
    """Targets of `jobs` for pictures of this shape, and which of them all lanes share."""

    def content(job: Job):
        return _content_targets(model, jnp.asarray(resize(job.content, height, width)), spec=spec)

    def style(job: Job):
        return blend_styles([one_style(picture) for picture in job.styles])

    seen = {}

    def one_style(picture: HostImage):
        if id(picture) not in seen:
            seen[id(picture)] = _style_targets(model, jnp.asarray(style_at_scale(picture, max(height, width))), spec=spec)
        return seen[id(picture)]

    contents, content_shared = _gather(jobs, content, key=_content_key)
    styles, style_shared = _gather(jobs, style, key=_style_key)
    return Targets(contents, styles), Shared(content_shared, style_shared)


def style_at_scale(picture: HostImage, long_side: int) -> HostImage:
    """The style picture as it is seen while pictures of this long side are painted: as long, but never enlarged."""
    height, width = picture.shape[:2]
    if max(height, width) <= long_side:
        return picture
    return resize(picture, *fit_long_side(height, width, long_side))


def _content_key(job: Job) -> tuple[int, ...]:
    return (id(job.content),)


def _style_key(job: Job) -> tuple[int, ...]:
    return tuple(id(style) for style in job.styles)


def _gather(jobs: Sequence[Job], make: Callable, *, key: Callable[[Job], tuple[int, ...]]):
    made = {}
    for job in jobs:
        if key(job) not in made:
            made[key(job)] = make(job)
    if len(made) == 1:
        return made[key(jobs[0])], True
    return jax.tree.map(lambda *parts: jnp.stack(parts), *[made[key(job)] for job in jobs]), False
