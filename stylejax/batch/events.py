"""What a run tells while it goes on. Whoever iterates the run gets each."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stylejax.batch.input.row import Result, Unit
from stylejax.batch.plan.groups import Group
from stylejax.run.progress import Preparing, Progress


@dataclass
class Tally:
    """Counts of a run."""

    total: int
    done: int = 0
    """Painted by this run."""
    failed: int = 0
    skipped: int = 0
    """There before, or painted by another process meanwhile."""
    began: float = field(default_factory=time.monotonic)
    painting: float = 0.0
    """Pictures' worth of steps done for those that are being painted."""
    compiling: float | None = None
    """Since when a program is being compiled."""
    compiled: float = 0.0
    """Seconds that went into compiling, which say nothing of the pictures to come."""

    def count(self, result: Result) -> None:
        """Count a row that has been dealt with."""
        if result.record:
            self.done += 1
        else:
            self.failed += 1
        self.painting = max(0.0, self.painting - 1)

    def compile(self) -> None:
        """A program is about to be compiled."""
        if self.compiling is None:
            self.compiling = time.monotonic()

    def paint(self, painting: float) -> None:
        """So many pictures' worth of steps are done for those that are being painted."""
        self.painting = painting
        if self.compiling is not None:
            self.compiled += time.monotonic() - self.compiling
            self.compiling = None

    @property
    def left(self) -> int:
        """Pictures still to come."""
        return self.total - self.done - self.failed - self.skipped

    @property
    def images_per_second(self) -> float:
        """Pictures painted a second, since the start but for the time of compiling."""
        now = time.monotonic()
        compiling = self.compiled + (0 if self.compiling is None else now - self.compiling)
        return (self.done + self.painting) / max(now - self.began - compiling, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Time that the rest will take; None before the first steps."""
        speed = self.images_per_second
        return max(0.0, self.left - self.painting) / speed if speed else None


@dataclass(frozen=True, eq=False)
class Planned:
    """All rows were looked at; painting begins."""

    tally: Tally
    groups: tuple[Group, ...]


@dataclass(frozen=True, eq=False)
class Compiling:
    """A scale of a unit is about to be painted; its programs are compiled."""

    tally: Tally
    unit: Unit
    scale: Preparing


@dataclass(frozen=True, eq=False)
class BatchProgress:
    """A unit is being painted."""

    tally: Tally
    unit: Unit
    progress: Progress


@dataclass(frozen=True, eq=False)
class Finished:
    """A row is done, and its files are written; or it failed, and `result.reason` says why."""

    tally: Tally
    result: Result
    image: np.ndarray | None
    """The painted picture, `[height, width, 3]` in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Known:
    """Another process has dealt with a row meanwhile."""

    tally: Tally
    result: Result


@dataclass(frozen=True, eq=False)
class Noted:
    """Something that ends no run and costs no picture went wrong; each is told once."""

    tally: Tally
    text: str


@dataclass(frozen=True, eq=False)
class Ended:
    """The run is over."""

    tally: Tally
    stopped: bool
    facts: dict[str, Any]


Event = Planned | Compiling | BatchProgress | Finished | Known | Noted | Ended
