"""Bands of rows, by which a large picture is changed in host memory: a step needs no second copy of it."""

from stylejax.types import Shape

PIXELS = 2**20
"""About so many of each band: large enough to keep all cores busy, and small beside a tile's features."""


def bands_of(shape: Shape, *, unit: int = 1, pixels: int = PIXELS) -> list[slice]:
    """The rows of each band, from top to bottom.

    All bands but the last have the same number of rows, so that one program serves them.

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
