"""Tables of pictures from Python: a run that is planned when it is made, and executed while it is iterated.

    run = stylejax.stylize_table("jobs.csv", output="painted", size=768)     plan all rows; nothing is executed yet
    for result in run:                                                       execute; each row comes once, as it is done
        ...                                                                  leave the loop, and execution stops

The same call again does only what is missing or has changed, and yields all rows. `stylejax batch` is made of this.
"""

import dataclasses
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from stylejax.batch.events import Event, Finished
from stylejax.batch.execute.local import LocalEngine
from stylejax.batch.execute.run import run_batch
from stylejax.batch.execute.shutdown import Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.cells import Cells, read_table
from stylejax.batch.input.output_names import RESERVED, sidecar_name
from stylejax.batch.input.patterns import matched
from stylejax.batch.input.shard import Share
from stylejax.batch.input.table import rows_of
from stylejax.batch.options import BatchOptions
from stylejax.batch.output.store import Store
from stylejax.batch.plan.batch_plan import BatchPlan, plan_batch
from stylejax.batch.plan.batch_size import batch_size_of, bytes_of
from stylejax.batch.plan.groups import Group
from stylejax.batch.records import JobSpec, RowFailure, RowResult
from stylejax.choices import DeviceCount, SplitName
from stylejax.errors import SettingsError
from stylejax.files.folder import Folder
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.files.url import is_url
from stylejax.files.user_paths import expand_home, user_path
from stylejax.run.devices import devices_of
from stylejax.run.memory.available import memory_budget
from stylejax.settings.recipes import overrides_of, settings_from
from stylejax.settings.settings import Settings
from stylejax.settings.transformation import describe

Jobs = str | os.PathLike[str] | Iterable[Mapping[str, Any]]
"""The path or URL of a table, or its rows: mappings from the names of columns to cells."""


def stylize_table(
    jobs: Jobs | None = None,
    *,
    output: str | os.PathLike[str] = "painted",
    settings: Settings | None = None,
    devices: DeviceCount = "all",
    split: SplitName = "none",
    observe: Callable[[Event], None] | None = None,
    **options: Any,
) -> "TableRun":
    """Stylize all pictures of a table, or all that patterns match, into a folder; a failure costs only its own row.

    Args:
        jobs: a .csv, .jsonl or .parquet file, or the rows themselves; None with `content` and `style`, which are patterns.
            Cells are named as the flags of `stylejax batch`; those of a row override `settings` and `options`. Relative paths
            start at the folder of the table, or else at the working folder.
        output: folder for the results, a record beside each, and `failures.jsonl`; or a URL such as `gs://bucket/painted`.
        settings: as for `stylize`, of all rows.
        devices: at most how many devices of this machine are used.
        split: how many of them each picture is divided among, by rows; `picture` for all.
        observe: called with each event (`stylejax.batch.events`), including progress, while the run is iterated.
        **options: any field of `BatchOptions`, such as `batch_size=4` or `content="photos/**/*.jpg"`, and fields of `Settings`
            in place of those of `settings`, such as `size=768`.

    Returns:
        The run: planned, and executed while it is iterated.

    Raises:
        BadRowsError: some rows are invalid, each named with its line, and `skip_bad` is not set.
        SettingsError: an option does not exist or has an invalid value.
        StylejaxError: the table cannot be read, or the folder cannot be written.

    Example:
        >>> import stylejax
        >>> rows = [{"content": "town.jpg", "style": ["wave.jpg"], "style_weight": weight} for weight in (1, 10)]
        >>> for result in stylejax.stylize_table(rows, output="painted", size=512):  # doctest: +SKIP
        ...     print(result.row.number, result.picture or result.reason)
    """
    own = {field.name for field in dataclasses.fields(BatchOptions)}
    changes = {name: value for name, value in options.items() if name not in own}
    common = settings_from(changes, base=settings)  # an invalid setting of all rows is reported once, not for each row
    if not isinstance(common.optimizer, str):
        raise SettingsError(
            f"optimizer is {describe(common.optimizer)}, which no record of a row can identify; use adam or l-bfgs"
        )
    batch_options = BatchOptions(**{name: value for name, value in options.items() if name in own})
    if settings is not None:
        changes = overrides_of(settings) | changes
    return TableRun(jobs, output, changes, batch_options, devices=devices, split=split, observe=observe)


