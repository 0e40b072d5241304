"""Tables of pictures from Python: a run that is planned when it is made, and painted while it is iterated.

    run = stylejax.stylize_table("jobs.csv", "painted", size=768)      look at all rows; nothing is painted yet
    for outcome in run:                                                 paint; each row comes once, as it is done
        ...                                                             leave the loop, and painting stops

The same call again does only what is missing or has changed, and gives all rows. `stylejax batch` is made of this.
"""

import dataclasses
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stylejax.batch.events import Event, Finished, Known
from stylejax.batch.execute.local import Engine
from stylejax.batch.execute.run import run_batch
from stylejax.batch.execute.shutdown import Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.cells import Cells, read_table
from stylejax.batch.input.patterns import matched
from stylejax.batch.input.row import Result, Row
from stylejax.batch.input.shard import Share
from stylejax.batch.input.table import rows_of
from stylejax.batch.options import BatchOptions
from stylejax.batch.output.paths import RESERVED
from stylejax.batch.output.sidecar import sidecar_name
from stylejax.batch.output.store import Store
from stylejax.batch.plan.batch_size import automatic_lanes, group_bytes
from stylejax.batch.plan.groups import Group
from stylejax.batch.plan.survey import Survey, survey
from stylejax.choices import DeviceCount
from stylejax.errors import SettingsError
from stylejax.files.folder import Folder
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.files.url import is_url
from stylejax.files.user_paths import expand_home, user_path
from stylejax.run.devices import devices_for
from stylejax.run.memory.available import memory_budget
from stylejax.settings.recipes import settings_from
from stylejax.settings.transformation import describe

Jobs = str | os.PathLike[str] | Iterable[Mapping[str, Any]]
"""The path or URL of a table, or its rows: mappings from the names of columns to cells."""


@dataclass(frozen=True)
class RowOutcome:
    """What has become of a row."""

    row: Row
    """With `number`, counted from 1 (in a file its line), `content`, `styles`, `output` and `settings`."""
    picture: Path | str | None
    """The finished picture, a URL where the output folder is one; None if the row failed."""
    reason: str
    """Why there is no picture; empty if there is one."""
    losses: Mapping[str, float]
    """The last `total`, `content`, `style` and `tv`; empty if the row failed."""
    seconds: float
    """This picture's share of the time that its batch took."""
    earlier: bool
    """Whether it was so before: done or failed in an earlier run, or in another process meanwhile."""


def stylize_table(
    jobs: Jobs | None = None,
    output: str | os.PathLike[str] = "painted",
    *,
    devices: DeviceCount = "all",
    observe: Callable[[Event], None] | None = None,
    **options: Any,
) -> "TableRun":
    """Paint all pictures of a table, or all that patterns find, into a folder, without losing one.

    Args:
        jobs: a .csv, .jsonl or .parquet file, or the rows themselves; None with `content` and `style`, which are patterns.
            Cells are named as the flags of `stylejax batch`; those of a row override `options`. Relative places start at the
            folder of the table, or where the process is.
        output: folder for the results, a record beside each, and `failures.jsonl`; or a URL such as `gs://bucket/painted`.
        devices: at most so many devices of this machine are used.
        observe: called with each event (`stylejax.batch.events`), progress too, while the run is iterated.
        **options: any field of `BatchOptions`, such as `batch_size=4` or `content="photos/**/*.jpg"`, and any field of
            `Settings`, such as `size=768`, for all rows.

    Returns:
        The run: planned, and painted while it is iterated.

    Raises:
        BadRowsError: rows cannot be used, each told with its line, and `skip_bad` is not set.
        SettingsError: an option does not exist or cannot be used.
        StylejaxError: the table cannot be read, or the folder cannot be written.

    Example:
        >>> import stylejax
        >>> rows = [{"content": "town.jpg", "style": ["wave.jpg"], "style_weight": weight} for weight in (1, 10)]
        >>> for outcome in stylejax.stylize_table(rows, "painted", size=512):  # doctest: +SKIP
        ...     print(outcome.row.number, outcome.picture or outcome.reason)
    """
    own = {field.name for field in dataclasses.fields(BatchOptions)}
    settings = {name: value for name, value in options.items() if name not in own}
    if "model" in settings:
        settings["model"] = os.fspath(settings["model"])
    settings_from(settings)  # what no row can use is told once
    if not isinstance(optimizer := settings.get("optimizer", ""), str):
        raise SettingsError(f"optimizer is {describe(optimizer)}, which no record of a row can identify; use adam or l-bfgs")
    return TableRun(
        jobs,
        output,
        settings,
        BatchOptions(**{name: value for name, value in options.items() if name in own}),
        devices=devices,
        observe=observe,
    )


