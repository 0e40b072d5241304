"""A stained-glass window: panes of jewel-colored, streaky glass between dark lead, brightest around the sun."""

import numpy as np

from stylejax.samples.canvas import blur, noise, refinement, shrink
from stylejax.samples.cells import borders, distance_to
from stylejax.samples.window import Panes, design, panes
from stylejax.types import HostImage

_THIN, _THICK = 0.0036, 0.0068  # half-widths of the lead between panes and between regions, in short sides
_UNEVEN = 0.25  # standard deviation of these widths, relative
_LEAD = np.array([0.05, 0.045, 0.065], np.float32)
_SHEEN = np.array([0.50, 0.52, 0.62], np.float32)
_STREAKS = 512  # side of the streaky texture


def paint_glass(height: int, width: int, *, seed: int = 0) -> HostImage:
    """Paint a stained-glass window: jewel-colored panes between dark lead, a sun over hills and a river.

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
    window = design(columns / short, rows / short, rng)
    down, right = (np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5) / short
    bent_right, bent_down = (axis + 0.004 * noise(rows, columns, 7, rng) for axis in (right, down))
    division = panes(window, bent_right, bent_down, rng)

    from_sun = np.hypot(right - window.sun[0], down - window.sun[1])
    light = _streaks(division.pane, right, down, rng) * (0.90 + 0.38 * np.exp(-3 * from_sun))
    glass = division.colors[division.pane] * light[..., None] + 0.5 * np.maximum(light - 1, 0)[..., None]
    canvas = _leaded(glass, _closeness(division, short, rng), short)
    bloom = blur(np.clip(canvas, 0, 1.2), 0.012 * short)
    return shrink(canvas + 0.22 * bloom**2, factor)


def _streaks(pane: np.ndarray, right: np.ndarray, down: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brightness of the glass, about 1: each pane samples one streaky texture at its own angle and offset."""
    sheet = 0.6 * noise(_STREAKS, _STREAKS, (3, 16), rng) + 0.5 * noise(_STREAKS, _STREAKS, (10, 44), rng)
    ripples = noise(_STREAKS, _STREAKS, 34, rng)
    sheet += 0.3 * ripples + 1.2 * np.maximum(ripples - 1.35, 0)
    count = int(pane.max()) + 1
    angle = rng.uniform(0, np.pi, count).astype(np.float32)
    start = rng.integers(0, _STREAKS, count, dtype=np.int32)
    cosine, sine = (np.cos(angle) * _STREAKS)[pane], (np.sin(angle) * _STREAKS)[pane]
    across = (right * cosine + down * sine).astype(np.int32) + start[pane]
    along = (down * cosine - right * sine).astype(np.int32)
    return 0.98 + 0.19 * sheet[_folded(along), _folded(across)]


def _folded(place: np.ndarray) -> np.ndarray:
    """Texture coordinates mirrored at the edges; periodic repetition would produce hard lines in panes."""
    period = place % (2 * _STREAKS)
    return np.minimum(period, 2 * _STREAKS - 1 - period)


def _closeness(division: Panes, short: int, rng: np.random.Generator) -> np.ndarray:
    """Position relative to the lead: 1 at its center line, 0 at its edge, negative on the glass."""
    rows, columns = division.pane.shape
    uneven = np.maximum(1 + _UNEVEN * noise(rows, columns, 9, rng), 0.4)
    reach = int(2 * _THICK * short) + 2
    thin = distance_to(borders(division.pane), reach) / (_THIN * short)
    thick = distance_to(borders(division.region), reach) / (_THICK * short)
    return 1 - np.minimum(thin, thick) / uneven


def _leaded(glass: np.ndarray, closeness: np.ndarray, short: int) -> np.ndarray:
    """Add the lead to `glass`: rounded, lit from the upper left, with shadows on the adjacent glass."""
    covered = np.clip(closeness * 0.5 * _THIN * short + 0.5, 0, 1)[..., None]
    rounded = np.sqrt(np.clip(1 - (1 - closeness) ** 2, 0, 1))
    down_slope, right_slope = np.gradient(blur(rounded, 0.0012 * short))
    sheen = np.clip(-0.0035 * short * (down_slope + right_slope), 0, 0.55)[..., None]
    shadow = 1 - 0.35 * np.clip(1 + closeness, 0, 1)[..., None] ** 2
    return glass * shadow * (1 - covered) + (_LEAD + sheen * _SHEEN) * covered
