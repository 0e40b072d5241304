"""The progress of a run: where it is, how long the rest takes, and the losses so far."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.choices import LOSSES, TEMPORAL
from stylejax.optimize.step import PictureState, Trace
from stylejax.types import HostImages, Images

Record = dict[str, Any]
"""The losses of one step as JSON has them: `scale, height, width, step` and `LOSSES`, and `temporal` for frames of a video."""

NON_FINITE_ADVICE = "lower the learning rate or the weights"


@dataclass(frozen=True)
class Failure:
    """Where the loss of a picture stopped being finite; what is kept is the picture before that step."""

    scale: int
    step: int

    def __str__(self) -> str:
        return f"the loss stopped being finite at scale {self.scale}, step {self.step}"


@dataclass(frozen=True)
class Converged:
    """Where a picture converged (`Settings.stop_when`): after so many steps of a scale, which ended there for it."""

    scale: int
    step: int


@dataclass(frozen=True)
class Preparing:
    """A scale is about to begin once its targets are computed and its program is compiled: from moments to minutes."""

    scale: int
    """Counted from 1."""
    scales: int
    height: int
    width: int
    seconds: float = 0.0
    """Waited so far; 0 the first time."""


@dataclass(frozen=True, eq=False)
class Progress:
    """The state of a batch between two chunks of steps."""

    scale: int
    """The current scale, counted from 1."""
    scales: int
    height: int
    width: int
    step: int
    """Steps done at this scale."""
    steps: int
    """Steps that this scale takes: fewer than the settings say once all pictures have stopped."""
    fraction: float
    """Share of all the work that is done, 0 to 1."""
    steps_per_second: float
    """Steps of one picture, summed over the batch, during the last chunk; compilation does not count."""
    seconds_left: float
    """Time that the rest of the steps will take; compilation does not count."""
    records: list[list[Record]]
    """For each picture the trace of the chunk: `scale, height, width, step, total, content, style, tv`, each step's loss at
    the picture before its update. A picture that has stopped gets no further records at this scale."""
    last_records: list[Record]
    """For each picture its last record."""
    look: Callable[[], Images | HostImages]
    """Makes `pictures`."""
    failures: list[Failure | None]
    """For each picture, where its loss stopped being finite, if it did."""
    stops: list[Converged | None]
    """For each picture, where it converged at this scale, if it did."""
    states: PictureState
    """The state of every picture, `[batch, ...]`, where the pictures are; its memory is reused for the next progress."""
    results: Callable[[], list[Any]] = list
    """Makes the `StylizedImage` of each picture as it is now; empty except where `stylize` reports the progress."""
    memory: int = 0
    """Peak bytes of the scale that takes most, by the compiler's analysis once its program is compiled: for the whole batch, or
    on each of several devices that have a memory of their own."""
    tiles: tuple[int, ...] = ()
    """For each scale the side of its tiles in pixels; 0 where the whole picture is computed at once."""
    seconds: float = 0.0
    """Duration of the steps so far."""

    @property
    def pictures(self) -> Images | HostImages:
        """The pictures as they would be kept now, `[batch, height, width, 3]`: on the device or the host.

        Several processes put them together when the observer of one looks. After that, and in other threads, they are those of
        the last time that one did.
        """
        return self.look()

    @property
    def finished(self) -> bool:
        """Whether no step follows."""
        return self.scale == self.scales and self.step == self.steps

    @property
    def in_tiles(self) -> bool:
        """Whether this scale is computed in tiles."""
        return any(self.tiles[self.scale - 1 : self.scale])


class Clock:
    """Measures the share of the work that is done and estimates the rest; work is counted in pixels times steps."""

    def __init__(self, shapes: Sequence[tuple[int, int]], steps: Sequence[int]):
        """Start the clock for scales of these shapes, each of so many steps."""
        self._work = [height * width * count for (height, width), count in zip(shapes, steps, strict=True)]
        self._began = self._last = time.perf_counter()
        self._before = 0.0

    def skip(self, scale: int, *, share: float) -> None:
        """Count the scales before `scale` and this share of it as done, without any time."""
        self._before = self._done(scale, share)

    def tick(self, scale: int, new_steps: int, *, share: float) -> tuple[float, float, float]:
        """Fraction done, seconds left and seconds per step of the last chunk, after `share` of the steps of `scale`.

        No steps are new where a finished run is resumed.
        """
        now = time.perf_counter()
        per_step = (now - self._last) / max(new_steps, 1)
        self._last = now
        total, done = sum(self._work), self._done(scale, share)
        left = (now - self._began) * (total - done) / (done - self._before) if new_steps else 0.0
        return done / total, left, per_step

    @property
    def seconds(self) -> float:
        """Time up to the last tick."""
        return self._last - self._began

    def _done(self, scale: int, share: float) -> float:
        return sum(self._work[: scale - 1]) + self._work[scale - 1] * share

    def resume(self) -> None:
        """Exclude the time since the last tick, which the compiler or the consumer took."""
        now = time.perf_counter()
        self._began += now - self._last
        self._last = now


class Whole:
    """Turns the progress of consecutive batches into that of all their pictures."""

    def __init__(self, pictures: int):
        """Start the clock for so many pictures."""
        self._pictures, self._finished = pictures, 0
        self._before = self._current = 0.0

    def finish(self, pictures: int) -> None:
        """Count so many more pictures as finished."""
        self._finished += pictures
        self._before, self._current = self._before + self._current, 0.0

    def of(self, progress: Progress) -> Progress:
        """The progress of a batch, with the fraction and the time left of all batches."""
        fraction = (self._finished + len(progress.records) * progress.fraction) / self._pictures
        self._current = progress.seconds
        left = (self._before + self._current) * (1 - fraction) / fraction
        return dataclasses.replace(progress, fraction=fraction, seconds_left=left)


def trace_records(trace: Trace, count: int, index: int, stop: Converged | None, **place: int) -> list[Record]:
    """The first `count` rows of a chunk's trace for the picture `index` of a batch, or those before its `stop`.

    The last record before a stop has the key `stopped`. `place` is scale, height, width and the first step.
    """
    first = place.pop("step")
    count = count if stop is None else min(count, max(stop.step - first, 0))
    names = (*LOSSES, TEMPORAL)[: 1 + len(trace.terms)]
    columns = [np.asarray(values)[:count, index].tolist() for values in (trace.total, *trace.terms)]
    rows = zip(*columns, strict=True)
    records = [place | {"step": first + i} | dict(zip(names, row, strict=True)) for i, row in enumerate(rows)]
    if stop is not None and records:
        records[-1]["stopped"] = True
    return records


def failures(states: PictureState) -> list[Failure | None]:
    """Where the loss of each picture stopped being finite."""
    places = zip(np.asarray(states.failed.scale).tolist(), np.asarray(states.failed.step).tolist(), strict=True)
    return [Failure(scale, step) if scale else None for scale, step in places]


def stops(states: PictureState) -> list[Converged | None]:
    """Where each picture converged at the current scale."""
    done = np.asarray(states.convergence.done).tolist()
    places = zip(done, np.asarray(states.now.scale).tolist(), np.asarray(states.now.step).tolist(), strict=True)
    return [Converged(scale, step) if done else None for done, scale, step in places]
