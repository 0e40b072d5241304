"""An oil painting: thick brush strokes carried by a current with glowing whirlpools.

The composition (where the whirlpools are, how the paint flows, which color is where) lives on a fixed grid, so it is the
same at every size. Layers of strokes, broad to fine, follow the flow, and the ridges of paint are lit from the upper left.
"""

from typing import NamedTuple

import numpy as np

from stylejax.paintings.brush import Strokes, lay
from stylejax.paintings.canvas import noise, ramp, refinement, shrink
from stylejax.types import HostImage

_DEEP = ("#040820", "#0b1550", "#132f92", "#1a59b4", "#1a86ad", "#44b3ae", "#d3ecca")
_GLOW = ("#7d2618", "#d24a1a", "#f0841a", "#fab62a", "#ffde62", "#fff6da")
_GRID = 192  # grid points to the short side
_KNOTS = 24  # points of a stroke's path
_MARGIN = 0.1  # strokes begin this far outside the frame too


class Layer(NamedTuple):
    """One layer of strokes: half-width and length in short sides, how often it covers the canvas, how dry the brush is."""

    half_width: float
    length: float
    cover: float
    dryness: float


_LAYERS = (
    Layer(0.045, 0.36, 5.0, 0.0),
    Layer(0.024, 0.30, 2.8, 0.2),
    Layer(0.0170, 0.22, 1.5, 0.4),
    Layer(0.0120, 0.16, 0.45, 0.5),
)


class Scene(NamedTuple):
    """The composition on the grid: unit flow `[..., 2]` (right, down), dark to light, and how much it glows."""

    flow: np.ndarray
    tone: np.ndarray
    glow: np.ndarray


def paint_strokes(height: int, width: int, *, seed: int = 0) -> HostImage:
    """Paint swirling oil strokes: deep blues and teals around glowing yellow and orange whirlpools.

    Args:
        height: rows of the picture.
        width: columns of the picture.
        seed: which painting; the same seed gives the same bytes, and the same composition at every size.

    Returns:
        float32 sRGB `[height, width, 3]` in [0, 1].
    """
    rng = np.random.default_rng(seed)
    factor = refinement(height, width)
    rows, columns = height * factor, width * factor
    short = min(rows, columns)
    scene = _compose(rng, rows / short, columns / short)
    canvas = np.zeros((rows, columns, 3), np.float32) + ramp(_DEEP, np.array(0.2))
    relief = np.zeros((rows, columns), np.float32)
    for layer in _LAYERS:
        lay(_strokes(scene, layer, rows, columns, rng), canvas, relief, rng)
    return shrink(_lit(canvas, relief * short), factor)


def _compose(rng: np.random.Generator, tall: float, wide: float) -> Scene:
    rows, columns = round(_GRID * tall), round(_GRID * wide)
    y, x = np.mgrid[0:rows, 0:columns] / _GRID
    stream = 0.045 * noise(rows, columns, 2.2, rng) + 0.012 * noise(rows, columns, 6, rng) + 0.22 * (y - 0.25 * x)
    inward = np.zeros((rows, columns, 2))
    glow, arms = np.zeros((rows, columns)), np.zeros((rows, columns))
    for right, down, radius, spin in _whirlpools(rng, tall, wide):
        offset = np.stack([x - right, y - down], -1) / radius
        distance = np.linalg.norm(offset, axis=-1) + 1e-3
        spiral = np.cos(3 * np.arctan2(offset[..., 1], offset[..., 0]) + spin * 5 * np.log(distance))
        stream += spin * radius * 1.1 * np.exp(-0.5 * distance**2)
        inward -= 0.30 * offset * np.exp(-0.3 * distance**2)[..., None]
        arms += np.exp(-0.22 * distance**2) * spiral
        halo = (0.36 + 0.30 * spiral) * np.exp(-10 * (distance - 1.12) ** 2)
        glow = np.maximum(glow, 1.2 * np.exp(-2.4 * distance**2) + halo)
    down_slope, right_slope = np.gradient(stream, 1 / _GRID)
    flow = np.stack([down_slope, -right_slope], -1) + inward
    flow /= np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-6
    bands = np.sin(30 * stream + noise(rows, columns, 3, rng))
    tone = 0.40 + 0.28 * bands + 0.20 * arms + 0.10 * noise(rows, columns, 5, rng)
    return Scene(flow, tone, glow)


