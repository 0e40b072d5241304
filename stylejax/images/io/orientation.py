"""Which way up: the eight orientations of EXIF, and what they do to rows and columns."""

import numpy as np
from PIL import Image

_ORIENTATION_TAG = 0x0112


def orient(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turn `[height, width, ...]` upright: undo one of the eight orientations of EXIF (1 to 8, others count as 1)."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


def is_turned(image: Image.Image) -> bool:
    """Whether EXIF says that rows and columns are to be exchanged."""
    return 5 <= orientation_of(image) <= 8


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation; 1 when there is none or the EXIF block is damaged, which makes no picture unreadable."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # Pillow's EXIF parser lets whatever it trips over escape
        return 1
    return value if isinstance(value, int) else 1
