"""The shape at which a picture is optimized, chosen so that few programs serve many pictures.

Every shape compiles one program per scale. By default pictures are therefore optimized at the nearest of a few common aspects
(1:1, 4:3, 3:2, 16:9, 21:9, landscape or portrait), and the result is resized to the content's own aspect: its strokes are
stretched by at most 19 %, and hardly at all for common cameras. `--round N` instead rounds each side to a multiple of N pixels:
more programs, less stretch; 1 keeps every aspect.
"""

import dataclasses
import math

from stylejax.choices import Rounding
from stylejax.settings.pyramid import fit_side, side_of
from stylejax.settings.settings import Settings

ASPECTS = (1.0, 4 / 3, 3 / 2, 16 / 9, 21 / 9)
"""The longer side over the shorter; beyond these, whole numbers."""


def result_shape(height: int, width: int, settings: Settings) -> tuple[int, int]:
    """Height and width of the finished picture: the content's aspect at the size that the settings ask for."""
    side = side_of(height, width, settings) if settings.size == "native" else settings.size
    return fit_side(height, width, side, settings)


def optimized_shape(height: int, width: int, settings: Settings, rounding: Rounding) -> tuple[int, int]:
    """Height and width at which a content of this height and width is optimized."""
    exact = result_shape(height, width, settings)
    if rounding != "auto":
        return tuple(max(rounding, round(side / rounding) * rounding) for side in exact)  # pyright: ignore[reportReturnType]
    aspect = _common_aspect(max(exact) / min(exact))
    long, short = max(exact), min(exact)
    if settings.size == "native":
        long = _rounded(long, _fine(long) * 4)
    if settings.size_rule == "short" and settings.size != "native":
        long = _rounded(short * aspect, _fine(short)) if aspect > 1 else short
    else:
        short = _rounded(long / aspect, _fine(min(long, round(2 * long / aspect)))) if aspect > 1 else long
    return (short, long) if width >= height else (long, short)


def settings_at(settings: Settings, shape: tuple[int, int]) -> Settings:
    """The settings with the size that gives exactly `shape`, height and width, for a content of that shape."""
    return dataclasses.replace(settings, size=side_of(*shape, settings))


def _common_aspect(aspect: float) -> float:
    """The nearest common aspect, by the ratio between the two."""
    known = [*ASPECTS, *(float(math.floor(aspect) + more) for more in (0, 1) if aspect > ASPECTS[-1])]
    return min(known, key=lambda each: abs(math.log(aspect / each)))


def _fine(side: int) -> int:
    """The power of two nearest to 1/32 of a side: its multiples are halved evenly by the network and from scale to scale."""
    return 2 ** max(0, round(math.log2(side / 32)))


def _rounded(side: float, multiple: int) -> int:
    return max(1, round(side / multiple)) * multiple
