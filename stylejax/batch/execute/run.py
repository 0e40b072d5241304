"""A whole run: look at all rows, paint what is missing, and sum up."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from stylejax.batch.events import Ended, Event, Finished, Known, Noted, Planned, Tally
from stylejax.batch.execute.claims import Claims
from stylejax.batch.execute.local import Engine
from stylejax.batch.execute.shutdown import Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.row import Row, Unit
from stylejax.batch.output.paths import SHEET
from stylejax.batch.output.store import Store
from stylejax.batch.plan.groups import Group
from stylejax.batch.plan.survey import Survey
from stylejax.errors import StylejaxError
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import encode_picture
from stylejax.images.sheet import contact_sheet, evenly_spaced

SAMPLE, COLUMNS, CELL = 20, 5, 240


def run_batch(
    plan: Survey, painter: Worker, store: Store, *, stop: Shutdown, make_engine: Callable[..., Any] = Engine
) -> Generator[Event, None, None]:
    """Paint what `plan` still has to do, with `Engine` or another one that is made and run like it, and tell of it.

    Rows that another process paints meanwhile are waited for, and painted if it dies.

    Raises:
        StylejaxError: the run cannot go on: the disk is full, or the network is not there.
        AbandonedError: as for `Engine.run`.
    """
    rows = [row for group in plan.groups for row in group.rows]
    refused = [outcome.row for outcome in plan.refused]
    total = len(plan.todo) + len(plan.refused) + plan.done + plan.failed_before
    tally = Tally(total, skipped=plan.done, failed=plan.failed_before)
    told: set[str] = set()

    def notes(problems: Iterable[str]) -> list[Noted]:
        new = sorted(set(problems) - told - {""})
        told.update(new)
        return [Noted(tally, problem) for problem in new]

    yield Planned(tally, plan.groups)
    for outcome in plan.refused:
        tally.failed += 1
        yield Finished(tally, store.save(outcome), None)
    claims = Claims(store.folder)
    try:
        units = plan.units()
        while units and not stop.requested:
            yield from notes([claims.problem])
            engine = make_engine(painter, store, claims, stop, tally)
            yield from engine.run(units)
            units = yield from _left_by_others(plan.groups, engine.elsewhere, claims, store, stop, tally)
        store.tidy_failures([*rows, *refused])
        yield from notes([claims.problem if plan.todo else "", store.problem, _write_sheet(rows, store)])
    finally:
        claims.close()
    yield Ended(tally, stop.requested, {})


def _left_by_others(
    groups: Sequence[Group], elsewhere: Sequence[Row], claims: Claims, store: Store, stop: Shutdown, tally: Tally
) -> Generator[Event, None, list[Unit]]:
    """Wait until others have dealt with the rows that they paint; what they leave, because they died, comes back as units."""
    left, waiting = set(), list(elsewhere)
    while waiting and not stop.requested:
        still = []
        for row in waiting:
            if known := store.known(row):
                claims.drop(row)
                if known.record:
                    tally.skipped += 1
                    yield Known(tally, known)
                else:
                    tally.failed += 1
                    yield Finished(tally, known, None)
            elif claims.take(row):
                left.add(row.output)
            else:
                still.append(row)
        waiting = still
        if left or not waiting:
            break
        time.sleep(0.5)
    again = left | {row.output for row in waiting}
    return [unit for group in groups for unit in group.units(row for row in group.rows if row.output in again)]


def _write_sheet(rows: Sequence[Row], store: Store) -> str:
    """A contact sheet of finished pictures, spread evenly over the table; gives what went wrong: the pictures are there."""
    done = [row for row in rows if store.is_done(row)]
    if not done or store.folder.local is None:
        return ""
    cells = []
    for row in evenly_spaced(done, SAMPLE):
        try:
            cells.append((row.output, read_picture(store.folder.path(row.output)).pixels))
        except StylejaxError:
            continue
    lines = [cells[i : i + COLUMNS] for i in range(0, len(cells), COLUMNS)]
    try:
        if lines:
            store.folder.write(SHEET, encode_picture(SHEET, contact_sheet(lines, cell=CELL)))
    except (StylejaxError, MemoryError) as problem:
        return f"there is no new contact sheet: {problem}"
    return ""
