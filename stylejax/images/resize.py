"""Antialiased resizing in host memory.

Each channel is resampled with a filter of Pillow's: in floating point first along its rows, then along its columns, some at a
time, which takes memory for the result and for one channel between both.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError
from stylejax.images.bands import bands
from stylejax.images.picture import unit_values
from stylejax.types import Shape

Rows = Callable[[slice], np.ndarray]
"""Reads some rows of one channel: float32 `[rows, width]`."""

_LINES = 512
"""Rows or columns that are resampled at a time; for each time, Pillow computes the filter anew."""


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
    if height < 1 or width < 1:
        raise ImageError(f"cannot resize to {height} rows and {width} columns; wanted at least one of each")
    if resampling != "lanczos":
        return _resize_bytes(pixels, height, width, Image.Resampling[resampling.upper()])
    result = resample(pixels, height, width, resampling, convert=unit_values)
    return result if pixels.shape[:2] == (height, width) else np.clip(result, 0, 1, out=result)


def resample(
    values: np.ndarray,
    height: int,
    width: int,
    resampling: ResamplingName,
    *,
    convert: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> np.ndarray:
    """Resample `[H, W]` or `[H, W, channels]` to float32.

    Args:
        values: of any range; float32 unless `convert` makes them so.
        height: number of rows of the result.
        width: number of columns of the result.
        resampling: the filter.
        convert: applied to some rows of a channel before they are resampled.
    """
    flat = values.reshape(*values.shape[:2], -1)
    result = np.empty((height, width, flat.shape[2]), np.float32)
    for channel in range(flat.shape[2]):
        resample_channel(lambda rows: convert(flat[rows, :, channel]), values.shape[:2], result[..., channel], resampling)  # noqa: B023
    return result.reshape(height, width, *values.shape[2:])


def resample_channel(read: Rows, shape: Shape, result: np.ndarray, resampling: ResamplingName) -> None:
    """Resample one channel, of height and width `shape`, into `result` `[height, width]`."""
    kernel, (height, width) = Image.Resampling[resampling.upper()], result.shape
    between = np.empty((shape[0], width), np.float32)
    for rows in bands(shape[0], rows=_LINES):
        between[rows] = _resized(read(rows), rows.stop - rows.start, width, kernel)
    for columns in bands(width, rows=_LINES):
        result[:, columns] = _resized(between[:, columns], height, columns.stop - columns.start, kernel)


def _resized(values: np.ndarray, height: int, width: int, kernel: Image.Resampling) -> np.ndarray:
    if values.shape == (height, width):
        return values
    return np.asarray(Image.fromarray(np.ascontiguousarray(values)).resize((width, height), kernel))


def _resize_bytes(pixels: np.ndarray, height: int, width: int, kernel: Image.Resampling) -> np.ndarray:
    """Resize values of 8 bits, each channel at once, as other programs do: the order of rows and columns affects rounding."""
    flat = pixels.reshape(*pixels.shape[:2], -1)
    result, levels = np.empty((height, width, flat.shape[2]), np.float32), np.empty(flat.shape[:2], np.uint8)
    for channel in range(flat.shape[2]):
        for rows in bands(len(flat)):
            levels[rows] = np.rint(255 * np.clip(unit_values(flat[rows, :, channel]), 0, 1))
        result[..., channel] = _resized(levels, height, width, kernel)
    result /= np.float32(255)
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
