"""The picture that a run starts from (`Settings.init`), and the detail that it adds at each larger scale."""

from collections.abc import Iterator, Sequence
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.choices import RANDOM_STARTS, StartName
from stylejax.images.bands import Bands, Computed, whole
from stylejax.images.color_transfer import (
    ColorStatistics,
    apply_transform,
    color_statistics,
    floor_variance,
    mix_statistics,
    transform_between,
)
from stylejax.images.masks import resize_masks
from stylejax.images.transparency import resize_opacity
from stylejax.optimize.upsampling import upsampled_rows
from stylejax.run.inputs.job import Job
from stylejax.run.noise import noise
from stylejax.settings.blend import shares_of
from stylejax.settings.pixel_space import SPACES
from stylejax.types import HostImage, Images, Shape


def starting_images(jobs: Sequence[Job], height: int, width: int) -> Images:
    """The first picture of every job, `[jobs, height, width, 3]`."""
    images = np.empty((len(jobs), height, width, 3), np.float32)
    for job, image in zip(jobs, images, strict=True):
        whole(start_of(job, height, width), out=image)
    return jax.device_put(images)


def start_of(job: Job, height: int, width: int) -> Bands:
    """The first picture of a job, `[height, width, 3]`, whose rows are computed when they are read."""
    if job.init is not None:
        return job.init_rows(height, width)
    start = job.settings.init
    assert start in get_args(StartName)
    if start == "content":
        return job.content_rows(height, width)
    if start == "recolored":
        return _recolored(job, height, width)
    if start == "gray":
        return Computed((height, width, 3), lambda rows: np.full((rows.stop - rows.start, width, 3), 0.5, np.float32))
    return _noise(job, height, width)


def added_detail(jobs: Sequence[Job], before: Shape, after: Shape) -> Images | None:
    """`detail_of` each job, `[jobs, *after, 3]`; None where no job wants any."""
    details = [detail_of(job, before, after) for job in jobs]
    if not any(details):
        return None
    images = np.zeros((len(jobs), *after, 3), np.float32)
    for detail, image in zip(details, images, strict=True):
        if detail:
            whole(detail, out=image)
    return jax.device_put(images)


def detail_of(job: Job, before: Shape, after: Shape) -> Bands | None:
    """What the start shows at the shape `after` and cannot show at the smaller shape `before`, times `Settings.detail`.

    An enlarged picture has no finer detail than before. This adds the content's fine edges, which the next scale would
    otherwise have to find step by step.

    Returns:
        `[*after, 3]`, whose rows are computed when they are read; None where the job wants none.
    """
    settings = job.settings
    if settings.init in RANDOM_STARTS or not settings.detail:
        return None
    fine, coarse = start_of(job, *after), start_of(job, *before)
    enlarged, amount = upsampled_rows(coarse, settings.resampling, shape=after), np.float32(settings.detail)
    return Computed(fine.shape, lambda rows: amount * (fine[rows] - enlarged[rows]))


def starts_near(job: Job) -> bool:
    """Whether the start is the content itself where `strength` is 0."""
    return job.settings.init in ("recolored", "content")


def _recolored(job: Job, height: int, width: int) -> Bands:
    """The content in the colors of its style, each region in those of its own, by the linear map that moves colors least."""
    content, regions = job.content_rows(height, width), job.regions
    shown = _fitting(job.opacity.content, (height, width))
    if regions is None:
        parts = [color_statistics(style, mask=opacity) for style, opacity in _styles(job, height, width)]
        mixed = mix_statistics(parts, shares_of(job.settings.style_blend, len(parts)))
        move = _move(color_statistics(content, mask=shown), mixed, job)
        return Computed(content.shape, lambda rows: apply_transform(content[rows], *move))
    masks = resize_masks(regions.content, height, width)
    styles = [
        color_statistics(style, mask=_both(mask, opacity))
        for (style, opacity), own in zip(_styles(job, height, width), regions.styles, strict=True)
        for mask in resize_masks(own, *style.shape[:2])
    ]
    moves = [
        _move(color_statistics(content, mask=_both(mask, shown)), style, job) for mask, style in zip(masks, styles, strict=True)
    ]

    def values(rows: slice) -> np.ndarray:
        own, colors = masks[:, rows], content[rows]
        moved = np.stack([apply_transform(colors, *move) for move in moves])
        return np.einsum("rhw,rhwc->hwc", own / np.maximum(own.sum(0), 1e-6), moved)

    return Computed(content.shape, values)


def _styles(job: Job, height: int, width: int) -> Iterator[tuple[HostImage, np.ndarray | None]]:
    """The styles at the shapes in which they are seen, where smaller ones have less contrast, and their opacity."""
    for number, shape in enumerate(job.style_shapes(height, width)):
        style = job.style_at(number, *shape)
        yield style, _fitting(job.style_opacity(number), shape)


def _fitting(opacity: np.ndarray | None, shape: Shape) -> np.ndarray | None:
    return None if opacity is None else resize_opacity(opacity, *shape)


def _both(mask: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    """How much each pixel of a region counts; a region that is fully transparent counts with its filled-in colors."""
    both = mask if opacity is None else mask * opacity
    return both if both.sum() > 0 else mask


def _move(own: ColorStatistics, style: ColorStatistics, job: Job) -> tuple[np.ndarray, np.ndarray]:
    """The matrix and the offset that give colors of the statistics `own` those of a style, as far as `strength` wants it."""
    strength, own = job.settings.strength, floor_variance(own)
    return transform_between(own, mix_statistics([style, own], [strength, 1 - strength]), "symmetric")


def _noise(job: Job, height: int, width: int) -> Bands:
    settings, space, normal = job.settings, SPACES[job.settings.space], noise(job.settings.seed, height, width)
    mean, deviation = _mean_and_deviation(job, height, width) if settings.init == "style-stats" else (0, 0)
    middle = 0.5 if settings.space == "unit" else 0.0

    def values(rows: slice) -> np.ndarray:
        if settings.init == "style-stats":
            image = mean + deviation * normal[rows]
        else:
            image = np.asarray(space.to_image(jnp.asarray(middle + np.float32(settings.noise) * normal[rows])))
        return np.clip(image, 0, 1) if settings.clamp else image

    return Computed((height, width, 3), values)


def _mean_and_deviation(job: Job, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the colors of all styles, each pixel with its opacity; float32 `[3]`."""
    parts, counts = [], []
    for style, opacity in _styles(job, height, width):
        parts.append(color_statistics(style, mask=opacity))
        counts.append(style.shape[0] * style.shape[1] if opacity is None else opacity.sum(dtype=np.float64))
    mixed = mix_statistics(parts, list(np.array(counts) / sum(counts)))
    return mixed.mean.astype(np.float32), np.sqrt(np.diag(mixed.covariance).clip(0)).astype(np.float32)
