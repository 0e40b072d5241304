"""An oil painting: thick brush strokes along a current with glowing whirlpools.

Layers of strokes, from broad to fine, follow a flow field (see `current`); the relief of the paint is lit from the upper left.
"""

from typing import NamedTuple

import numpy as np

from stylejax.samples.brush import Strokes, lay
from stylejax.samples.canvas import ramp, refinement, shrink
from stylejax.samples.current import Scene, compose, follow, look_up
from stylejax.types import HostImage

_DEEP = ("#040820", "#0b1550", "#132f92", "#1a59b4", "#1a86ad", "#44b3ae", "#d3ecca")
_GLOW = ("#7d2618", "#d24a1a", "#f0841a", "#fab62a", "#ffde62", "#fff6da")
_KNOTS = 24  # points per stroke
_MARGIN = 0.1  # margin around the frame where strokes also start


class PaintLayer(NamedTuple):
    """Strokes of one brush: half-width and length in short sides, mean number of strokes over a point, and dryness."""

    half_width: float
    length: float
    cover: float
    dryness: float


_LAYERS = (
    PaintLayer(0.045, 0.36, 5.0, 0.0),
    PaintLayer(0.024, 0.30, 2.8, 0.2),
    PaintLayer(0.0170, 0.22, 1.5, 0.4),
    PaintLayer(0.0120, 0.16, 0.45, 0.5),
)


def paint_strokes(height: int, width: int, *, seed: int = 0) -> HostImage:
    """Paint swirling oil strokes: deep blues and teals around glowing yellow and orange whirlpools.

    Args:
        height: number of rows.
        width: number of columns.
        seed: random seed. The same seed gives the same bytes, and the same composition at every size.

    Returns:
        float32 sRGB `[height, width, 3]` in [0, 1].
    """
    rng = np.random.default_rng(seed)
    factor = refinement(height, width)
    rows, columns = height * factor, width * factor
    short = min(rows, columns)
    scene = compose(rng, rows / short, columns / short)
    canvas = np.zeros((rows, columns, 3), np.float32) + ramp(_DEEP, np.array(0.2))
    relief = np.zeros((rows, columns), np.float32)
    for layer in _LAYERS:
        lay(_strokes(scene, layer, rows, columns, rng), canvas, relief, rng)
    return shrink(_lit(canvas, relief * short), factor)


def _strokes(scene: Scene, layer: PaintLayer, rows: int, columns: int, rng: np.random.Generator) -> Strokes:
    """Strokes of `layer` over the whole frame, in random order, in canvas pixels."""
    short = min(rows, columns)
    tall, wide = rows / short + 2 * _MARGIN, columns / short + 2 * _MARGIN
    pitch = np.sqrt(2 * layer.half_width * layer.length / layer.cover)
    down, across = round(tall / pitch), round(wide / pitch)
    # One stroke per cell of a grid; independent random positions would leave gaps.
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(down)), -1).reshape(-1, 2)
    middles = (rng.permutation(cells) + rng.random(cells.shape)) / (across, down) * (wide, tall) - _MARGIN
    count = len(middles)
    paths = follow(scene.flow, middles, layer.length * rng.uniform(0.6, 1.2, count), _KNOTS)
    colors = np.stack([_color(scene, middles, rng) for _ in "lr"], 1).astype(np.float32)
    thickness = (rng.uniform(0.5, 1, count) * layer.half_width**0.5 * 0.06).astype(np.float32)
    halves = layer.half_width * rng.uniform(0.7, 1.2, count)
    return Strokes(paths * short, halves * short, colors, thickness, layer.dryness)


def _color(scene: Scene, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A color for each point from one of two ramps; a mixture of blue and orange would be gray."""
    tone = look_up(scene.tone, points) + rng.normal(0, 0.11, len(points))
    glow = look_up(scene.glow, points) + rng.normal(0, 0.10, len(points))
    warm = glow + rng.normal(0, 0.06, len(points)) > 0.3
    color = np.where(warm[:, None], ramp(_GLOW, glow), ramp(_DEEP, tone))
    return color * rng.normal(1, 0.06, (len(points), 1)) + rng.normal(0, 0.018, (len(points), 3))


def _lit(canvas: np.ndarray, relief: np.ndarray) -> np.ndarray:
    """Shade `canvas` by `relief`, lit from the upper left."""
    down, right = np.gradient(relief)
    light = np.clip(-0.5 * (down + right), -0.3, 0.45)[..., None]
    return canvas * (1 + np.minimum(light, 0)) + (1 - canvas) * np.maximum(light, 0) * 0.55
