"""Composition of the oil painting: a flow field with glowing whirlpools and bands between them, which strokes follow.

The composition is computed on a fixed grid, so it is the same at every size. Lengths are in short sides of the picture.
"""

from typing import NamedTuple

import numpy as np

from stylejax.samples.canvas import noise

_GRID = 192  # grid points per short side


class Scene(NamedTuple):
    """Fields on the grid: unit flow `[..., 2]` (right, down), tone from dark to light, and strength of the glow."""

    flow: np.ndarray
    tone: np.ndarray
    glow: np.ndarray


def compose(rng: np.random.Generator, tall: float, wide: float) -> Scene:
    """Generate a composition of `wide` by `tall` short sides."""
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
    """(right, down, radius, spin) of each whirlpool: a large one off the center, and smaller ones in the free space."""
    main = (rng.choice([0.37, 0.63]) * wide, rng.uniform(0.36, 0.46) * tall, 0.21, rng.choice([-1.0, 1.0]))
    placed = [main]
    for radius in [0.14, 0.12, 0.10, 0.085, 0.075, 0.065, 0.06] * max(1, round(tall * wide)):
        spots = rng.uniform((0.02 * wide, 0.02 * tall), (0.98 * wide, 0.98 * tall), (40, 2))
        room = [min(np.hypot(x - p[0], y - p[1]) - 1.3 * (p[2] + radius) for p in placed) for x, y in spots]
        best = int(np.argmax(room))
        if room[best] > 0:
            placed.append((spots[best, 0], spots[best, 1], radius * rng.uniform(0.9, 1.15), -placed[-1][3]))
    return placed


def follow(flow: np.ndarray, middles: np.ndarray, lengths: np.ndarray, knots: int) -> np.ndarray:
    """Paths `[strokes, knots, 2]` along the flow, half of each before and half after its midpoint."""
    step = lengths[:, None] / knots
    before, after = [middles], [middles]
    for _ in range(knots // 2):
        for points, way in ((before, -step), (after, step)):
            halfway = points[-1] + look_up(flow, points[-1]) * way / 2
            points.append(points[-1] + look_up(flow, halfway) * way)
    return np.stack(before[:0:-1] + after[:-1], 1)


def look_up(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Sample a `field` at the grid points nearest to `points` `[..., 2]` (right, down)."""
    right = np.clip(np.rint(points[..., 0] * _GRID), 0, field.shape[1] - 1).astype(np.int32)
    down = np.clip(np.rint(points[..., 1] * _GRID), 0, field.shape[0] - 1).astype(np.int32)
    return field[down, right]
