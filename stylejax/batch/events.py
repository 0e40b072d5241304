"""The events of a run, in the order in which iterating the run yields them."""

import time
from dataclasses import dataclass, field

import numpy as np

from stylejax.batch.plan.groups import Group
from stylejax.batch.records import Minibatch, RowResult
from stylejax.run.progress import Preparing, Progress


@dataclass
class Tally:
    """Counts of a run."""

    total: int
    done: int = 0
    """Finished by this run."""
    failed: int = 0
    skipped: int = 0
    """Done before, or meanwhile by another process."""
    began: float = field(default_factory=time.monotonic)
    in_progress: float = 0.0
    """Share of the steps that is done of the current batch, times its pictures."""
    compiling: float | None = None
    """Since when a program is being compiled, by `time.monotonic`."""
    compiled: float = 0.0
    """Seconds spent on compiling so far; they do not count for the speed."""

    def count(self, result: RowResult) -> None:
        """Count a result."""
        if result.failure:
            self.failed += 1
        else:
            self.done += 1
        self.in_progress = max(0.0, self.in_progress - 1)

    def compile(self) -> None:
        """Start the clock of a compilation."""
        if self.compiling is None:
            self.compiling = time.monotonic()

    def advance(self, in_progress: float) -> None:
        """Set `in_progress`. A compilation that was running is over."""
        self.in_progress = in_progress
        if self.compiling is not None:
            self.compiled += time.monotonic() - self.compiling
            self.compiling = None

    @property
    def left(self) -> int:
        """Pictures still to come."""
        return self.total - self.done - self.failed - self.skipped

    @property
    def images_per_second(self) -> float:
        """Pictures finished per second since the start, without the time of compiling."""
        now = time.monotonic()
        compiling = self.compiled + (0 if self.compiling is None else now - self.compiling)
        return (self.done + self.in_progress) / max(now - self.began - compiling, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Time that the rest will take; None before the first steps."""
        speed = self.images_per_second
        return max(0.0, self.left - self.in_progress) / speed if speed else None


@dataclass(frozen=True, eq=False)
class Planned:
    """The plan is made; execution begins."""

    tally: Tally
    groups: tuple[Group, ...]


@dataclass(frozen=True, eq=False)
class Compiling:
    """The programs of a scale are about to be compiled for a minibatch."""

    tally: Tally
    minibatch: Minibatch
    scale: Preparing


@dataclass(frozen=True, eq=False)
class BatchProgress:
    """A chunk of steps of a minibatch is done."""

    tally: Tally
    minibatch: Minibatch
    progress: Progress


@dataclass(frozen=True, eq=False)
class Finished:
    """A row is done and its files are written, or it failed. `result.earlier`: another process has done it meanwhile."""

    tally: Tally
    result: RowResult
    image: np.ndarray | None
    """The picture, `[height, width, 3]` in [0, 1], if this process has made it."""


@dataclass(frozen=True, eq=False)
class Noted:
    """A problem that ends no run and costs no picture; each is reported once."""

    tally: Tally
    text: str


@dataclass(frozen=True, eq=False)
class Ended:
    """The run is over."""

    tally: Tally
    stopped: bool


Event = Planned | Compiling | BatchProgress | Finished | Noted | Ended
