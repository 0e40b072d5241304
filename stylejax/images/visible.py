"""What can be seen of a picture: the colors of pixels that are fully transparent are whatever a program left there.

They are replaced by smooth continuations of what can be seen, so that nothing that looks at a neighborhood sees an edge, and
count nowhere: pictures are resized by colors weighted with opacity, and statistics are weighted with it.
"""

import dataclasses

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError
from stylejax.images.picture import HostAlpha, Picture
from stylejax.images.resize import resampled, resize
from stylejax.types import AnyHostImage, HostImage

_LEAST = 1e-3  # what hidden pixels weigh, whose colors count where there are no others; less than 1/255
_EVEN = 0.1
_TRIANGLE = "bilinear"


def visible(picture: Picture) -> Picture:
    """The picture with what is hidden filled; the same object where nothing is.

    Raises:
        ImageError: nothing of it can be seen.
    """
    alpha = opacity_of(picture)
    if alpha is None or alpha.min() > 0:
        return picture
    if alpha.max() <= 0:
        raise ImageError(f"{picture.source} is fully transparent; give a picture of which something can be seen")
    hidden = (alpha <= 0)[..., np.newaxis]
    around = _spread(np.where(hidden, 0, picture.pixels) * alpha[..., np.newaxis], alpha)
    filled = np.where(hidden, np.clip(around, 0, 1), picture.pixels).astype(np.float32)
    return dataclasses.replace(picture, pixels=filled)


def opacity_of(picture: Picture) -> HostAlpha | None:
    """How much each pixel counts; None where all count alike, because nothing is transparent."""
    return None if picture.alpha is None or picture.alpha.min() >= 1 else picture.alpha


def resize_visible(
    pixels: AnyHostImage, opacity: HostAlpha | None, height: int, width: int, resampling: ResamplingName = "lanczos"
) -> HostImage:
    """`resize` by colors weighted with opacity.

    Args:
        pixels: from `visible`, `[H, W, 3]`.
        opacity: from `opacity_of`, `[H, W]`.
        height: rows of the result.
        width: columns of the result.
        resampling: as for `resize`; where something is transparent, in floating point in any case.
    """
    if opacity is None or pixels.shape[:2] == (height, width):
        return resize(pixels, height, width, resampling)
    weights = np.maximum(opacity, np.float32(_LEAST))[..., np.newaxis]
    weighted = np.concatenate([pixels * weights, weights], axis=2)
    sharp, soft = (resampled(weighted, height, width, kind) for kind in (resampling, _TRIANGLE))
    # Most filters overshoot where opacity has an edge, and so does what is divided by; a triangle has no negative weights.
    even = np.abs(sharp[..., 3:] - soft[..., 3:]) <= _EVEN * soft[..., 3:]
    sharp[..., 3:] = np.where(even, sharp[..., 3:], 1)
    return np.clip(np.where(even, sharp[..., :3] / sharp[..., 3:], soft[..., :3] / soft[..., 3:]), 0, 1)


def resize_opacity(opacity: HostAlpha, height: int, width: int) -> HostAlpha:
    """How much each pixel counts at another shape: as regions are resized, without overshooting."""
    return resampled(opacity, height, width, _TRIANGLE)


def resized_picture(picture: Picture, height: int, width: int, resampling: ResamplingName = "lanczos") -> Picture:
    """The picture and its opacity at another shape."""
    pixels = resize_visible(picture.pixels, opacity_of(picture), height, width, resampling)
    alpha = None if picture.alpha is None else resize(picture.alpha, height, width)
    return dataclasses.replace(picture, pixels=pixels, alpha=alpha)


def _spread(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Means of the nearest colors everywhere: each halving of the picture fills what the finer ones have no color for.

    Source: Gortler, Grzeszczuk, Szeliski and Cohen, "The Lumigraph", 1996, section 3.4 (pull-push).

    Args:
        colors: `[height, width, 3]`, times `weights`.
        weights: `[height, width]` in [0, 1].
    """
    if max(weights.shape) == 1:
        return colors / np.maximum(weights, 1e-30)[..., np.newaxis]
    halves = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(2)) for plane in (*np.moveaxis(colors, 2, 0), weights)
    ]
    coarse = resampled(_spread(np.stack(halves[:3], axis=2), halves[3]), weights.shape[0], weights.shape[1], _TRIANGLE)
    # Where a quarter of the window has a color, it is as good as full; less lets in what is around.
    share = np.minimum(4 * weights, 1)[..., np.newaxis]
    own = colors / np.maximum(weights, 1e-30)[..., np.newaxis]
    return share * own + (1 - share) * coarse
