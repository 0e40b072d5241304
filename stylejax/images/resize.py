"""Resizing on the host, once before and once after painting: Lanczos with antialiasing, in floating point."""

import numpy as np
from PIL import Image

from stylejax.errors import ImageError


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample to `height` rows and `width` columns.

    Args:
        pixels: float32 `[H, W]` or `[H, W, channels]` in [0, 1], with any number of channels.
        height: rows of the result, at least 1.
        width: columns of the result, at least 1.

    Returns:
        A new float32 array, clipped to [0, 1] since Lanczos overshoots at edges. At the same size, an exact copy.
    """
    if height < 1 or width < 1:
        raise ImageError(f"cannot resize to {height} rows and {width} columns; wanted at least one of each")
    values = np.array(pixels, np.float32)
    if values.shape[:2] == (height, width):
        return values
    flat = values.reshape(*values.shape[:2], -1)
    result = np.empty((height, width, flat.shape[2]), np.float32)
    for channel in range(flat.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(flat[..., channel]))  # mode F: one float32 a pixel
        result[..., channel] = np.asarray(plane.resize((width, height), Image.Resampling.LANCZOS))
    return np.clip(result, 0, 1).reshape(height, width, *values.shape[2:])


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
