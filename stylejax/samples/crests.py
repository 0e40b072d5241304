"""Shapes of breaking waves: bands of water between ink lines, foam and spray.

A wave is a bundle of curves that rise together from the sea and end in a spiral. Shapes are drawn back to front as integer
labels, and colored later. A label encodes the wave of a pixel and the part of the wave.
"""

import numpy as np
from PIL import Image, ImageDraw

BANDS = 8
FOAM, INK, SUN = 40, 41, 42
PARTS = 64  # label = wave * PARTS + part; parts 1 to BANDS are water, wave 0 is the background
_STEPS = 40  # points of each half of a curve, rise and spiral


class Sheet:
    """A canvas of labels `[rows, columns]`; lengths are in short sides."""

    def __init__(self, rows: int, columns: int):
        self._image = Image.new("I", (columns, rows), 0)
        self._pen = ImageDraw.Draw(self._image)
        self._scale = min(rows, columns)

    def labels(self) -> np.ndarray:
        """The labels, int32 `[rows, columns]`, 0 for the background."""
        return np.asarray(self._image)

    def polygon(self, points: np.ndarray, label: int) -> None:
        """Fill the polygon `points` `[count, 2]` (right, down)."""
        self._pen.polygon([(x, y) for x, y in (points * self._scale).tolist()], fill=label)

    def disc(self, middle: np.ndarray, radius: float, label: int) -> None:
        """Fill a circle."""
        corners = np.stack([middle - radius, middle + radius]) * self._scale
        self._pen.ellipse([(x, y) for x, y in corners.tolist()], fill=label)

    def line(self, points: np.ndarray, half_widths: np.ndarray, label: int) -> None:
        """Draw a line of varying width through `points` `[count, 2]`."""
        along = np.gradient(points, axis=0)
        aside = np.stack([-along[:, 1], along[:, 0]], -1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
        # Pillow also fills the pixels that an outline touches, which would make lines thicker in small pictures.
        aside *= np.maximum(half_widths - 0.5 / self._scale, 0)[:, None]
        self.polygon(np.concatenate([points + aside, (points - aside)[::-1]]), label)


def draw_wave(sheet: Sheet, number: int, foot: np.ndarray, size: float, way: float, rng: np.random.Generator) -> None:
    """Draw wave `number`, `size` short sides tall, at `foot`; it breaks to the right if `way` is 1, to the left if -1."""
    label = number * PARTS
    curves = foot + _bundle(rng) * size * np.array([way, 1.0])
    for band in range(BANDS):
        sheet.polygon(np.concatenate([curves[band], curves[band + 1][::-1]]), label + 1 + band)
    line = 0.0019 + 0.0052 * size
    _draw_lines(sheet, curves, line, label + INK)
    lip = curves[0][int(1.2 * _STEPS) :]
    _draw_spray(sheet, lip, size, line, label, rng)
    _draw_foam(sheet, lip, curves[BANDS // 2][-1], size, line, label, rng)


def _bundle(rng: np.random.Generator) -> np.ndarray:
    """Curves `[BANDS + 1, points, 2]` (right, down) from the back to the face of a wave of unit height."""
    eye = np.array([0.30, -0.66]) + rng.uniform(-0.05, 0.05, 2)
    turn = rng.uniform(70, 140)
    outer, inner = _spiral(eye, (-165.0, turn), (0.40, 0.19)), _spiral(eye, (-175.0, turn - 8), (0.17, 0.16))
    back = _rise((-1.5, 1.0), (-1.05, 0.12), outer, 0.75)
    face = _rise((1.2, 1.0), (0.45, 0.16), inner, 0.42)
    place = np.linspace(0, 1, BANDS + 1)[:, None, None]
    return back * (1 - place) + face * place


def _spiral(eye: np.ndarray, degrees: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
    t = np.linspace(0, 1, _STEPS)
    angle = np.radians(degrees[0] + (degrees[1] - degrees[0]) * t)
    radius = radii[0] * (radii[1] / radii[0]) ** t
    return eye + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)


def _rise(foot: tuple[float, float], bend: tuple[float, float], roll: np.ndarray, pull: float) -> np.ndarray:
    """A cubic Bézier curve from `foot` by way of `bend` that runs smoothly into `roll`, and `roll`."""
    ahead = (roll[1] - roll[0]) / np.linalg.norm(roll[1] - roll[0])
    t = np.linspace(0, 1, _STEPS)[:-1, None]
    ends = np.array(foot) * (1 - t) ** 3 + roll[0] * t**3
    return np.concatenate([ends + 3 * t * (1 - t) * (np.array(bend) * (1 - t) + (roll[0] - pull * ahead) * t), roll])


def _draw_lines(sheet: Sheet, curves: np.ndarray, line: float, label: int) -> None:
    """Draw ink lines along the curves, thinner where curves are close together."""
    room = np.linalg.norm(curves[0] - curves[-1], axis=-1) / BANDS
    place = np.linspace(0, 1, curves.shape[1])
    for number, curve in enumerate(curves):
        edge = number in (0, BANDS)
        swell = 0.55 + 0.45 * np.sin(np.pi * place) + 0.15 * np.sin(9 * place + number)
        widths = line * 1.4 * swell if edge else np.minimum(line * 0.8 * swell, 0.17 * room)
        stop = len(curve) if edge else int(len(curve) * (0.84 + 0.03 * (number * 7 % 5)))
        sheet.line(curve[:stop], widths[:stop], label)


def _draw_foam(
    sheet: Sheet, lip: np.ndarray, tip: np.ndarray, size: float, line: float, label: int, rng: np.random.Generator
) -> None:
    """Draw foam along the lip, growing toward the tip: discs with a common outline, some with an inner stroke."""
    along = np.sqrt(rng.random(30))
    middles = lip[(along * (len(lip) - 1)).astype(int)] + rng.normal(0, 0.016, (30, 2)) * size
    radii = size * (0.012 + 0.062 * along**1.5) * rng.uniform(0.7, 1.25, 30)
    angle = rng.uniform(0, 2 * np.pi, 9)
    middles = np.concatenate([middles, tip + 0.09 * size * np.stack([np.cos(angle), np.sin(angle)], -1)])
    radii = np.concatenate([radii, size * rng.uniform(0.04, 0.075, 9)])
    for middle, radius in zip(middles, radii, strict=True):
        sheet.disc(middle, radius + 1.1 * line, label + INK)
    for middle, radius in zip(middles, radii, strict=True):
        sheet.disc(middle, radius, label + FOAM)
    angle = np.linspace(0.3, 2.5, 9)
    for middle, radius in zip(middles[::3], radii[::3], strict=True):
        arc = middle + 0.62 * radius * np.stack([np.cos(angle), np.sin(angle)], -1)
        sheet.line(arc, 0.55 * line * np.sin(np.linspace(0.2, np.pi - 0.2, 9)), label + INK)


def _draw_spray(sheet: Sheet, lip: np.ndarray, size: float, line: float, label: int, rng: np.random.Generator) -> None:
    """Draw drops above the lip, fewer and smaller at larger distance."""
    ahead = lip[-1] - lip[0]
    ahead /= np.linalg.norm(ahead) + 1e-9
    for _ in range(22):
        flight = rng.uniform(0.08, 0.42)
        angle = rng.uniform(-2.2, 0.6) * np.sign(ahead[0] or 1.0) + (0 if ahead[0] > 0 else np.pi)
        middle = lip[rng.integers(len(lip))] + flight * size * np.array([np.cos(angle), np.sin(angle)])
        radius = size * rng.uniform(0.010, 0.030) * (1.2 - 1.6 * flight)
        sheet.disc(middle, radius + 0.9 * line, label + INK)
        sheet.disc(middle, radius, label + FOAM)
