"""Curves as SVG on a logarithmic axis: the losses over the steps of all scales, or what changes from frame to frame of a clip.

The drawing fills the available width while its text keeps its size: labels and bands are positioned in percent, and the curves
are in an inner drawing that is stretched. The style sheet of the page sets the colors.
"""

import math
from collections.abc import Mapping, Sequence, Set
from itertools import accumulate, groupby
from typing import Any, NamedTuple

import numpy as np

from stylejax.choices import LOSSES, TEMPORAL

_HEIGHT, _TOP, _BOTTOM = 280, 24, 24
_PLOT = _HEIGHT - _TOP - _BOTTOM
_COLUMNS = 300
"""Longer runs are drawn as the lowest and highest value in each of this many columns, so that no peak is lost."""
_DECADES = 5
"""Curves are cut this many decades below the highest value: the content term starts at exactly 0."""


def curves_svg(records: Sequence[Mapping[str, Any]]) -> str:
    """Draw the trace of one picture.

    Args:
        records: one per step, as in `StylizedImage.trace`; those of a frame of a clip have a temporal term, too.

    Returns:
        An `<svg>` element that contains only numbers and fixed text. Terms that are never positive are omitted; without
        records, or before any loss is positive, the plot is empty.
    """
    terms = [term for term in (*LOSSES, TEMPORAL) if records and term in records[0]]
    values = {term: np.array([float(record[term]) for record in records]) for term in terms}
    bands = []
    for scale, group in groupby(records, key=lambda record: record["scale"]):
        rows = list(group)
        bands.append(_Band(len(rows), scale, f"{rows[0]['width']}×{rows[0]['height']}"))
    return _plot(values, bands, "step", "Loss curves of {} steps")


def frames_svg(curves: Mapping[str, Sequence[float | None]], scenes: Sequence[int], *, label: str) -> str:
    """Draw what changes from frame to frame of a clip.

    Args:
        curves: a value for each frame, by the class of the curve; None where a frame has none.
        scenes: the first frame of each scene, counted from 1.
        label: what is drawn, in letters, digits and spaces.

    Returns:
        As `curves_svg`.
    """
    values = {name: np.array([np.nan if each is None else each for each in curve]) for name, curve in curves.items()}
    ends = [*scenes[1:], 1 + max(map(len, values.values()))]
    lengths = [end - first for first, end in zip(scenes, ends, strict=True)]
    bands = [_Band(length, number, f"scene {number}") for number, length in enumerate(lengths, start=1)]
    return _plot(values, bands, "frame", f"{label} of {{}} frames")


class _Band(NamedTuple):
    """Consecutive values that belong together."""

    length: int
    number: int
    name: str


def _plot(values: Mapping[str, np.ndarray], bands: Sequence[_Band], unit: str, title: str) -> str:
    """The curves, the first on top, each with a value for every step or frame."""
    positive = np.concatenate([np.zeros(0), *(each[np.isfinite(each) & (each > 0)] for each in values.values())])
    if not positive.size:
        return _svg(title.format("no"), [])
    high = math.log10(positive.max())
    low = max(math.log10(positive.min()), high - _DECADES)
    pad = max(0.05 * (high - low), 0.02)
    low, high = low - pad, high + pad
    lasts = [*accumulate(band.length for band in bands)]
    lines, labels = _gridlines(low, high)
    inner = f'<svg y="{_TOP}" width="100%" height="{_PLOT}" viewBox="0 0 1000 1000" preserveAspectRatio="none">'
    curves = [_curve(name, each, set(lasts[:-1]), low, high) for name, each in reversed([*values.items()])]
    parts = [*_bands(bands, unit), *lines, inner, *curves, "</svg>", *labels]
    return _svg(title.format(lasts[-1]), parts)


def _svg(label: str, parts: Sequence[str]) -> str:
    inside = "".join(parts)
    return f'<svg class="curves" width="100%" height="{_HEIGHT}" role="img" aria-label="{label}">{inside}</svg>'


def _bands(bands: Sequence[_Band], unit: str) -> list[str]:
    """A band for each scale or scene, with its name above and its first step or frame below."""
    parts, first, total = [], 0, sum(band.length for band in bands)
    for band in bands:
        left, width = 100 * first / total, 100 * band.length / total
        kind = "odd" if band.number % 2 else "even"
        parts.append(f'<rect class="{kind}" x="{left:.3f}%" y="{_TOP}" width="{width:.3f}%" height="{_PLOT}"/>')
        if width > 8:  # narrower bands have no room for text
            parts.append(f'<text x="{left:.3f}%" dx="4" y="{_TOP - 8}">{band.name}</text>')
            parts.append(f'<text x="{left:.3f}%" dx="4" y="{_HEIGHT - 8}">{unit} {first + 1}</text>')
        first += band.length
    parts.append(f'<text class="end" x="100%" dx="-4" y="{_HEIGHT - 8}">{total}</text>')
    return parts


def _gridlines(low: float, high: float) -> tuple[list[str], list[str]]:
    """Lines at round values, few enough to be distinguished, and their labels."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    fine = 0.5 if high - low > 0.15 else 0.1
    steps = (1,) if high - low > 3 else (1, 2, 5) if high - low > 0.7 else tuple(np.arange(1, 10, fine).tolist())
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    lines, labels = [], []
    for tick in ticks:
        share = (high - math.log10(tick)) / (high - low)
        if 0 <= share <= 1:
            y = _TOP + share * _PLOT
            lines.append(f'<line x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
            if share > 0.05:
                labels.append(f'<text class="value" x="4" y="{y - 3:.1f}">{tick:.3g}</text>')
    return lines, labels


def _curve(term: str, values: np.ndarray, starts: Set[int], low: float, high: float) -> str:
    """One curve, interrupted where a scale starts and where a value is too low or not finite."""
    pieces: list[list[str]] = [[]]
    for index in _drawn(values, starts):
        if index in starts:
            pieces.append([])
        value = values[index]
        if np.isfinite(value) and value > 0 and math.log10(value) >= low:
            x = 1000 * (index + 0.5) / len(values)
            y = 1000 * (high - math.log10(value)) / (high - low)
            pieces[-1].append(f"{x:.1f},{y:.1f}")
        elif pieces[-1]:
            pieces.append([])
    path = "".join(f"M{' L'.join(piece)}{' h.1' if len(piece) == 1 else ''}" for piece in pieces if piece)
    return f'<path class="{term}" d="{path}"/>' if path else ""


def _drawn(values: np.ndarray, starts: Set[int]) -> list[int]:
    """Indices of the values to draw, in order."""
    if len(values) <= 2 * _COLUMNS:
        return list(range(len(values)))
    chosen = {0, len(values) - 1, *starts}
    for column in np.array_split(np.arange(len(values)), _COLUMNS):
        chosen |= {int(column[np.argmin(values[column])]), int(column[np.argmax(values[column])])}
    return sorted(chosen)
