"""Resizing on the host, once before and once after painting, with antialiasing."""

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.errors import ImageError


def resize(pixels: np.ndarray, height: int, width: int, resampling: ResamplingName = "lanczos") -> np.ndarray:
    """Resample to `height` rows and `width` columns.

    Args:
        pixels: float32 `[H, W]` or `[H, W, channels]` in [0, 1], with any number of channels.
        height: rows of the result, at least 1.
        width: columns of the result, at least 1.
        resampling: `lanczos` in floating point, or `bicubic` or `bilinear` as Pillow computes them on 8 bits.

    Returns:
        A new float32 array, clipped to [0, 1] since Lanczos overshoots at edges. At the same size, a copy.
    """
    if height < 1 or width < 1:
        raise ImageError(f"cannot resize to {height} rows and {width} columns; wanted at least one of each")
    if resampling == "lanczos":
        values, unit = np.array(pixels, np.float32), 1
    else:
        values, unit = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8), 255
    if values.shape[:2] == (height, width):
        return values.astype(np.float32) / np.float32(unit)
    return np.clip(resampled(values, height, width, resampling) / np.float32(unit), 0, 1)


def resampled(values: np.ndarray, height: int, width: int, resampling: ResamplingName) -> np.ndarray:
    """Float32 of any range, or uint8, `[H, W]` or `[H, W, channels]`, at another shape by a filter of Pillow's, as float32."""
    flat, kernel = values.reshape(*values.shape[:2], -1), Image.Resampling[resampling.upper()]
    result = np.empty((height, width, flat.shape[2]), np.float32)
    for channel in range(flat.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(flat[..., channel]))  # one float32 or one byte a pixel
        result[..., channel] = np.asarray(plane.resize((width, height), kernel))
    return result.reshape(height, width, *values.shape[2:])


def fit_long_side(height: int, width: int, long_side: int) -> tuple[int, int]:
    """The height and width of the same shape whose longer side is `long_side`; the shorter is rounded, at least 1.

    Example:
        >>> fit_long_side(768, 1024, 512)
        (384, 512)
    """
    longer = max(height, width)

    def fitted(side: int) -> int:
        return max(1, (2 * side * long_side + longer) // (2 * longer))

    return fitted(height), fitted(width)
