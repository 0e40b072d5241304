"""The eight EXIF orientations."""

from typing import Any

import numpy as np
from PIL import Image

_ORIENTATION_TAG = 0x0112


def orient(values: np.ndarray, orientation: int | Any) -> np.ndarray:
    """Rotate and flip `[height, width, ...]` according to an EXIF orientation (1 to 8; other values count as 1)."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


def swaps_axes(image: Image.Image) -> bool:
    """Whether the EXIF orientation exchanges rows and columns."""
    return 5 <= orientation_of(image) <= 8


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation; 1 if there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # Pillow's EXIF parser raises many kinds of errors for damaged data
        return 1
    return value if isinstance(value, int) else 1
