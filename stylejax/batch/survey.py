"""Look at all rows before any is painted: shapes of contents, what is done, what failed before, which groups they make."""

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stylejax.batch.plan import Group, group_rows, with_lanes
from stylejax.batch.record import digest
from stylejax.batch.row import Outcome, Row, Unit
from stylejax.batch.shapes import painted_shape
from stylejax.batch.store import Store
from stylejax.choices import Rounding
from stylejax.errors import told
from stylejax.images.read import read_shape

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
    """Plan the painting of `rows` into `store`."""

    def look(row: Row) -> tuple[Row, tuple[int, int] | str, bool]:
        """The row with its digest, the shape of its content or why it cannot be painted, and whether it is done."""
        shape = ()
        try:
            found = read_shape(row.content)
            shape = painted_shape(*found, row.settings, rounding)
        except Exception as problem:
            found = told(problem)
        try:
            row = dataclasses.replace(row, digest=digest(row, shape, bits=bits))
            return row, found, store.is_done(row)
        except Exception as problem:
            return row, told(problem), False

    with ThreadPoolExecutor(LOOKERS) as pool:
        seen = list(pool.map(look, rows))
    looked, done = [(row, found) for row, found, _ in seen], {row.output for row, _, good in seen if good}
    readable = [(row, found) for row, found in looked if not isinstance(found, str)]
    unreadable = [Outcome(row, stage="read", reason=found) for row, found in looked if isinstance(found, str)]
    groups, small = group_rows(readable, rounding)
    known = {} if retry_failed else {output: failure.get("digest") for output, failure in store.failures().items()}
    before = {row.output for row, _ in looked if known.get(row.output) == row.digest and row.output not in done}
    todo = frozenset(row.output for group in groups for row in group.rows) - done - before

    def lanes(group: Group) -> int:  # asking may compile the group's program
        return lanes_for(group) if any(row.output in todo for row in group.rows) else 1

    return Survey(
        rows=tuple(row for row, _ in looked),
        groups=tuple(with_lanes(groups, lanes)),
        todo=todo,
        refused=tuple(each for each in [*unreadable, *small] if each.row.output not in before | done),
        done=len(done),
        failed_before=len(before),
    )
