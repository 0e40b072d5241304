"""Windows of one octave, cut out of arrays in host memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from stylejax.choices import PIXELS
from stylejax.losses.tiles.geometry import PictureTile, Span, tiles_of
from stylejax.losses.tiles.objective import Owned, TileInput, TileTargets
from stylejax.network.layers import poolings
from stylejax.types import AnyHostImage, AnyHostMasks

Rectangle = tuple[slice, slice]
"""Rows and columns of an array."""


@dataclass(frozen=True)
class TiledOctave:
    """A picture in host memory, with what its tiles need."""

    image: AnyHostImage
    layers: tuple[str, ...]
    """Those that are compared at this octave."""
    side: int
    """Most pixels along each side of a tile."""
    content: Mapping[str, np.ndarray]
    """The content targets by layer; empty at octaves that have none."""
    guides: Mapping[str, AnyHostMasks] | None = None
    """By layer; None without regions."""

    @property
    def tiles(self) -> list[PictureTile]:
        """All tiles."""
        height, width, _ = self.image.shape
        return tiles_of(height, width, self.side, self.layers)

    def windows(self) -> Iterator[tuple[PictureTile, TileInput]]:
        """Each tile with its window, on the device."""
        for tile in self.tiles:
            edges = map(jnp.int32, (*tile.rows.owned, *tile.columns.owned))
            content = {layer: jnp.asarray(target[positions(tile, layer)]) for layer, target in self.content.items()}
            guides = None
            if self.guides is not None:
                guides = {layer: jnp.asarray(guide[:, *positions(tile, layer)]) for layer, guide in self.guides.items()}
            image = jnp.asarray(self.image[positions(tile, PIXELS)])
            yield tile, TileInput(image, TileTargets(Owned(*edges), content, guides))


def positions(tile: PictureTile, layer: str) -> Rectangle:
    """The positions of a layer in the window of a tile; one slice may end beyond the picture."""
    stride = 1 if layer == PIXELS else 2 ** poolings(layer)
    return _slice(tile.rows, stride), _slice(tile.columns, stride)


def _slice(span: Span, stride: int) -> slice:
    return slice(span.start // stride, -(-span.stop // stride))
