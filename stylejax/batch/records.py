"""The forms that one row of a table takes on its way to a file.

    cells           what a line of the table says, by the name of each column      `input.cells`
    JobSpec         the row, checked; small enough to send to another machine      `input.table`
    LoadedRow       its pictures in memory, as a `Job`                             `execute.load`
    StylizedImage   the result in memory                                           `execute.worker`
    RowResult       what became of the row, for the caller                         `execute.worker`, `output.store`
    the record      JSON beside the picture                                        `output.sidecar`

Three containers hold job specs: a `Group` those that run the same programs, a `BatchPlan` all groups, and a `Minibatch` the
rows of a group that are executed together.

Failures travel in one way: a stage that cannot handle a row puts a `RowFailure` in the place of its result. Paths and URLs are
kept as they are given; nothing is opened here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stylejax.errors import one_line
from stylejax.optimize.chunk import Shared
from stylejax.run.result import StylizedImage
from stylejax.settings.settings import Settings

Stage = Literal["table", "read", "paint", "write"]


@dataclass(frozen=True)
class RowFailure:
    """Why a row has no picture."""

    stage: Stage
    """What failed: reading its cells, reading its pictures, optimizing, or writing the result."""
    reason: str
    """One line."""

    @classmethod
    def of(cls, stage: Stage, error: BaseException) -> "RowFailure":
        """The failure that an exception caused."""
        return cls(stage, one_line(error))

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class JobSpec:
    """One row of a table: a picture to stylize, by the places of its inputs."""

    number: int
    """The line of the table, counted from 1; for messages."""
    content: str
    styles: tuple[str, ...]
    output: str
    """Name of the result inside the output folder, separated by '/'."""
    settings: Settings
    content_masks: tuple[str, ...] = ()
    style_masks: tuple[str, ...] = ()
    digest: str = ""
    """Hash of everything that decides the result (`output.sidecar`); the planner fills it in."""


@dataclass(frozen=True)
class Minibatch:
    """Rows of one group that are executed together."""

    rows: tuple[JobSpec, ...]
    """At most `batch_size`; the batch is padded with copies of the last row, whose results are dropped."""
    shape: tuple[int, int]
    """Height and width at which all are optimized."""
    batch_size: int
    """The same for all minibatches of a group, so that they run one program: the bits of a picture then do not
    depend on the pictures that share its batch."""
    shared: Shared
    """Which targets all rows of the group share."""


@dataclass(frozen=True, eq=False)
class RowResult:
    """What became of a row: a picture, or the reason why there is none."""

    row: JobSpec
    """With `number`, counted from 1 (in a file its line), `content`, `styles`, `output` and `settings`."""
    failure: RowFailure | None = None
    stylized: StylizedImage | None = None
    """The picture in memory; only on the way from the worker to the store."""
    picture: Path | str | None = None
    """The finished file, a URL where the output folder is one; None if the row failed."""
    record: Mapping[str, Any] | None = None
    """The content of the record beside the picture; None if the row failed."""
    seconds: float = 0.0
    """This picture's share of the time that its batch took."""
    earlier: bool = False
    """Whether the row was done or had failed before: in an earlier run, or meanwhile in another process."""

    @property
    def reason(self) -> str:
        """Why there is no picture; empty if there is one."""
        return self.failure.reason if self.failure else ""

    @property
    def losses(self) -> Mapping[str, float]:
        """The last `total`, `content`, `style` and `tv`; empty if the row failed."""
        return self.record["losses"] if self.record else {}
