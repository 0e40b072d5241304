"""Antialiased resizing in host memory, the whole picture at once or some of its rows."""

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError
from stylejax.images.bands import Bands, Computed, bands, whole
from stylejax.images.picture import unit_values
from stylejax.images.resample import Resampled


def resize(pixels: np.ndarray, height: int, width: int, *, resampling: ResamplingName = "lanczos") -> np.ndarray:
    """Resize a picture to `height` rows and `width` columns.

    Args:
        pixels: `[H, W]` or `[H, W, channels]`, with any number of channels: float32 in [0, 1], or levels of unsigned integers.
        height: number of rows of the result, at least 1.
        width: number of columns of the result, at least 1.
        resampling: `lanczos` in floating point, or Pillow's `bicubic` or `bilinear` of 8-bit values.

    Returns:
        A new float32 array, clipped to [0, 1] because Lanczos overshoots at edges; a copy if the shape is the same.

    Raises:
        ImageError: a number of rows or columns is below 1.
    """
    return whole(resized(pixels, height, width, resampling=resampling))


def resized(pixels: np.ndarray, height: int, width: int, *, resampling: ResamplingName = "lanczos") -> Bands:
    """`resize`, where rows are computed when they are read; arguments and errors are the same."""
    if height < 1 or width < 1:
        raise ImageError(f"cannot resize to {height} rows and {width} columns; wanted at least one of each")
    before, after, more = pixels.shape[:2], (height, width), pixels.shape[2:]
    if resampling != "lanczos":
        levels = _resized_levels(pixels, height, width, Image.Resampling[resampling.upper()])
        return Computed((*after, *more), lambda rows: unit_values(levels[rows]))
    if before == after:
        return Computed((*after, *more), lambda rows: unit_values(pixels[rows]))
    flat = pixels.reshape(*before, -1)
    channels = [
        Resampled(lambda rows, channel=channel: unit_values(flat[rows, :, channel]), before, after, resampling)
        for channel in range(flat.shape[2])
    ]

    def values(rows: slice) -> np.ndarray:
        each = np.stack([channel[rows] for channel in channels], axis=-1)
        return np.clip(each, 0, 1, out=each).reshape(len(each), width, *more)

    return Computed((*after, *more), values)


def _resized_levels(pixels: np.ndarray, height: int, width: int, kernel: Image.Resampling) -> np.ndarray:
    """Resize values of 8 bits, each channel at once, as other programs do: the order of rows and columns affects rounding."""
    flat = pixels.reshape(*pixels.shape[:2], -1)
    result, levels = np.empty((height, width, flat.shape[2]), np.uint8), np.empty(flat.shape[:2], np.uint8)
    for channel in range(flat.shape[2]):
        for rows in bands(len(flat)):
            levels[rows] = np.rint(255 * np.clip(unit_values(flat[rows, :, channel]), 0, 1))
        result[..., channel] = np.asarray(Image.fromarray(levels).resize((width, height), kernel))
    return result.reshape(height, width, *pixels.shape[2:])


def fit_long_side(height: int, width: int, long_side: int) -> tuple[int, int]:
    """Scale height and width so that the longer side is `long_side`; the shorter side is rounded and at least 1.

    Example:
        >>> fit_long_side(768, 1024, 512)
        (384, 512)
    """
    longer = max(height, width)

    def fitted(side: int) -> int:
        return max(1, (2 * side * long_side + longer) // (2 * longer))

    return fitted(height), fitted(width)
