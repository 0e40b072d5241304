"""Bands of rows: what is computed for each pixel alone is computed for some rows at a time, without further large arrays."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np

ROWS = 64
"""Rows of a band: 9 MB of a picture of 100 megapixels in floating point."""


@runtime_checkable
class Bands(Protocol):
    """An array `[height, ...]` that is read by bands: one of NumPy, or one that computes its rows when they are read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Of its values."""
        ...

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """Some rows."""
        ...


def bands(height: int, *, rows: int = ROWS) -> Iterator[slice]:
    """Consecutive slices of at most `rows` rows that cover `height` rows."""
    yield from (slice(top, min(top + rows, height)) for top in range(0, height, rows))
