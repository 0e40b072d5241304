"""What a run tells while it goes on. Whoever iterates the run gets each."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stylejax.batch.plan import Group
from stylejax.batch.row import Result, Unit
from stylejax.optimize.progress import Progress


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

    def count(self, result: Result) -> None:
        """Count a row that has been dealt with."""
        if result.record:
            self.done += 1
        else:
            self.failed += 1

    @property
    def left(self) -> int:
        """Pictures still to come."""
        return self.total - self.done - self.failed - self.skipped

    @property
    def images_per_second(self) -> float:
        """Pictures painted a second, since the start."""
        return self.done / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Time that the rest will take; None before the first picture."""
        return self.left / self.images_per_second if self.done else None


@dataclass(frozen=True, eq=False)
class Planned:
    """All rows were looked at; painting begins."""

    tally: Tally
    groups: tuple[Group, ...]


@dataclass(frozen=True, eq=False)
class Painting:
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


Event = Planned | Painting | Finished | Known | Noted | Ended
