"""The eight EXIF orientations, and the assembly of oriented pictures."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from stylejax.images.bands import bands
from stylejax.images.picture import unit_values
from stylejax.types import HostAlpha

_ORIENTATION_TAG = 0x0112
_SWAPPING = (5, 6, 7, 8)
_INVERSE = {6: 8, 8: 6}
"""Orientations that undo others; each other one undoes itself."""

Band = Callable[[slice], tuple[np.ndarray, np.ndarray | None]]


def orient(values: np.ndarray, orientation: int | Any) -> np.ndarray:
    """A view of `[height, width, ...]`, rotated and flipped by an EXIF orientation (1 to 8; other values count as 1)."""
    if orientation in _SWAPPING:
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def assemble(read: Band, height: int, width: int, orientation: int | Any) -> tuple[np.ndarray, HostAlpha | None]:
    """Assemble the samples and the opacity of a picture from bands of rows, without a second copy of it.

    Args:
        read: returns colors `[rows, width, 3]` and opacity `[rows, width]` or None of these rows of the file; levels, or
            floating point in [0, 1].
        height: number of rows of the file.
        width: number of columns of the file.
        orientation: its EXIF orientation, which is applied.
    """
    shape, back = (width, height) if orientation in _SWAPPING else (height, width), _INVERSE.get(orientation, orientation)
    samples, alpha = np.empty(0), None
    for rows in bands(height):
        colors, opacity = read(rows)
        if rows.start == 0:
            samples, alpha = np.empty((*shape, 3), colors.dtype), None if opacity is None else np.empty(shape, np.float32)
        orient(samples, back)[rows] = colors
        if alpha is not None and opacity is not None:
            orient(alpha, back)[rows] = unit_values(opacity)
    return samples, alpha


def swaps_axes(image: Image.Image) -> bool:
    """Whether the EXIF orientation exchanges rows and columns."""
    return orientation_of(image) in _SWAPPING


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation; 1 if there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # Pillow's EXIF parser raises many kinds of errors for damaged data
        return 1
    return value if isinstance(value, int) else 1
