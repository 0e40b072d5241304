"""Transparent pixels, whose colors are arbitrary and must not affect a result.

The colors of fully transparent pixels are replaced by a smooth extrapolation of the visible ones, so that convolutions see no
edge at the border. Resizing and statistics weight colors by opacity.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError
from stylejax.images.bands import Bands, Computed, bands, whole
from stylejax.images.picture import Picture, unit_values
from stylejax.images.resample import Resampled, resample
from stylejax.images.resize import resize, resized
from stylejax.types import AnyHostAlpha, AnyHostImage, AnyHostSamples, HostAlpha

_MIN_WEIGHT = 1e-3  # weight of transparent pixels, less than 1/255: their colors count only where there are no others
_FLAT = 0.1  # relative difference of two filters up to which opacity counts as smooth
_TRIANGLE = "bilinear"


def fill_transparent(picture: Picture) -> Picture:
    """Replace the colors of fully transparent pixels; returns the same object if there are none.

    Raises:
        ImageError: all pixels are fully transparent.
    """
    alpha = opacity_weights(picture)
    if alpha is None or alpha.min() > 0:
        return picture
    if alpha.max() <= 0:
        raise ImageError(f"{picture.source} is fully transparent; give a picture with visible pixels")
    half = _spread(*_halved(lambda rows, channel: unit_values(picture.samples[rows, :, channel]) * alpha[rows], alpha))
    filled = np.array(picture.pixels)
    for channel in range(3):
        around = Resampled(lambda rows: half[rows, :, channel], half.shape[:2], alpha.shape, _TRIANGLE)  # noqa: B023
        for rows in bands(picture.height):
            np.copyto(filled[rows, :, channel], np.clip(around[rows], 0, 1), where=alpha[rows] <= 0)
    return dataclasses.replace(picture, samples=filled)


def opacity_weights(picture: Picture) -> HostAlpha | None:
    """Weights of the pixels; None if all pixels are opaque."""
    return None if picture.alpha is None or picture.alpha.min() >= 1 else picture.alpha


def resize_weighted(
    samples: AnyHostSamples, opacity: HostAlpha | None, height: int, width: int, *, resampling: ResamplingName = "lanczos"
) -> AnyHostImage:
    """Resize a picture with colors weighted by opacity.

    Args:
        samples: from `fill_transparent`, `[H, W, 3]`.
        opacity: from `opacity_weights`, `[H, W]`.
        height: number of rows of the result.
        width: number of columns of the result.
        resampling: as for `resize`, but always in floating point for pictures with transparency.

    Returns:
        A new array, or `samples` itself where nothing changes.
    """
    rows = resized_weighted(samples, opacity, height, width, resampling=resampling)
    return rows if isinstance(rows, np.ndarray) else whole(rows)


def resized_weighted(
    samples: AnyHostSamples, opacity: HostAlpha | None, height: int, width: int, *, resampling: ResamplingName = "lanczos"
) -> Bands:
    """`resize_weighted`, where rows are computed when they are read; arguments are the same."""
    same = samples.shape[:2] == (height, width)
    if same and resampling == "lanczos" and samples.dtype == np.float32:
        return samples
    if opacity is None or same:
        return resized(samples, height, width, resampling=resampling)

    def weights(rows: slice) -> np.ndarray:
        return np.maximum(opacity[rows], np.float32(_MIN_WEIGHT))

    def colors(channel: int) -> Callable[[slice], np.ndarray]:
        return lambda rows: unit_values(samples[rows, :, channel]) * weights(rows)

    # Filters with negative weights overshoot at edges of opacity, in the dividend and in the divisor; a triangle has none.
    sharp, soft = (
        [Resampled(read, opacity.shape, (height, width), kind) for read in (weights, *map(colors, range(3)))]
        for kind in (resampling, _TRIANGLE)
    )

    def values(rows: slice) -> np.ndarray:
        divisor, soft_divisor = sharp[0][rows], soft[0][rows]
        smooth = np.abs(divisor - soft_divisor) <= _FLAT * soft_divisor
        divisor[~smooth] = 1
        result = np.empty((*smooth.shape, 3), np.float32)
        for channel in range(3):
            each = np.where(smooth, sharp[1 + channel][rows] / divisor, soft[1 + channel][rows] / soft_divisor)
            np.clip(each, 0, 1, out=result[..., channel])
        return result

    return Computed((height, width, 3), values)


def resize_opacity(opacity: HostAlpha, height: int, width: int) -> AnyHostAlpha:
    """Resize weights with a triangle filter, which does not overshoot."""
    return resample(opacity, height, width, _TRIANGLE)


def resize_picture(picture: Picture, height: int, width: int, *, resampling: ResamplingName = "lanczos") -> Picture:
    """Resize a picture and its opacity."""
    samples = resize_weighted(picture.samples, opacity_weights(picture), height, width, resampling=resampling)
    alpha = None if picture.alpha is None else resize(picture.alpha, height, width)
    return dataclasses.replace(picture, samples=samples, alpha=alpha)


def _spread(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Extrapolate colors to pixels without weight (pull-push): coarser levels fill what finer levels leave open.

    Source: Gortler, Grzeszczuk, Szeliski and Cohen, "The Lumigraph", 1996, section 3.4.

    Args:
        colors: `[height, width, 3]`, multiplied by `weights`.
        weights: `[height, width]` in [0, 1].
    """
    own = colors / np.maximum(weights, 1e-30)[..., np.newaxis]
    if max(weights.shape) == 1:
        return own
    half = _spread(*_halved(lambda rows, channel: colors[rows, :, channel], weights))
    coarse = resample(half, weights.shape[0], weights.shape[1], _TRIANGLE)
    # A weight of a quarter counts as full; with less, the coarser level contributes.
    share = np.minimum(4 * weights, 1)[..., np.newaxis]
    return share * own + (1 - share) * coarse


def _halved(read: Callable[[slice, int], np.ndarray], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of 2×2 pixels, of each channel that `read` reads by rows, and of the weights."""
    height, width = weights.shape
    means = np.empty((-(-height // 2), -(-width // 2), 4), np.float32)
    for rows in bands(height):
        half = slice(rows.start // 2, -(-rows.stop // 2))
        for channel in range(4):
            plane = Image.fromarray(np.ascontiguousarray(read(rows, channel) if channel < 3 else weights[rows]))
            means[half, :, channel] = np.asarray(plane.reduce(2))
    return means[..., :3], means[..., 3]
