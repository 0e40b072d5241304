"""Pictures drawn by code, to paint with, and a photograph to paint: what the demo and the tests use.

Each painter takes a height, a width and a seed and returns float32 sRGB `[height, width, 3]` in [0, 1]. The same seed
gives the same bytes on the same machine, and the same composition at every size of the same proportions.
"""

from collections.abc import Callable

from stylejax.samples.glass import paint_glass
from stylejax.samples.photograph import demo_photograph
from stylejax.samples.strokes import paint_strokes
from stylejax.samples.waves import paint_waves
from stylejax.types import HostImage

PAINTINGS: dict[str, Callable[..., HostImage]] = {
    "strokes": paint_strokes,
    "glass": paint_glass,
    "waves": paint_waves,
}
"""The painters by name."""

__all__ = ["PAINTINGS", "demo_photograph", "paint_glass", "paint_strokes", "paint_waves"]
