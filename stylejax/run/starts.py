"""The picture that a run starts from (`Settings.init`), and the detail that it adds at each larger scale."""

from collections.abc import Sequence
from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from stylejax.choices import RANDOM_STARTS, ResamplingName, StartName
from stylejax.images.color_transfer import ColorStatistics, color_statistics, floor_variance, mix_statistics, transform_between
from stylejax.images.masks import resize_masks
from stylejax.images.transparency import resize_opacity
from stylejax.optimize.upsampling import upsampled
from stylejax.run.inputs.job import Job
from stylejax.run.programs.program import call
from stylejax.settings.blend import shares_of
from stylejax.settings.pixel_space import SPACES
from stylejax.types import HostImage, Image, Images, Shape


def starting_images(jobs: Sequence[Job], height: int, width: int) -> Images:
    """The first picture of every job, `[jobs, height, width, 3]`."""
    images = [_starting_image(job, height, width) for job in jobs]
    return jax.device_put(images[0][np.newaxis] if len(images) == 1 else np.stack(images))  # a large one is not copied


def added_detail(jobs: Sequence[Job], before: Shape, after: Shape) -> Images | None:
    """What the start shows at the shape `after` and cannot show at the smaller shape `before`, times `Settings.detail`.

    An enlarged picture has no finer detail than before. This adds the content's fine edges, which the next scale would
    otherwise have to find step by step.

    Returns:
        `[jobs, *after, 3]`, or None where no job wants any.
    """
    wanted = np.array([0.0 if job.settings.init in RANDOM_STARTS else job.settings.detail for job in jobs], np.float32)
    if not wanted.any():
        return None
    fine, coarse = starting_images(jobs, *after), starting_images(jobs, *before)
    name = resampling = jobs[0].settings.resampling
    return call(_detail, fine, coarse, jax.device_put(wanted), effort="least", name=name, resampling=resampling)


@partial(jax.jit, static_argnames="resampling")
def _detail(
    fine: Images, coarse: Float[Array, "batch _ _ 3"], amounts: Float[Array, " batch"], *, resampling: ResamplingName
) -> Images:
    """What `fine` shows and `coarse` does not, times the amount of each."""
    enlarge = partial(upsampled, shape=(fine.shape[1], fine.shape[2]), resampling=resampling)
    return amounts[:, jnp.newaxis, jnp.newaxis, jnp.newaxis] * (fine - jax.vmap(enlarge)(coarse))


def starts_near(job: Job) -> bool:
    """Whether the start is the content itself where `strength` is 0."""
    return job.settings.init in ("recolored", "content")


def _starting_image(job: Job, height: int, width: int) -> HostImage:
    if job.init is not None:
        return job.init_at(height, width)
    start = job.settings.init
    assert start in get_args(StartName)
    if start == "content":
        return job.content_at(height, width)
    if start == "recolored":
        return _recolored(job, height, width)
    if start == "gray":
        return np.full((height, width, 3), 0.5, np.float32)
    return np.asarray(_noise(job, height, width))


def _recolored(job: Job, height: int, width: int) -> HostImage:
    """The content in the colors of its style, each region in those of its own, by the linear map that moves colors least."""
    content, regions = job.content_at(height, width), job.regions
    shown = _fitting(job.opacity.content, content)
    seen, opacities = _styles(job, height, width)
    if regions is None:
        parts = [color_statistics(style, mask=opacity) for style, opacity in zip(seen, opacities, strict=True)]
        mixed = mix_statistics(parts, shares_of(job.settings.style_blend, len(parts)))
        return _moved(content, color_statistics(content, mask=shown), mixed, job)
    masks = resize_masks(regions.content, height, width)
    styles = [
        color_statistics(style, mask=_both(mask, opacity))
        for style, opacity, own in zip(seen, opacities, regions.styles, strict=True)
        for mask in resize_masks(own, *style.shape[:2])
    ]
    moved = [
        _moved(content, color_statistics(content, mask=_both(mask, shown)), style, job)
        for mask, style in zip(masks, styles, strict=True)
    ]
    weights = masks / np.maximum(masks.sum(0), 1e-6)
    return np.einsum("rhw,rhwc->hwc", weights, np.stack(moved)).astype(np.float32)


def _styles(job: Job, height: int, width: int) -> tuple[list[HostImage], list[np.ndarray | None]]:
    """The styles at the shapes in which they are seen, where smaller ones have less contrast, and their opacity."""
    seen = [job.style_at(number, *shape) for number, shape in enumerate(job.style_shapes(height, width))]
    return seen, [_fitting(job.style_opacity(number), style) for number, style in enumerate(seen)]


def _fitting(opacity: np.ndarray | None, picture: HostImage) -> np.ndarray | None:
    return None if opacity is None else resize_opacity(opacity, *picture.shape[:2])


def _both(mask: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    """How much each pixel of a region counts; a region that is fully transparent counts with its filled-in colors."""
    both = mask if opacity is None else mask * opacity
    return both if both.sum() > 0 else mask


def _moved(content: HostImage, own: ColorStatistics, style: ColorStatistics, job: Job) -> HostImage:
    strength = job.settings.strength
    own = floor_variance(own)
    matrix, offset = transform_between(own, mix_statistics([style, own], [strength, 1 - strength]), "symmetric")
    return np.clip(content @ matrix.T.astype(np.float32) + offset.astype(np.float32), 0, 1)


def _noise(job: Job, height: int, width: int) -> Image:
    noise = jax.random.normal(jax.random.key(job.settings.seed), (height, width, 3))
    if job.settings.init == "style-stats":
        seen, opacities = _styles(job, height, width)
        pixels = np.concatenate([style.reshape(-1, 3) for style in seen])
        if any(opacity is not None for opacity in opacities):
            every = [np.ones(style.shape[:2]) if own is None else own for style, own in zip(seen, opacities, strict=True)]
            counts = np.concatenate([each.ravel() for each in every])
            mean = np.average(pixels, 0, counts)
            spread = np.sqrt(np.average((pixels - mean) ** 2, 0, counts))
        else:
            mean, spread = pixels.mean(0), pixels.std(0)
        image = jnp.asarray(mean[np.newaxis, np.newaxis] + spread[np.newaxis, np.newaxis] * noise)
    else:
        space = SPACES[job.settings.space]
        middle = 0.5 if job.settings.space == "unit" else 0.0
        image = space.to_image(middle + job.settings.noise * noise)
    return jnp.clip(image, 0, 1) if job.settings.clamp else image
