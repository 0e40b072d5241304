"""Bands of rows: what is computed for each pixel alone is computed for some rows at a time, without further large arrays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Computed:
    """Float32 `shape`, whose rows are computed when they are read."""

    shape: tuple[int, ...]
    rows: Callable[[slice], np.ndarray]
    """Computes some consecutive rows as a new array."""
    dtype = np.dtype(np.float32)

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        return self.rows(rows)


def whole(source: Bands, *, out: np.ndarray | None = None) -> np.ndarray:
    """All rows, as an array of their own, or in `out`."""
    result = np.empty(source.shape, source.dtype) if out is None else out
    for rows in bands(len(result)):
        result[rows] = source[rows]
    return result


def bands(height: int, *, rows: int = ROWS) -> Iterator[slice]:
    """Consecutive slices of at most `rows` rows that cover `height` rows."""
    yield from (slice(top, min(top + rows, height)) for top in range(0, height, rows))