def _whirlpools(rng: np.random.Generator, tall: float, wide: float) -> list[tuple[float, float, float, float]]:
    """(right, down, radius, spin) of each: a large one off the center, smaller ones where there is room."""
    main = (rng.choice([0.37, 0.63]) * wide, rng.uniform(0.36, 0.46) * tall, 0.21, rng.choice([-1.0, 1.0]))
    placed = [main]
    for radius in [0.14, 0.12, 0.10, 0.085, 0.075, 0.065, 0.06] * max(1, round(tall * wide)):
        spots = rng.uniform((0.02 * wide, 0.02 * tall), (0.98 * wide, 0.98 * tall), (40, 2))
        room = [min(np.hypot(x - p[0], y - p[1]) - 1.3 * (p[2] + radius) for p in placed) for x, y in spots]
        best = int(np.argmax(room))
        if room[best] > 0:
            placed.append((spots[best, 0], spots[best, 1], radius * rng.uniform(0.9, 1.15), -placed[-1][3]))
    return placed


def _strokes(scene: Scene, layer: Layer, rows: int, columns: int, rng: np.random.Generator) -> Strokes:
    """Strokes of `layer` all over the frame, in random order, in canvas pixels."""
    short = min(rows, columns)
    tall, wide = rows / short + 2 * _MARGIN, columns / short + 2 * _MARGIN
    pitch = np.sqrt(2 * layer.half_width * layer.length / layer.cover)
    down, across = round(tall / pitch), round(wide / pitch)
    # One stroke in each cell of a grid: strewn freely, some places would stay bare.
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(down)), -1).reshape(-1, 2)
    middles = (rng.permutation(cells) + rng.random(cells.shape)) / (across, down) * (wide, tall) - _MARGIN
    count = len(middles)
    paths = _follow(scene.flow, middles, layer.length * rng.uniform(0.6, 1.2, count))
    colors = np.stack([_color(scene, middles, rng) for _ in "lr"], 1).astype(np.float32)
    thickness = (rng.uniform(0.5, 1, count) * layer.half_width**0.5 * 0.06).astype(np.float32)
    halves = layer.half_width * rng.uniform(0.7, 1.2, count)
    return Strokes(paths * short, halves * short, colors, thickness, layer.dryness)


def _follow(flow: np.ndarray, middles: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Paths `[strokes, _KNOTS, 2]` along the flow, half of each before and half after its middle."""
    step = lengths[:, None] / _KNOTS
    before, after = [middles], [middles]
    for _ in range(_KNOTS // 2):
        for points, way in ((before, -step), (after, step)):
            halfway = points[-1] + _look_up(flow, points[-1]) * way / 2
            points.append(points[-1] + _look_up(flow, halfway) * way)
    return np.stack(before[:0:-1] + after[:-1], 1)


def _color(scene: Scene, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A color for each point: pure deep or pure glowing, for a mixture of blue and orange would be gray."""
    tone = _look_up(scene.tone, points) + rng.normal(0, 0.11, len(points))
    glow = _look_up(scene.glow, points) + rng.normal(0, 0.10, len(points))
    warm = glow + rng.normal(0, 0.06, len(points)) > 0.3
    color = np.where(warm[:, None], ramp(_GLOW, glow), ramp(_DEEP, tone))
    return color * rng.normal(1, 0.06, (len(points), 1)) + rng.normal(0, 0.018, (len(points), 3))


def _look_up(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a `field` on the grid at the grid points nearest to `points` `[..., 2]` (right, down)."""
    right = np.clip(np.rint(points[..., 0] * _GRID), 0, field.shape[1] - 1).astype(np.int32)
    down = np.clip(np.rint(points[..., 1] * _GRID), 0, field.shape[0] - 1).astype(np.int32)
    return field[down, right]


def _lit(canvas: np.ndarray, relief: np.ndarray) -> np.ndarray:
    """`canvas` with light on the slopes of `relief` that face the upper left, shadow on the others."""
    down, right = np.gradient(relief)
    light = np.clip(-0.5 * (down + right), -0.3, 0.45)[..., None]
    return canvas * (1 + np.minimum(light, 0)) + (1 - canvas) * np.maximum(light, 0) * 0.55
