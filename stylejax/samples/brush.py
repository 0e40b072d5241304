"""Rendering of thick brush strokes as ribbons of bristles, with color streaks and relief.

Ribbons are sampled more densely than the canvas. Later strokes cover earlier ones, and only the topmost sample of each canvas
pixel is colored. Lengths are in canvas pixels.
"""

from typing import NamedTuple

import numpy as np

_BRISTLES = 9
_CHANGES = 4  # places along a stroke where each bristle gets a new random shade
_SPACING = 0.8  # canvas pixels between samples, dense enough to avoid holes in bent ribbons
_BLOCK = 1_000_000  # samples per block, which bounds the memory


class Strokes(NamedTuple):
    """Strokes in drawing order.

    paths         `[strokes, knots, 2]` (right, down), evenly spaced along each stroke
    half_widths   `[strokes]`
    colors        `[strokes, 2, 3]`: colors of the left and the right side of the brush
    thickness     `[strokes]`: amount of paint, 0 to 1
    dryness       how soon bristles run out of paint, 0 to 1
    """

    paths: np.ndarray
    half_widths: np.ndarray
    colors: np.ndarray
    thickness: np.ndarray
    dryness: float


def lay(strokes: Strokes, canvas: np.ndarray, relief: np.ndarray, rng: np.random.Generator) -> None:
    """Draw `strokes` on `canvas` `[rows, columns, 3]` and their height on `relief` `[rows, columns]`, in place."""
    lengths = np.linalg.norm(np.diff(strokes.paths, axis=1), axis=-1).sum(1)
    u = np.linspace(0, 1, int(lengths.max() / _SPACING) + 2, dtype=np.float32)
    v = np.linspace(-1, 1, int(2 * strokes.half_widths.max() / _SPACING) + 2, dtype=np.float32)
    shades = rng.random((len(strokes.paths), _CHANGES, _BRISTLES), dtype=np.float32)
    top = np.empty(relief.size, np.int32)
    block = max(1, _BLOCK // (len(u) * len(v)))
    for first in range(0, len(strokes.paths), block):
        here = slice(first, first + block)
        _lay_block(_some(strokes, here), u, v, _streaks(shades[here], u, v), top, canvas, relief)


def _some(strokes: Strokes, here: slice) -> Strokes:
    paths, half_widths, colors, thickness, dryness = strokes
    return Strokes(paths[here], half_widths[here], colors[here], thickness[here], dryness)


def _lay_block(
    strokes: Strokes,
    u: np.ndarray,
    v: np.ndarray,
    shade: np.ndarray,
    top: np.ndarray,
    canvas: np.ndarray,
    relief: np.ndarray,
) -> None:
    rows, columns = relief.shape
    place = _ribbons(strokes, u, v)
    right, down = place[..., 0].astype(np.int32), place[..., 1].astype(np.int32)
    worn = strokes.dryness * np.clip(np.maximum((u[:, None] - 0.4) * 1.3, np.abs(v) * 1.8 - 1.1), 0, 1)
    inside = (right >= 0) & (right < columns) & (down >= 0) & (down < rows)
    kept = np.flatnonzero(inside & (shade >= worn)).astype(np.int32)
    pixels = (down * columns + right).ravel()[kept]
    # For repeated indices, NumPy keeps the last value: the later stroke is on top.
    top[pixels] = kept
    seen = top[pixels] == kept
    pixels, kept = pixels[seen], kept[seen]
    stroke, _, across = np.unravel_index(kept, shade.shape)
    streak, side = shade.ravel()[kept], v[across]

    loaded = np.clip(0.5 + 0.7 * side + 1.3 * (streak - 0.5), 0, 1)[:, None]
    color = strokes.colors[stroke, 0] * (1 - loaded) + strokes.colors[stroke, 1] * loaded
    canvas.reshape(-1, 3)[pixels] = color * (0.91 + 0.18 * streak)[:, None]
    # Profile of a stroke: rounded, with a rim near the edges and furrows between bristles.
    height = 0.8 - 0.6 * side**6 + 0.3 * np.exp(-60 * (np.abs(side) - 0.8) ** 2) + 0.35 * (streak - 0.5)
    relief.reshape(-1)[pixels] = height * strokes.thickness[stroke]


def _ribbons(strokes: Strokes, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Positions of the samples (along `u`, across `v`) of each stroke, `[strokes, u, v, 2]`."""
    along = np.gradient(strokes.paths, axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9
    across = np.stack([-along[..., 1], along[..., 0]], -1) * strokes.half_widths[:, None, None]
    rounded = np.sqrt(np.clip(np.minimum(u / 0.07, (1 - u) / 0.15), 0, 1))[:, None]
    middle = _between(strokes.paths, u).astype(np.float32)
    reach = (_between(across, u) * rounded).astype(np.float32)
    return middle[:, :, None] + reach[:, :, None] * v[:, None]


def _streaks(shades: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Shade of the bristle at each sample, 0 to 1, `[strokes, u, v]`."""
    over_width = _between(shades.transpose(0, 2, 1), (v + 1) / 2).transpose(0, 2, 1)
    return _between(over_width, u).astype(np.float32)


def _between(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Linear interpolation of `values` `[strokes, knots, ...]` at `place`, 0 to 1 along the knots."""
    knots = values.shape[1]
    place = place * (knots - 1)
    left = np.minimum(place.astype(np.int32), knots - 2)
    part = (place - left)[None, :, None]
    return values[:, left] * (1 - part) + values[:, left + 1] * part
