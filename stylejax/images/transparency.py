"""Transparent pixels, whose colors are arbitrary and must not affect a result.

The colors of fully transparent pixels are replaced by a smooth extrapolation of the visible ones, so that convolutions see no
edge at the border. Resizing and statistics weight colors by opacity.
"""

import dataclasses

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError
from stylejax.images.picture import Picture
from stylejax.images.resize import resample, resize
from stylejax.types import AnyHostAlpha, AnyHostImage, HostAlpha

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
    hidden = (alpha <= 0)[..., np.newaxis]
    around = _spread(np.where(hidden, 0, picture.pixels) * alpha[..., np.newaxis], alpha)
    filled = np.where(hidden, np.clip(around, 0, 1), picture.pixels).astype(np.float32)
    return dataclasses.replace(picture, pixels=filled)


def opacity_weights(picture: Picture) -> HostAlpha | None:
    """Weights of the pixels; None if all pixels are opaque."""
    return None if picture.alpha is None or picture.alpha.min() >= 1 else picture.alpha


def resize_weighted(
    pixels: AnyHostImage, opacity: HostAlpha | None, height: int, width: int, *, resampling: ResamplingName = "lanczos"
) -> AnyHostImage:
    """Resize a picture with colors weighted by opacity.

    Args:
        pixels: from `fill_transparent`, `[H, W, 3]`.
        opacity: from `opacity_weights`, `[H, W]`.
        height: number of rows of the result.
        width: number of columns of the result.
        resampling: as for `resize`, but always in floating point for pictures with transparency.

    Returns:
        A new array, or `pixels` itself where nothing changes.
    """
    same = pixels.shape[:2] == (height, width)
    if same and resampling == "lanczos" and pixels.dtype == np.float32:
        return pixels
    if opacity is None or same:
        return resize(pixels, height, width, resampling=resampling)
    weights = np.maximum(opacity, np.float32(_MIN_WEIGHT))[..., np.newaxis]
    weighted = np.concatenate([pixels * weights, weights], axis=2)
    sharp, soft = (resample(weighted, height, width, kind) for kind in (resampling, _TRIANGLE))
    # Filters with negative weights overshoot at edges of opacity, in the dividend and in the divisor; a triangle has none.
    smooth = np.abs(sharp[..., 3:] - soft[..., 3:]) <= _FLAT * soft[..., 3:]
    sharp[..., 3:] = np.where(smooth, sharp[..., 3:], 1)
    return np.clip(np.where(smooth, sharp[..., :3] / sharp[..., 3:], soft[..., :3] / soft[..., 3:]), 0, 1)


def resize_opacity(opacity: HostAlpha, height: int, width: int) -> AnyHostAlpha:
    """Resize weights with a triangle filter, which does not overshoot."""
    return resample(opacity, height, width, _TRIANGLE)


def resize_picture(picture: Picture, height: int, width: int, *, resampling: ResamplingName = "lanczos") -> Picture:
    """Resize a picture and its opacity."""
    pixels = resize_weighted(picture.pixels, opacity_weights(picture), height, width, resampling=resampling)
    alpha = None if picture.alpha is None else resize(picture.alpha, height, width)
    return dataclasses.replace(picture, pixels=pixels, alpha=alpha)


def _spread(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Extrapolate colors to pixels without weight (pull-push): coarser levels fill what finer levels leave open.

    Source: Gortler, Grzeszczuk, Szeliski and Cohen, "The Lumigraph", 1996, section 3.4.

    Args:
        colors: `[height, width, 3]`, multiplied by `weights`.
        weights: `[height, width]` in [0, 1].
    """
    if max(weights.shape) == 1:
        return colors / np.maximum(weights, 1e-30)[..., np.newaxis]
    halves = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(2)) for plane in (*np.moveaxis(colors, 2, 0), weights)
    ]
    coarse = resample(_spread(np.stack(halves[:3], axis=2), halves[3]), weights.shape[0], weights.shape[1], _TRIANGLE)
    # A weight of a quarter counts as full; with less, the coarser level contributes.
    share = np.minimum(4 * weights, 1)[..., np.newaxis]
    own = colors / np.maximum(weights, 1e-30)[..., np.newaxis]
    return share * own + (1 - share) * coarse
