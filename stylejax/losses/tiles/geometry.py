"""Where the tiles of a picture are: windows that overlap, of which each owns a part that no other does.

A network pads the edges of a window as it pads those of a picture. Features near an edge that is not the picture's are
therefore wrong, and a window owns only positions whose receptive fields do not reach beyond it. Windows begin and end at
multiples of the deepest layer's stride, so that their poolings are those of the whole picture.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from stylejax.choices import PIXELS
from stylejax.errors import SettingsError
from stylejax.network.layers import layers_up_to, poolings


class Span(NamedTuple):
    """A tile along one axis, in pixels."""

    start: int
    """The first pixel of the window."""
    stop: int
    """One past the last."""
    first: int
    """The first pixel that the tile owns."""
    last: int
    """One past the last."""

    @property
    def size(self) -> int:
        """Pixels of the window."""
        return self.stop - self.start

    @property
    def owned(self) -> tuple[int, int]:
        """`first` and `last`, counted from the start of the window."""
        return self.first - self.start, self.last - self.start


class PictureTile(NamedTuple):
    """A rectangle of a picture."""

    rows: Span
    columns: Span


def alignment(layers: Iterable[str]) -> int:
    """Pixels of one position of the deepest of `layers`, which windows begin and end at multiples of."""
    return 2 ** max((poolings(layer) for layer in layers if layer != PIXELS), default=0)


def overlap(layers: Iterable[str]) -> int:
    """Pixels at an inner edge of a window where features of `layers` are not those of the whole picture.

    Each convolution spoils one more position along the edge, and each pooling halves their number, rounded up. The result is
    rounded up to a multiple of `alignment`.
    """
    layers = tuple(layer for layer in layers if layer != PIXELS)
    spoilt, stride, deepest = 0, 1, 0
    for layer in layers_up_to(layers) if layers else ():
        if layer.kind == "conv":
            spoilt += 1
        elif layer.kind == "pool":
            spoilt, stride = math.ceil(spoilt / 2), 2 * stride
        if layer.name in layers:
            deepest = max(deepest, spoilt * stride)
    unit = alignment(layers)
    return math.ceil(deepest / unit) * unit


def smallest_tile(layers: Iterable[str]) -> int:
    """The smallest side of a tile, which owns one position of the deepest of `layers` between two overlaps."""
    layers = tuple(layers)
    return 2 * overlap(layers) + alignment(layers)


def tiles_of(height: int, width: int, side: int, layers: Iterable[str]) -> list[PictureTile]:
    """The tiles of a picture, row by row.

    Those that do not touch the lower or right edge have one shape; there can be three other shapes.

    Args:
        height: of the picture, in pixels.
        width: likewise.
        side: most pixels along each side of a tile with its overlap; the tiles are about equally large. Those at the lower and
            right edge may have up to `alignment` more, as the picture's size needs it.
        layers: at which the tiles are compared.

    Raises:
        SettingsError: `side` is less than `smallest_tile`.
    """
    layers = tuple(layers)
    check_side(side, layers)
    margin, unit = overlap(layers), alignment(layers)
    rows, columns = (_spans(length, side, margin, unit) for length in (height, width))
    return [PictureTile(row, column) for row in rows for column in columns]


def check_side(side: int, layers: Iterable[str]) -> None:
    """Raise SettingsError if tiles of `side` are smaller than `smallest_tile`."""
    layers = tuple(layers)
    if side < smallest_tile(layers):
        deepest = layers_up_to(layer for layer in layers if layer != PIXELS)[-1].name if set(layers) - {PIXELS} else PIXELS
        raise SettingsError(
            f"tiles is {side}, but tiles for {deepest} overlap by {overlap(layers)} pixels on each side; "
            f"give at least {smallest_tile(layers)}"
        )


def _spans(length: int, side: int, margin: int, unit: int) -> list[Span]:
    whole = length // unit * unit  # the last window has the rest, too
    if whole <= side:
        return [Span(0, length, 0, length)]
    count = math.ceil((whole - 2 * margin) / (side // unit * unit - 2 * margin))
    side = math.ceil((whole + 2 * margin * (count - 1)) / count / unit) * unit  # the least with which as many suffice
    units = (length - side) // unit  # at which the last window begins
    starts = [unit * (number * units // (count - 1)) for number in range(count)]
    stops = [start + side for start in starts[:-1]] + [length]
    # Between two tiles, the middle of what both have.
    middles = [start + (stop - start) // (2 * unit) * unit for start, stop in zip(starts[1:], stops[:-1], strict=True)]
    return [Span(*each) for each in zip(starts, stops, [0, *middles], [*middles, length], strict=True)]
