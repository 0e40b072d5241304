"""Look at all rows before any is painted: shapes of contents, what is done, what failed before, which groups they make."""

import dataclasses
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from stylejax.batch.input.row import Outcome, Result, Row, Unit
from stylejax.batch.output.sidecar import digest, inputs, sidecar_name
from stylejax.batch.output.store import Store
from stylejax.batch.plan.aspects import painted_shape
from stylejax.batch.plan.groups import Group, group_rows, with_lanes
from stylejax.choices import Rounding
from stylejax.errors import one_line
from stylejax.files.folder import FolderError
from stylejax.files.same_file import file_id
from stylejax.files.url import is_url
from stylejax.images.io.read import read_shape

LOOKERS = 16


@dataclass(frozen=True)
class Survey:
    """The plan of a run."""

    rows: tuple[Row, ...]
    """All rows, in the order of the table."""
    groups: tuple[Group, ...]
    todo: frozenset[str]
    """Outputs still to be painted."""
    refused: tuple[Outcome, ...]
    """Rows that cannot be painted, and were not known to fail."""
    done: int
    failed_before: int
    """Rows that failed in an earlier run, are the same since, and are not to be tried again."""

    @property
    def earlier(self) -> list[Row]:
        """Rows that were done or had failed before."""
        new = self.todo | {outcome.row.output for outcome in self.refused}
        return [row for row in self.rows if row.output not in new]

    @property
    def programs(self) -> int:
        """How many programs there are to compile: one a group and scale."""
        return sum(len(group.scales) for group in self.groups)

    def todo_of(self, group: Group) -> int:
        """How many rows of a group are still to be painted."""
        return sum(row.output in self.todo for row in group.rows)

    def units(self) -> list[Unit]:
        """What there is to paint, in order."""
        return [unit for group in self.groups for unit in group.units(row for row in group.rows if row.output in self.todo)]


def survey(
    rows: Sequence[Row],
    store: Store,
    lanes_for: Callable[[Group], int],
    *,
    rounding: Rounding = "auto",
    bits: int = 8,
    retry_failed: bool = False,
) -> Survey:
    """StaticConfig the painting of `rows` into `store`."""

    def look(row: Row) -> tuple[Row, tuple[int, int] | Outcome, Result | None]:
        """The row with its digest, the shape of its content or why it cannot be painted, and what is known of it."""
        shape, reason = (), ""
        try:
            found = read_shape(row.content)
            shape = painted_shape(*found, row.settings, rounding)
        except Exception as problem:
            found, reason = (), one_line(problem)
        try:
            row = dataclasses.replace(row, digest=digest(row, shape, bits=bits))
            known = store.known(row)
            if not known:
                store.check(row)
                _check_originals(row, store, originals)
        except Exception as problem:
            stage = "write" if isinstance(problem, FolderError) else "read"
            return row, Outcome(row, stage=stage, reason=one_line(problem)), None
        return row, found or Outcome(row, stage="read", reason=reason), known

    originals = {file_id(place) for row in rows for place in inputs(row) if not is_url(place)} - {None}
    if retry_failed:
        store.forget_failures()
    with ThreadPoolExecutor(LOOKERS) as pool:
        looked = list(pool.map(look, rows))
    groups, small = group_rows([(row, found) for row, found, _ in looked if not isinstance(found, Outcome)], rounding)
    refused = [*(found for _, found, _ in looked if isinstance(found, Outcome)), *small]
    known = {row.output: result for row, _, result in looked if result}
    done = sum(result.record is not None for result in known.values())
    todo = frozenset(row.output for group in groups for row in group.rows if row.output not in known)

    def lanes(group: Group) -> int:  # asking may compile the group's program
        return lanes_for(group) if any(row.output in todo for row in group.rows) else 1

    return Survey(
        rows=tuple(row for row, _, _ in looked),
        groups=tuple(with_lanes(groups, lanes)),
        todo=todo,
        refused=tuple(each for each in refused if each.row.output not in known),
        done=done,
        failed_before=len(known) - done,
    )


def _check_originals(row: Row, store: Store, originals: Container[Any]) -> None:
    """Raise FolderError when the row would be written over a picture that rows are painted from, and that no run has made."""
    folder = store.folder
    if folder.local and file_id(folder.path(row.output)) in originals and folder.read(sidecar_name(row.output)) is None:
        raise FolderError(f"output {row.output} would replace a picture that is painted from; choose another name")