class TableRun(Iterator[RowResult]):
    """A table that is executed while it is iterated. Close it, or leave its `with` block, to stop at once."""

    def __init__(
        self,
        jobs: Jobs | None,
        output: str | os.PathLike[str],
        settings: Mapping[str, Any],
        options: BatchOptions,
        *,
        devices: DeviceCount = "all",
        split: SplitName = "none",
        share: Share | None = None,
        make_engine: Callable[..., Any] = LocalEngine,
        observe: Callable[[Event], None] | None = None,
    ):
        """Plan all rows; nothing is executed or written.

        Args:
            jobs: as for `stylize_table`.
            output: as for `stylize_table`.
            settings: of all rows, unless their cells override them.
            options: which rows, how they are batched, and how the run stops and continues.
            devices: as for `stylize_table`.
            split: as for `stylize_table`.
            share: of the table; the whole unless given.
            make_engine: executes the minibatches; see `run_batch`.
            observe: as for `stylize_table`.

        Raises:
            StylejaxError: as for `stylize_table`.
        """
        devices_of(1, wanted=devices, split=split)
        memory_budget()
        self.store = Store(Folder(output), bits=options.bits)
        """The output folder."""
        self.stopping = Shutdown(options.grace)
        """Whether the run is to stop, and when."""
        self._worker = Worker(devices=devices, split=split)
        self._make_engine, self._observe = make_engine, observe
        rows, self.left_out = self._rows(jobs, settings, options)
        automatic = partial(batch_size_of, network_for=self._worker.network_for, devices=devices, split=split)
        self.plan: BatchPlan = plan_batch(
            (share or Share()).of(rows),
            self.store,
            automatic if options.batch_size == "auto" else lambda group: int(options.batch_size),
            rounding=options.round,
            bits=options.bits,
            retry_failed=options.retry_failed,
        )
        """What is to be done: groups of rows, their batch sizes, what is done already."""
        self._results = self._iterate()

    def __next__(self) -> RowResult:
        """Continue until the next row is done or has failed.

        Raises:
            StylejaxError: the run cannot continue: the disk is full, or the network is missing.
            AbandonedError: the time to stop was over before the batch in flight could be given up.
        """
        return next(self._results)

    def __enter__(self) -> "TableRun":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Finish the batch in flight, for at most `grace` seconds, and start no other. Call it from any thread."""
        self.stopping.request()

    def close(self) -> None:
        """Give up the batch in flight."""
        self._results.close()

    def events(self) -> Generator[Event, None, None]:
        """Execute the plan and yield every event, as `observe` gets them."""
        if self.plan.todo or self.plan.refused:
            self.store.folder.make()
        return run_batch(self.plan, self._worker, self.store, stop=self.stopping, make_engine=self._make_engine)

    def memory_of(self, group: Group) -> int:
        """Bytes that a batch of the group takes; asking may compile its program. 0 where it cannot be determined."""
        return bytes_of(group, self._worker.network_for)

    def _rows(
        self, jobs: Jobs | None, settings: Mapping[str, Any], options: BatchOptions
    ) -> tuple[list[JobSpec], list[tuple[int, RowFailure]]]:
        cells, folder = _cells(jobs, options, self.store.folder)
        return rows_of(
            cells,
            settings,
            folder=folder,
            suffix=f".{options.format}",
            bits=options.bits,
            skip_bad=options.skip_bad,
            check=self._check,
            output=self.store.folder,
        )

    def _check(self, row: JobSpec) -> None:
        for name in (row.output, sidecar_name(row.output)):
            self.store.folder.check_file(name)
        self._worker.check(row.settings)

    def _iterate(self) -> Generator[RowResult, None, None]:
        for row in self.plan.earlier:
            if known := self.store.known(row):
                yield known
        for event in self.events():
            if self._observe:
                self._observe(event)
            if isinstance(event, Finished):
                yield event.result


def _cells(jobs: Jobs | None, options: BatchOptions, output: Folder) -> tuple[Cells, str]:
    """The cells of all rows, and the folder where their relative paths start."""
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
    return [(number, _mapping(row)) for number, row in enumerate(jobs, start=1)], os.getcwd()  # noqa: PTH109


def _mapping(row: Any) -> Mapping[str, Any] | RowFailure:
    return row if isinstance(row, Mapping) else RowFailure("table", f"is {row!r:.40}; wanted a mapping of columns")
