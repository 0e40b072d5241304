"""Which rows of a picture each device stores, and which it computes."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from jax.sharding import Mesh

from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.tiles.geometry import Span, alignment, overlap

BATCH, ROWS = "batch", "rows"
"""The axes of the mesh: pictures of a batch, and rows of each picture."""


@dataclass(frozen=True)
class RowSplit:
    """A picture of `height` rows on a mesh with the axes `BATCH` and `ROWS`. Static: another value compiles another program."""

    mesh: Mesh
    height: int

    @property
    def name(self) -> str:
        """Identifies this division in any process."""
        return f"{self.height} rows on {dict(self.mesh.shape)}"

    @property
    def devices(self) -> int:
        """How many devices each picture has."""
        return self.mesh.shape[ROWS]

    @property
    def rows(self) -> int:
        """Rows that each device stores."""
        return math.ceil(self.height / self.devices)

    @property
    def padded(self) -> int:
        """Rows that all devices store: those of the picture, and fewer than `devices` below it that nothing reads."""
        return self.rows * self.devices

    def windows(self, spec: ObjectiveSpec) -> list[list[Span]]:
        """For each octave of an objective the rows that each device computes, in rows of the picture."""
        return [
            row_windows(self.height, self.devices, layers_at(spec, octave), octave=octave) for octave in range(spec.octaves)
        ]


def layers_at(spec: ObjectiveSpec, octave: int) -> tuple[str, ...]:
    """Those that are compared at an octave."""
    return spec.style_layers if octave else spec.layers


def margin(spec: ObjectiveSpec) -> int:
    """Rows at an inner edge of a window that the device does not own, at the octave where they are most."""
    return max(2**octave * overlap(layers_at(spec, octave)) for octave in range(spec.octaves))


def row_windows(height: int, devices: int, layers: Iterable[str], *, octave: int = 0) -> list[Span]:
    """The rows of a picture that each of several devices computes at an octave.

    A device owns about as many rows as it stores. All windows are equally large, as one program runs on every device. They
    begin at multiples of the deepest layer's stride, and the last one ends with the picture, so that an edge of the picture is
    an edge of a window and is padded as such.

    Args:
        height: of the picture, in pixels.
        devices: at least 1.
        layers: that are compared at this octave.
        octave: counted from 0.
    """
    layers = tuple(layers)
    unit, reach = (2**octave * count for count in (alignment(layers), overlap(layers)))
    inner = [round(number * height / devices / unit) * unit for number in range(1, devices)]
    owned = list(zip([0, *inner], [*inner, height], strict=True))
    needed = max(min(last + reach, height) - max(first - reach, 0) for first, last in owned)
    size = needed + (height - needed) % unit
    starts = [min(max(first - reach, 0), height - size) for first, _ in owned]
    return [Span(start, start + size, *own) for start, own in zip(starts, owned, strict=True)]
