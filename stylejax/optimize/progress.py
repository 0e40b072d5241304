"""What can be seen of a run while it goes on."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.optimize.step import RUNNING, LaneState, Trace
from stylejax.types import Images


@dataclass(frozen=True)
class Failure:
    """Where a lane stopped being finite; its picture is the one before that step."""

    scale: int
    step: int


@dataclass(frozen=True, eq=False)
class Progress:
    """The state of a batch between two chunks of steps."""

    scale: int
    """The scale that is painted, counted from 1."""
    scales: int
    height: int
    width: int
    step: int
    """Steps done at this scale."""
    steps: int
    """Steps that this scale takes."""
    fraction: float
    """Share of all the work that is done, 0 to 1."""
    steps_per_second: float
    """Steps of one picture, all lanes counted, over the last chunk."""
    seconds_left: float
    records: list[list[dict[str, Any]]]
    """For each lane the trace of the chunk: `scale, height, width, step, total, content, style, tv`, each step's loss at the
    picture before its update."""
    pictures: Images
    """The pictures as they would be kept now, `[lanes, height, width, 3]`, on the device."""
    failures: list[Failure | None]
    """For each lane, where it stopped being finite, if it did."""
    lanes: LaneState
    """The whole state, `[lanes, ...]`, on the device; its memory is reused when the next progress is asked for."""


class Clock:
    """Share of the work that is done, and the time that the rest will take; work is counted in pixels times steps."""

    def __init__(self, shapes: Sequence[tuple[int, int]], steps: Sequence[int]):
        """Start the clock for scales of these shapes, each of so many steps."""
        self._pixels = [height * width for height, width in shapes]
        self._work = [pixels * count for pixels, count in zip(self._pixels, steps, strict=True)]
        self._began = self._last = time.perf_counter()
        self._before = 0

    def skip(self, scale: int, step: int) -> None:
        """Up to `step` of `scale` the work was done before the clock started: it counts as done, and took no time."""
        self._before = self._done(scale, step)

    def tick(self, scale: int, step: int, new_steps: int) -> tuple[float, float, float]:
        """Fraction done, seconds left and seconds per step of the last chunk, after `step` steps of `scale`."""
        now = time.perf_counter()
        per_step = (now - self._last) / new_steps
        self._last = now
        total, done = sum(self._work), self._done(scale, step)
        return done / total, (now - self._began) * (total - done) / (done - self._before), per_step

    def _done(self, scale: int, step: int) -> int:
        return sum(self._work[: scale - 1]) + self._pixels[scale - 1] * step


def trace_records(trace: Trace, count: int, lane: int, **place: int) -> list[dict[str, Any]]:
    """The first `count` rows of a chunk's trace for one lane; `place` is scale, height, width and the first step."""
    first = place.pop("step")
    values = {
        "total": trace.total,
        "content": trace.terms.content,
        "style": trace.terms.style,
        "tv": trace.terms.variation,
    }
    columns = {name: np.asarray(value)[:count, lane].tolist() for name, value in values.items()}
    rows = zip(*columns.values(), strict=True)
    return [place | {"step": first + i} | dict(zip(columns, row, strict=True)) for i, row in enumerate(rows)]


def failures(lanes: LaneState, steps: Sequence[int]) -> list[Failure | None]:
    """Where each lane failed: lanes count steps through all scales, of which each has its own number of `steps`."""
    return [None if at == RUNNING else _place(at, steps) for at in np.asarray(lanes.failed_at).tolist()]


def _place(at: int, steps: Sequence[int]) -> Failure:
    ends = np.cumsum(steps)
    scale = int(np.searchsorted(ends, at, side="right"))
    return Failure(scale=scale + 1, step=at - int(ends[scale] - steps[scale]))
