"""`stylejax batch`: the shell around a `TableRun`."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from stylejax.batch.api import TableRun
from stylejax.batch.events import Tally
from stylejax.batch.execute.local import AbandonedError
from stylejax.batch.input.table import lines_of
from stylejax.batch.plan.batch_plan import BatchPlan
from stylejax.cli.flags.batch import Batch
from stylejax.cli.live import showing_live
from stylejax.cli.terminal.batch_display import batch_display
from stylejax.cli.terminal.console import plain_console
from stylejax.errors import SettingsError
from stylejax.files.url import is_url
from stylejax.preview.command import UNREPEATED, repeat_many
from stylejax.preview.grid import batch_cells, write_grid
from stylejax.preview.live import Live
from stylejax.preview.report import check_report
from stylejax.run.memory.available import format_bytes
from stylejax.settings.recipes import overrides_of
from stylejax.signals import handling_signals

SOME_FAILED = 3


class BatchRun(Batch):
    """Executes the command."""

    def run(self, console: Console) -> int:
        """Plan and execute; returns 0, 3 when some pictures failed, or 129, 130 or 143 when it was stopped."""
        self._check()
        run = self._plan()
        if self.dry_run:
            return self._show(run, console)
        began, stop, tally = time.monotonic(), run.stopping, Tally(0)
        display = batch_display(quiet=self.quiet, as_json=self.json, console=console)
        page = Live(f"{len(run.plan.todo)} pictures")
        watching = self.watching.page(console, page, quiet=self.quiet, as_json=self.json)

        def notice(number: int) -> None:
            stop.request(128 + number)
            display.stopping(number)

        try:
            with watching as live, handling_signals(notice), closing(run.events()) as events:
                show = showing_live(live, display.show, stop)
                for event in events:
                    tally = event.tally
                    show(event)
                self._report(run, time.monotonic() - began)
                if live:
                    where = run.store.folder.local or run.store.folder.place
                    live.end("stopped" if stop.requested else "finished", message=f"the pictures are in {where}")
        except AbandonedError:
            display.close()
            return _leave(stop.code or 130)
        finally:
            display.close()
        if self.report and not self.quiet and not self.json:
            console.print(f"look at {self.report}", soft_wrap=True)
        return stop.code or (SOME_FAILED if tally.failed else 0)

    def _report(self, run: TableRun, seconds: float) -> None:
        if self.report:
            command = repeat_many("batch", [self.jobs] if self.jobs else [], self, without=("jobs", *UNREPEATED))
            cells = batch_cells(run.plan.rows, run.store)
            write_grid(self.report, cells, title=f"{len(cells)} pictures", command=command, seconds=seconds)

    def _check(self) -> None:
        self.machines.check()
        self.watching.check()
        if self.report and is_url(self.output):
            raise SettingsError(f"a report links to pictures on this machine; {self.output} is elsewhere: leave out --report")
        if self.report:
            check_report(self.report)

    def _plan(self) -> TableRun:
        run = TableRun(
            self.jobs or None,
            self.output,
            overrides_of(self.settings),
            self.options,
            devices=self.machines.devices,
            split=self.machines.split,
            share=self.machines.join(),
            make_engine=self.machines.make_engine(),
        )
        for line in lines_of(run.left_out) if not self.quiet else []:
            plain_console(stderr=True).print(f"left out {line}", soft_wrap=True)
        return run

    def _show(self, run: TableRun, console: Console) -> int:
        """Print the plan, as a table or as JSON."""
        plan = run.plan
        memory = [run.memory_of(group) if plan.todo_of(group) else 0 for group in plan.groups]
        if self.json:
            print(json.dumps(_plan_facts(plan, memory)))
            return 0
        console.print(_plan_table(plan, memory))
        console.print(
            f"{len(plan.todo)} to paint, {plan.done} done, {len(plan.refused)} cannot be read, {plan.failed_before} failed "
            f"before; {plan.programs} programs",
            soft_wrap=True,
        )
        return 0


def _plan_facts(plan: BatchPlan, memory: Sequence[int]) -> dict[str, Any]:
    """The plan as JSON, with the memory of each group in bytes."""
    groups = [
        {
            "shape": group.scales[-1],
            "scales": group.scales,
            "pictures": len(group.rows),
            "batch": group.batch_size,
            "bytes": size,
        }
        for group, size in zip(plan.groups, memory, strict=True)
    ]
    facts = {"programs": plan.programs, "todo": len(plan.todo), "done": plan.done, "refused": len(plan.refused)}
    return {"event": "plan", **facts, "groups": groups}


def _plan_table(plan: BatchPlan, memory: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("painted at", "scales", "pictures", "to do", "batch", "memory"):
        table.add_column(heading)
    for group, size in zip(plan.groups, memory, strict=True):
        height, width = group.scales[-1]
        counts = (len(group.scales), len(group.rows), plan.todo_of(group), group.batch_size)
        table.add_row(f"{width}×{height}", *map(str, counts), format_bytes(size) if size else "")
    return table


def _leave(code: int) -> NoReturn:
    """End the process although threads are still at work: files are written completely or not at all."""
    os._exit(code)
