"""A whole run: execute what the plan has left to do, wait for other processes, and finish with a contact sheet."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from stylejax.batch.events import Ended, Event, Finished, Noted, Planned, Tally
from stylejax.batch.execute.claims import Claims
from stylejax.batch.execute.local import LocalEngine
from stylejax.batch.execute.shutdown import Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.output_names import SHEET
from stylejax.batch.output.store import Store
from stylejax.batch.plan.batch_plan import BatchPlan
from stylejax.batch.plan.groups import Group
from stylejax.batch.records import JobSpec, Minibatch
from stylejax.errors import StylejaxError
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import encode_picture
from stylejax.images.sheet import contact_sheet, evenly_spaced

SAMPLE, COLUMNS, CELL = 20, 5, 240


def run_batch(
    plan: BatchPlan, worker: Worker, store: Store, *, stop: Shutdown, make_engine: Callable[..., Any] = LocalEngine
) -> Generator[Event, None, None]:
    """Execute what `plan` has left to do and yield what happens.

    Rows that another process has claimed are waited for, and executed here if it dies.

    Args:
        plan: from `plan_batch`.
        worker: executes the minibatches.
        store: the output folder.
        stop: ends the run early.
        make_engine: `LocalEngine`, or a class that is made and run like it.

    Raises:
        StylejaxError: the run cannot continue: the disk is full, or the network is missing.
        AbandonedError: as for `LocalEngine.run`.
    """
    total = len(plan.todo) + len(plan.refused) + plan.done + plan.failed_before
    tally = Tally(total, skipped=plan.done, failed=plan.failed_before)
    noted: set[str] = set()

    def notes(problems: Iterable[str]) -> list[Noted]:
        new = sorted(set(problems) - noted - {""})
        noted.update(new)
        return [Noted(tally, problem) for problem in new]

    yield Planned(tally, plan.groups)
    for result in plan.refused:
        tally.failed += 1
        yield Finished(tally, store.save(result), None)
    claims = Claims(store.folder)
    try:
        minibatches = plan.minibatches()
        while minibatches and not stop.requested:
            yield from notes([claims.problem])
            engine = make_engine(worker, store, claims, stop, tally)
            yield from engine.run(minibatches)
            minibatches = yield from _left_by_others(plan.groups, engine.elsewhere, claims, store, stop, tally)
        rows = [row for group in plan.groups for row in group.rows]
        store.remove_resolved_failures([*rows, *(result.row for result in plan.refused)])
        yield from notes([claims.problem if plan.todo else "", store.problem, _write_sheet(rows, store)])
    finally:
        claims.close()
    yield Ended(tally, stop.requested)


def _left_by_others(
    groups: Sequence[Group], elsewhere: Sequence[JobSpec], claims: Claims, store: Store, stop: Shutdown, tally: Tally
) -> Generator[Event, None, list[Minibatch]]:
    """Wait for the rows that other processes have claimed; return those that they leave because they died, in minibatches."""
    left, waiting = set(), list(elsewhere)
    while waiting and not stop.requested:
        still = []
        for row in waiting:
            if known := store.known(row):
                claims.drop(row)
                if known.failure:
                    tally.failed += 1
                else:
                    tally.skipped += 1
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
    return [minibatch for group in groups for minibatch in group.minibatches(row for row in group.rows if row.output in again)]


def _write_sheet(rows: Sequence[JobSpec], store: Store) -> str:
    """Write a contact sheet of finished pictures, evenly from the table. Returns what went wrong, which costs no picture."""
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
