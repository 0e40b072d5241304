"""Bands of rows: what a pixel or its neighbors decide is computed for some rows at a time, without further large arrays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from stylejax.types import Shape

ROWS = 64
"""Rows of a band: 9 MB of a picture of 100 megapixels in floating point."""

PIXELS = 2**20
"""About so many of each of `equal_bands`: large enough to keep all cores busy, and small beside the features of a tile."""


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


def equal_bands(shape: Shape, *, unit: int = 1, pixels: int = PIXELS) -> list[slice]:
    """The same with as many rows in all bands but the last, so that one compiled program serves them.

    Args:
        shape: height and width of the picture.
        unit: bands begin at multiples of so many rows, and have at least as many.
        pixels: about so many in each.
    """
    height, width = shape
    count = max(1, min(round(height * width / pixels), height // unit))
    rows = height // count // unit * unit or height
    starts = list(range(0, height - rows + 1, rows))
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], height], strict=True)]
