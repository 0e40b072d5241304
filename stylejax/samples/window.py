"""Design of the stained-glass window: a sun with halos, sky, hills and a river, each divided into panes.

Lengths are in short sides of the window, so the design is independent of the number of pixels.
"""

from typing import NamedTuple

import numpy as np

from stylejax.samples.canvas import ramp
from stylejax.samples.cells import nearest, relaxed

_GRID = 96  # grid points per short side, for the placement of panes
_RADII = (0.095, 0.19, 0.30)  # of the sun and its two halos


class Region(NamedTuple):
    """Panes per squared short side, and the colors of a region."""

    density: float
    stops: tuple[str, ...]


_REGIONS = (
    Region(260, ("#fffbe0", "#ffe475")),  # 0 sun
    Region(330, ("#ffcf2e", "#fb9a10")),  # 1 inner halo
    Region(230, ("#f7780e", "#c81a26")),  # 2 outer halo
    Region(260, ("#b4124e", "#6a1c94", "#2b2fb0", "#0f4fae", "#0b2f7c")),  # 3 sky
    Region(230, ("#2f62c4", "#41349c", "#1d7fa8")),  # 4 far hills
    Region(200, ("#17a07a", "#0a6478", "#2a8f9a")),  # 5 hills
    Region(190, ("#58b32e", "#0f7a3e", "#0a5a44", "#9cc42c")),  # 6 near hills
    Region(420, ("#fff0a8", "#7adbe2", "#1c84c8", "#1450a8")),  # 7 river
)
_SUN, _INNER, _OUTER, _SKY, _HILLS, _RIVER = 0, 1, 2, 3, 4, 7
_ODD = ("#f0bc1e", "#d01c30", "#18a8b0", "#7e2aa6")  # colors of a few exceptional panes


class Window(NamedTuple):
    """Width, height, center of the sun, and phases of the outlines of the hills."""

    wide: float
    tall: float
    sun: tuple[float, float]
    phases: np.ndarray


class Panes(NamedTuple):
    """Region and pane of each point, `[rows, columns]`, and the color of each pane, `[panes, 3]`."""

    region: np.ndarray
    pane: np.ndarray
    colors: np.ndarray


def design(wide: float, tall: float, rng: np.random.Generator) -> Window:
    """Generate a window of `wide` by `tall` short sides."""
    sun = (rng.choice([0.36, 0.64]) * wide, rng.uniform(0.29, 0.35) * tall)
    return Window(wide, tall, sun, rng.uniform(0, 2 * np.pi, 7))


def panes(window: Window, right: np.ndarray, down: np.ndarray, rng: np.random.Generator) -> Panes:
    """Find region and pane of the points (`right`, `down`), `[rows, columns]` each."""
    rows, columns = round(_GRID * window.tall), round(_GRID * window.wide)
    coarse_down, coarse_right = (np.mgrid[0:rows, 0:columns] + 0.5) / _GRID
    coarse_region, coarse_place = _regions(window, coarse_right, coarse_down)
    region, place = _regions(window, right, down)
    pane = np.zeros(region.shape, np.int32)
    colors = np.zeros((0, 3), np.float32)
    for number, kind in enumerate(_REGIONS):
        inside = coarse_region == number
        count = max(1, round(kind.density * inside.sum() / _GRID**2))
        if not inside.any():
            continue
        sites = relaxed(coarse_place[inside], count, rng)
        owner = nearest(coarse_place[inside], sites)
        tally = np.maximum(np.bincount(owner, minlength=len(sites)), 1)
        middles = [np.bincount(owner, axis[inside], len(sites)) / tally for axis in (coarse_right, coarse_down)]
        here = region == number
        pane[here] = len(colors) + nearest(place[here], sites)
        colors = np.concatenate([colors, _colors(window, number, middles[0], middles[1], rng)])
    return Panes(region, pane, colors)


def _regions(window: Window, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Region of each point, and its coordinates `[..., 3]` in a space where the panes of that region have equal size."""
    phases, horizon = window.phases, 0.6 * window.tall
    from_sun = np.hypot(x - window.sun[0], y - window.sun[1])
    turn = np.arctan2(y - window.sun[1], x - window.sun[0])
    hills = [
        horizon + 0.045 * np.sin(4.3 * x + phases[0]) + 0.020 * np.sin(9.1 * x + phases[1]),
        horizon + 0.11 * window.tall + 0.060 * np.sin(3.1 * x + phases[2]) + 0.015 * np.sin(8.3 * x + phases[3]),
        horizon + 0.24 * window.tall + 0.050 * np.sin(3.7 * x + phases[4]) + 0.020 * np.sin(7.0 * x + phases[5]),
    ]
    region = np.searchsorted(_RADII, from_sun)
    # Panes are arranged in rings around the sun: coordinates are the radius and a circle that shrinks toward the sun.
    stretch = np.array([1.0, 1.1, 0.9, 0.42])[region]
    circle = np.array([0.06, 0.15, 0.24, 0.42])[region]
    place = [from_sun * stretch, circle * np.cos(turn), circle * np.sin(turn)]
    for number, line in enumerate(hills):
        below = y > line
        region[below] = _HILLS + number
        place = [np.where(below, new, old) for new, old in zip((0.65 * x, 1.4 * (y - line), 0 * x), place, strict=True)]
    bend = 0.5 * window.wide + 0.36 * np.sin(8 * (y - horizon) + phases[6]) * (y - horizon + 0.06)
    half = 0.014 + 0.36 * np.maximum(y - hills[0], 0) ** 1.3
    river = (np.abs(x - bend) < half) & (y > hills[0])
    region[river] = _RIVER
    flow = (0.10 * (x - bend) / (half + 0.03), 1.5 * y, 0 * x)
    place = [np.where(river, new, old) for new, old in zip(flow, place, strict=True)]
    return region, np.stack(place, -1).astype(np.float32)


def _colors(window: Window, number: int, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colors of the panes of region `number` with centers (`x`, `y`)."""
    count = len(x)
    from_sun = np.hypot(x - window.sun[0], y - window.sun[1])
    if number < _SKY:
        inner = (0.0, *_RADII)[number]
        along = (from_sun - inner) / (_RADII[number] - inner)
    elif number == _SKY:
        along = (from_sun - _RADII[-1]) / 0.5
    elif number == _RIVER:
        along = (y / window.tall - 0.6) / 0.4
    else:
        along = rng.random(count)
    colors = ramp(_REGIONS[number].stops, along + rng.normal(0, 0.13, count))
    odd = (rng.random(count) < 0.08) & (number >= _SKY)
    colors[odd] = ramp(_ODD, rng.integers(0, len(_ODD), count) / (len(_ODD) - 1))[odd]
    colors = colors * rng.normal(1, 0.12, (count, 1)) + rng.normal(0, 0.02, (count, 3))
    return np.clip(colors, 0, 1).astype(np.float32)
