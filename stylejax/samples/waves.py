"""A woodblock print: rows of breaking waves in ink and Prussian blue on cream paper, under a red sun.

Shapes are drawn back to front as labels and colored afterwards, with the features of woodblock prints: gradations, the grain of
the wood, and the texture of the paper.
"""

import numpy as np

from stylejax.samples.canvas import noise, ramp, refinement, shrink
from stylejax.samples.crests import BANDS, FOAM, INK, PARTS, SUN, Sheet, draw_wave
from stylejax.types import HostImage

_SEA = ("#f4ead0", "#c3d8cc", "#7dacbe", "#3570aa", "#174488", "#0c2757", "#08173a")
_SKY = ("#274a78", "#8fabb0", "#ead9b0", "#f6e7c3", "#f0cf9c", "#e8b887")
_RED = ("#a81c1a", "#d63a24", "#ee7a3a")
_FROTH = ("#fdf7e4", "#e4e6d8")
_INK_COLOR = np.array([0.03, 0.06, 0.15], np.float32)
_TINTS = np.array([0.08, 0.58, 0.20, 0.78, 0.30, 0.66, 0.14, 0.84], np.float32)  # of the bands
_ROWS = 7  # of waves
_GREAT = {2: (-0.20, 0.50), 4: (0.24, 0.40)}  # rows with a great wave in front: its offset toward the sun, and its size
_HORIZON = 0.35  # as a fraction of the height


def paint_waves(height: int, width: int, *, seed: int = 0) -> HostImage:
    """Paint rows of breaking waves with ink outlines, hatching and foam, in blues on cream, under a red sun.

    Args:
        height: number of rows.
        width: number of columns.
        seed: random seed. The same seed gives the same bytes, and the same composition at every size.

    Returns:
        float32 sRGB `[height, width, 3]` in [0, 1].
    """
    rng = np.random.default_rng(seed)
    factor = refinement(height, width) + 1
    rows, columns = height * factor, width * factor
    short = min(rows, columns)
    tall, wide = rows / short, columns / short
    sheet = Sheet(rows, columns)
    way = float(rng.choice([-1.0, 1.0]))
    sun = np.array([(0.5 + 0.2 * way) * wide, 0.20 * tall])
    sheet.disc(sun, 0.115, SUN)
    waves = _places(wide, tall, way, rng)
    for number, wave in enumerate(waves, start=1):
        draw_wave(sheet, number, wave[:2], wave[2], way, rng)
    return shrink(_color(sheet.labels(), np.concatenate([[(0, 0, 1)], waves]).astype(np.float32), sun[1], rng), factor)


def _places(wide: float, tall: float, way: float, rng: np.random.Generator) -> np.ndarray:
    """(right, down, size) of each wave, back to front: rows of increasing size with two great waves."""
    waves = []
    for row, near in enumerate(np.linspace(0, 1, _ROWS)):
        size = 0.115 + 0.225 * near**1.2
        down = (_HORIZON + 0.05 + 0.68 * near**1.15) * tall
        pitch = 1.4 * size
        count = int(np.ceil(wide / pitch)) + 3
        right = (np.arange(count) - 1 - rng.random()) * pitch + rng.normal(0, 0.12, count) * size
        crowd = (right, down + rng.normal(0, 0.1, count) * size, size * rng.uniform(0.85, 1.25, count))
        waves.append(rng.permutation(np.stack(crowd, -1)))
        if row in _GREAT:
            aside, great_size = _GREAT[row]
            waves.append(np.array([[(0.5 + aside * way) * wide, down, great_size]]))
    return np.concatenate(waves)


def _color(labels: np.ndarray, waves: np.ndarray, sun_down: float, rng: np.random.Generator) -> np.ndarray:
    rows, columns = labels.shape
    short = min(rows, columns)
    number, part = labels // PARTS, labels % PARTS
    down = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / short + np.zeros((1, columns), np.float32)
    wood = noise(rows, columns, (70, 2.5), rng)
    wind = _wind(down, rng)[..., None]
    # Each wave is darker below its crest, and its bands differ.
    depth = (down - waves[number, 1]) / waves[number, 2]
    tint = _TINTS[np.clip(part - 1, 0, BANDS - 1)]
    canvas = ramp(_SEA, 0.48 + 0.42 * depth + 0.36 * (tint - 0.45) + 0.03 * wood)
    sky = ramp(_SKY, down * short / (rows * 0.46) + 0.03 * wood) * (1 - wind * np.array([0.62, 0.46, 0.28], np.float32))
    sea_level = (down * short > rows * (_HORIZON + 0.07))[..., None]
    behind = np.where(sea_level, ramp(_SEA, 0.7 + 0.03 * wood), sky)
    red = ramp(_RED, 0.5 + (down - sun_down) / 0.23 + 0.03 * wood) * (1 - 0.3 * wind)
    froth = ramp(_FROTH, depth + 1)
    layers = ((number == 0, behind), (labels == SUN, red), (part == FOAM, froth), (part == INK, _INK_COLOR))
    for where, color in layers:
        canvas = np.where(where[..., None], color, canvas)
    tooth = 0.035 * wood + 0.02 * noise(rows, columns, (5, 150), rng) + 0.025 * noise(rows, columns, 180, rng)
    return canvas * (1 + tooth[..., None]) + 0.02 * (1 - canvas) * np.maximum(wood, 0)[..., None]


def _wind(down: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hatching of the sky, 0 to 1: long bent lines of varying strength."""
    rows, columns = down.shape
    bent = down + 0.055 * noise(rows, columns, (2.4, 1.8), rng) + 0.004 * noise(rows, columns, 5, rng)
    lines = np.sin(2 * np.pi * bent / 0.024)
    return np.clip((lines - 0.55 + 0.45 * noise(rows, columns, (9, 1.5), rng)) * 2.5, 0, 1)