class TableRun(Iterator[RowOutcome]):
    """A table that is painted while it is iterated. Close it, or leave its `with` block, to stop at once."""

    def __init__(
        self,
        jobs: Jobs | None,
        output: str | os.PathLike[str],
        settings: Mapping[str, Any],
        options: BatchOptions,
        *,
        devices: DeviceCount = "all",
        share: Share | None = None,
        make_engine: Callable[..., Any] = Engine,
        observe: Callable[[Event], None] | None = None,
    ):
        """Look at all rows; nothing is painted or written.

        Args:
            jobs: as for `stylize_table`.
            output: as for `stylize_table`.
            settings: those of all rows, where they say nothing else.
            options: what is painted together, and how the run goes on.
            devices: as for `stylize_table`.
            share: of the table; the whole unless given.
            make_engine: who paints; see `run_batch`.
            observe: as for `stylize_table`.

        Raises:
            StylejaxError: as for `stylize_table`.
        """
        devices_for(1, devices)
        memory_budget()
        self.store = Store(Folder(output), bits=options.bits)
        """The output folder."""
        self._painter = Worker(devices=devices)
        self.stopping = Shutdown(options.grace)
        """Whether the run is to stop, and when."""
        self._make_engine, self._observe = make_engine, observe
        cells, folder = _cells(jobs, options, self.store.folder)
        rows, self.left_out = rows_of(
            cells,
            settings,
            folder=folder,
            suffix=f".{options.format}",
            bits=options.bits,
            skip_bad=options.skip_bad,
            check=self._check,
            output=self.store.folder,
        )
        self.plan: Survey = survey(
            (share or Share()).of(rows),
            self.store,
            partial(automatic_lanes, painter=self._painter, wanted=devices)
            if options.batch_size == "auto"
            else lambda group: int(options.batch_size),
            rounding=options.round,
            bits=options.bits,
            retry_failed=options.retry_failed,
        )
        """What is to be done: groups of rows, how many are painted together, what is done already."""
        self._outcomes = self._iterate()

    def __next__(self) -> RowOutcome:
        """Paint on until the next row is done or has failed.

        Raises:
            StylejaxError: the run cannot go on: the disk is full, or the network is not there.
            AbandonedError: the time to stop was over before the batch in flight could be given up.
        """
        return next(self._outcomes)

    def __enter__(self) -> "TableRun":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Let the batch in flight be finished, at most `grace` seconds long, and paint no other. From any thread."""
        self.stopping.request()

    def close(self) -> None:
        """Give up the batch in flight."""
        self._outcomes.close()

    def events(self) -> Generator[Event, None, None]:
        """Paint, and tell of everything: what `observe` is called with."""
        if self.plan.todo or self.plan.refused:
            self.store.folder.make()
        return run_batch(self.plan, self._painter, self.store, stop=self.stopping, make_engine=self._make_engine)

    def memory_of(self, group: Group) -> int:
        """Bytes that painting a batch of the group takes; asking may compile its program. 0 where nobody can tell."""
        return group_bytes(group, self._painter)

    def _check(self, row: Row) -> None:
        for name in (row.output, sidecar_name(row.output)):
            self.store.folder.check_file(name)
        self._painter.check(row.settings)

    def _iterate(self) -> Generator[RowOutcome, None, None]:
        for row in self.plan.earlier:
            if known := self.store.known(row):
                yield self._outcome(known, earlier=True)
        for event in self.events():
            if self._observe:
                self._observe(event)
            if isinstance(event, Finished | Known):
                yield self._outcome(event.result, earlier=isinstance(event, Known))

    def _outcome(self, result: Result, *, earlier: bool) -> RowOutcome:
        folder, record = self.store.folder, result.record
        place = folder.local / result.row.output if folder.local else f"{folder.place.rstrip('/')}/{result.row.output}"
        if record is None:
            return RowOutcome(result.row, None, result.reason, {}, 0.0, earlier)
        return RowOutcome(result.row, place, "", record["losses"], record["seconds"], earlier)


def _cells(jobs: Jobs | None, options: BatchOptions, output: Folder) -> tuple[Cells | list[tuple[int, Any]], str]:
    """The cells of all rows, and the folder where their places start."""
    if (jobs is None) != bool(options.content):
        raise SettingsError("give either a table of jobs or --content, such as stylejax batch jobs.csv -o painted")
    if jobs is None:
        contents, styles = (tuple(map(expand_home, patterns)) for patterns in (options.content, options.style))
        return matched(contents, styles, options.pair, f".{options.format}", output), ""
    if isinstance(jobs, str | os.PathLike):
        place = jobs if isinstance(jobs, str) and is_url(jobs) else str(user_path(jobs))
        if output.local:
            check_output_conflicts([("run's own", output.local / name) for name in RESERVED], inputs=[("table", place)])
        table = read_table(place)
        return table, place.rpartition("/")[0] if is_url(place) else os.path.dirname(os.path.abspath(place))  # noqa: PTH100, PTH120
    rows = [row if isinstance(row, Mapping) else f"is {row!r:.40}; wanted a mapping of columns" for row in jobs]
    return list(enumerate(rows, start=1)), os.getcwd()  # noqa: PTH109
