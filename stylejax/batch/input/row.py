"""What is to be done, small enough to be sent to another machine: a row of the table, and a unit of rows painted together.

Places are local paths or URLs, as they are; nothing is opened here.
"""

from dataclasses import dataclass
from typing import Any, Literal

from stylejax.optimize.chunk import Shared
from stylejax.run.result import StylizedImage
from stylejax.settings.settings import Settings

Stage = Literal["read", "paint", "write"]


@dataclass(frozen=True)
class Row:
    """One picture to paint."""

    number: int
    """The line of the table, counted from 1; for messages."""
    content: str
    styles: tuple[str, ...]
    output: str
    """Where the result goes: a name inside the output folder, '/'-separated."""
    settings: Settings
    content_masks: tuple[str, ...] = ()
    style_masks: tuple[str, ...] = ()
    digest: str = ""
    """Hash of everything that decides the result; the planner fills it in (`batch.record`)."""


@dataclass(frozen=True)
class Unit:
    """Rows of one group, painted in one go."""

    rows: tuple[Row, ...]
    """At most `lanes`; the batch is filled up with copies of the last, which are not kept."""
    shape: tuple[int, int]
    """Height and width that all are painted at."""
    lanes: int
    """Pictures of a batch: the same for all units of a group, so that they run one program, which gives the same bits whatever
    shares the batch."""
    shared: Shared
    """Which targets all rows of the group share."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a row: a painting, or a reason why there is none."""

    row: Row
    painting: StylizedImage | None = None
    seconds: float = 0.0
    """This picture's share of the time that its batch took."""
    stage: Stage = "paint"
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """What is known of a row once its files are written: the record beside the picture, or a reason."""

    row: Row
    record: dict[str, Any] | None = None
    stage: Stage = "paint"
    reason: str = ""
