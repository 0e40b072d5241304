"""What can be seen of a run while it goes on."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.optimize.step import PictureState, Trace
from stylejax.types import Images


@dataclass(frozen=True)
class Failure:
    """Where a lane stopped being finite; its picture is the one before that step."""

    scale: int
    step: int


@dataclass(frozen=True)
class Converged:
    """Where a lane had converged (`Settings.stop_when`): after so many steps of a scale, which then was over for it."""

    scale: int
    step: int


@dataclass(frozen=True)
class Preparing:
    """A scale is about to be painted: targets are made and programs compiled, which takes from moments to minutes."""

    scale: int
    """Counted from 1."""
    scales: int
    height: int
    width: int


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
    """Steps that this scale takes: fewer than the settings say once all lanes have stopped."""
    fraction: float
    """Share of all the work that is done, 0 to 1."""
    steps_per_second: float
    """Steps of one picture, all lanes counted, over the last chunk; compilation is not part of it."""
    seconds_left: float
    """Time that the rest of the steps will take; compilation is not part of it."""
    records: list[list[dict[str, Any]]]
    """For each lane the trace of the chunk: `scale, height, width, step, total, content, style, tv`, each step's loss at the
    picture before its update. A lane that has stopped has no more of them at this scale."""
    last_records: list[dict[str, Any]]
    """For each lane the last record there is."""
    pictures: Images
    """The pictures as they would be kept now, `[lanes, height, width, 3]`, on the device."""
    failures: list[Failure | None]
    """For each lane, where it stopped being finite, if it did."""
    stops: list[Converged | None]
    """For each lane, where it has converged at this scale, if it has."""
    lanes: PictureState
    """The whole state, `[lanes, ...]`, on the device; its memory is reused when the next progress is asked for."""
    paintings: Callable[[], list[Any]] = list
    """Makes the `Painting` of each lane as it is now, where `stylize` tells of the progress."""
    memory: int = 0
    """Peak bytes of the largest scale, all lanes together, by the compiler's analysis."""
    seconds: float = 0.0
    """What the steps so far have taken."""


class Clock:
    """Share of the work that is done, and the time that the rest will take; work is counted in pixels times steps."""

    def __init__(self, shapes: Sequence[tuple[int, int]], steps: Sequence[int]):
        """Start the clock for scales of these shapes, each of so many steps."""
        self._work = [height * width * count for (height, width), count in zip(shapes, steps, strict=True)]
        self._began = self._last = time.perf_counter()
        self._before = 0.0

    def skip(self, scale: int, *, share: float) -> None:
        """The scales before `scale` and this share of it were done before: they count as done, and took no time."""
        self._before = self._done(scale, share)

    def tick(self, scale: int, new_steps: int, *, share: float) -> tuple[float, float, float]:
        """Fraction done, seconds left and seconds per step of the last chunk, after `share` of the steps of `scale`."""
        now = time.perf_counter()
        per_step = (now - self._last) / new_steps
        self._last = now
        total, done = sum(self._work), self._done(scale, share)
        return done / total, (now - self._began) * (total - done) / (done - self._before), per_step

    @property
    def seconds(self) -> float:
        """What was counted up to the last tick."""
        return self._last - self._began

    def _done(self, scale: int, share: float) -> float:
        return sum(self._work[: scale - 1]) + self._work[scale - 1] * share

    def resume(self) -> None:
        """Do not count the time since the last tick: it was the compiler's, or the consumer's, who may have waited."""
        now = time.perf_counter()
        self._began += now - self._last
        self._last = now


class Whole:
    """Turns the progress of batches that are painted one after the other into that of all their pictures."""

    def __init__(self, pictures: int):
        """Start the clock for so many pictures."""
        self._pictures, self._finished = pictures, 0
        self._before = self._current = 0.0

    def finish(self, pictures: int) -> None:
        """So many more are finished."""
        self._finished += pictures
        self._before, self._current = self._before + self._current, 0.0

    def of(self, progress: Progress) -> Progress:
        """The progress of a batch, with fraction and time left of the whole."""
        fraction = (self._finished + len(progress.records) * progress.fraction) / self._pictures
        self._current = progress.seconds
        left = (self._before + self._current) * (1 - fraction) / fraction
        return dataclasses.replace(progress, fraction=fraction, seconds_left=left)


def trace_records(trace: Trace, count: int, lane: int, stop: Converged | None, **place: int) -> list[dict[str, Any]]:
    """The first `count` rows of a chunk's trace for one lane, or as many as there are before its `stop`.

    The last record before a stop says so: `stopped`. `place` is scale, height, width and the first step.
    """
    first = place.pop("step")
    count = count if stop is None else min(count, max(stop.step - first, 0))
    values = {
        "total": trace.total,
        "content": trace.terms.content,
        "style": trace.terms.style,
        "tv": trace.terms.variation,
    }
    columns = {name: np.asarray(value)[:count, lane].tolist() for name, value in values.items()}
    rows = zip(*columns.values(), strict=True)
    records = [place | {"step": first + i} | dict(zip(columns, row, strict=True)) for i, row in enumerate(rows)]
    if stop is not None and records:
        records[-1]["stopped"] = True
    return records


def failures(lanes: PictureState) -> list[Failure | None]:
    """Where each lane stopped being finite."""
    places = zip(np.asarray(lanes.failed.scale).tolist(), np.asarray(lanes.failed.step).tolist(), strict=True)
    return [Failure(scale, step) if scale else None for scale, step in places]


def stops(lanes: PictureState) -> list[Converged | None]:
    """Where each lane has converged at the scale that is painted."""
    done = np.asarray(lanes.convergence.done).tolist()
    places = zip(done, np.asarray(lanes.now.scale).tolist(), np.asarray(lanes.now.step).tolist(), strict=True)
    return [Converged(scale, step) if done else None for done, scale, step in places]
