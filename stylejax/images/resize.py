"""Antialiased resizing in host memory."""

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError


def resize(pixels: np.ndarray, height: int, width: int, *, resampling: ResamplingName = "lanczos") -> np.ndarray:
    """Resize a picture to `height` rows and `width` columns.

    Args:
        pixels: float32 `[H, W]` or `[H, W, channels]` in [0, 1], with any number of channels.
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
    exact = resampling == "lanczos"
    values = np.asarray(pixels, np.float32) if exact else _bytes(pixels)
    same = values.shape[:2] == (height, width)
    result = values.astype(np.float32) if same else resample(values, height, width, resampling)
    if not exact:
        result /= np.float32(255)
    return result if same else np.clip(result, 0, 1, out=result)


def _bytes(pixels: np.ndarray) -> np.ndarray:
    """Values in [0, 1] as the nearest of 0 to 255, row by row: in floating point, no copy of the picture is made."""
    levels = np.empty(pixels.shape, np.uint8)
    for row, values in zip(levels, pixels, strict=True):
        row[...] = np.rint(255 * np.clip(values, 0, 1))
    return levels


def resample(values: np.ndarray, height: int, width: int, resampling: ResamplingName) -> np.ndarray:
    """Resample float32 of any range, or uint8, `[H, W]` or `[H, W, channels]`, with a filter of Pillow's, to float32."""
    flat, kernel = values.reshape(*values.shape[:2], -1), Image.Resampling[resampling.upper()]
    result = np.empty((height, width, flat.shape[2]), np.float32)
    for channel in range(flat.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(flat[..., channel]))  # one float32 or byte per pixel
        result[..., channel] = np.asarray(plane.resize((width, height), kernel))
    return result.reshape(height, width, *values.shape[2:])


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
