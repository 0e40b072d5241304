"""`stylejax batch`: a table or a folder of pictures, painted without losing one."""

import json
import math
import os
import time
from typing import NoReturn

import jax
from rich.console import Console
from rich.table import Table

from stylejax.batch.cells import read_table
from stylejax.batch.engine import AbandonedError
from stylejax.batch.match import matched
from stylejax.batch.painter import Painter
from stylejax.batch.plan import Group
from stylejax.batch.record import sidecar_name
from stylejax.batch.row import Row
from stylejax.batch.run import run_batch
from stylejax.batch.share import Share
from stylejax.batch.stop import Stop
from stylejax.batch.store import Store
from stylejax.batch.survey import Survey, survey
from stylejax.batch.table import lines_of, rows_of
from stylejax.cli.batch_display import batch_display
from stylejax.cli.flags.batch import Batch
from stylejax.cli.live import on_the_wall
from stylejax.errors import SettingsError
from stylejax.files.folder import Folder
from stylejax.files.interrupts import heeding
from stylejax.files.url import is_url
from stylejax.optimize.budget import in_words, memory_budget
from stylejax.optimize.devices import devices_for
from stylejax.optimize.memory import chunk_bytes, lanes_that_fit, least_bytes
from stylejax.optimize.recipes import recipe_named
from stylejax.preview.command import UNREPEATED, repeat_many
from stylejax.preview.grid import batch_cells, write_grid
from stylejax.preview.report import check_report

SOME_FAILED = 3
USEFUL_ON_CPU = 2
"""Larger batches are no faster there (docs/performance.md), take more memory, and lose more to a kill."""
AMPLE = 64
"""Where there is so many times the least memory of a batch it fits, and no program is compiled to know it."""


class BatchRun(Batch):
    """Does what the flags ask for."""

    def run(self, console: Console) -> int:
        """Plan and paint; returns 0, 3 when some pictures failed, or 130 or 143 when it was stopped."""
        self._check()
        store = Store(Folder(self.output), bits=self.bits)
        share = self.machines.join()
        painter = Painter(devices=self.machines.devices)
        plan = self._plan(store, painter, share)
        if self.dry_run:
            return self._show(plan, painter, console)
        if plan.todo or plan.refused:
            store.folder.make()
        stop, began = Stop(self.grace), time.monotonic()
        display = batch_display(quiet=self.quiet, as_json=self.json, console=console)
        watching = self.watching.page(console, f"{len(plan.todo)} pictures", quiet=self.quiet, as_json=self.json)

        def notice(number: int) -> None:
            stop.request(128 + number)
            display.stopping(number)

        try:
            with watching as live, heeding(notice):
                engine = self.machines.make_engine()
                observe = on_the_wall(live, display.show, stop)
                tally = run_batch(plan, painter, store, stop=stop, observe=observe, make_engine=engine)
                self._report(plan, store, time.monotonic() - began)
                if live:
                    where = store.folder.local or store.folder.place
                    live.end("stopped" if stop.requested else "finished", f"the pictures are in {where}")
        except AbandonedError:
            display.close()
            return _leave(stop.code or 130)
        finally:
            display.close()
        if self.report and not self.quiet and not self.json:
            console.print(f"look at {self.report}", highlight=False, soft_wrap=True)
        return stop.code or (SOME_FAILED if tally.failed else 0)

    def _report(self, plan: Survey, store: Store, seconds: float) -> None:
        if self.report:
            command = repeat_many("batch", [self.jobs] if self.jobs else [], self, without=("jobs", *UNREPEATED))
            cells = batch_cells(plan.rows, store)
            write_grid(self.report, cells, title=f"{len(cells)} pictures", command=command, seconds=seconds)

    def _check(self) -> None:
        self.machines.check()
        if bool(self.jobs) == bool(self.content):
            raise SettingsError("give either a table of jobs or --content, such as stylejax batch jobs.csv -o painted")
        if bool(self.content) != bool(self.style):
            raise SettingsError("--content and --style go together; give patterns for both")
        if self.batch_size != "auto" and not 1 <= self.batch_size <= 4096:
            raise SettingsError(f"batch_size is {self.batch_size}; it must be a whole number from 1 to 4096, or auto")
        if self.round != "auto" and not 1 <= self.round <= 4096:
            raise SettingsError(f"round is {self.round}; it must be a whole number from 1 to 4096, or auto")
        if self.report and is_url(self.output):
            raise SettingsError(f"a report links to pictures on this machine; {self.output} is elsewhere: leave out --report")
        if self.report:
            check_report(self.report)
        if not 0 <= self.grace <= 86400:
            raise SettingsError(f"grace is {self.grace}; it must be a number of seconds from 0 to 86400")

    def _plan(self, store: Store, painter: Painter, share: Share) -> Survey:
        suffix, folder = f".{self.format}", ""
        if self.jobs:
            cells = read_table(self.jobs)
            folder = self.jobs.rpartition("/")[0] if is_url(self.jobs) else os.path.dirname(os.path.abspath(self.jobs))  # noqa: PTH100, PTH120
        else:
            cells = matched(self.content, self.style, self.pair, suffix, store.folder)
        base = recipe_named(self.settings.recipe).as_options()
        asked = {name: value for name, value in self.settings.as_options().items() if value != base[name] or name == "recipe"}

        def check(row: Row) -> None:
            for name in (row.output, sidecar_name(row.output)):
                store.folder.check_file(name)
            painter.check(row.settings)

        rows, problems = rows_of(
            cells,
            asked,
            folder=folder,
            suffix=suffix,
            bits=self.bits,
            skip_bad=self.skip_bad,
            check=check,
            output=store.folder,
        )
        for line in lines_of(problems) if not self.quiet else []:
            Console(stderr=True).print(f"left out {line}", highlight=False, markup=False, soft_wrap=True)
        return survey(
            share.of(rows),
            store,
            lambda group: self._lanes(group, painter),
            rounding=self.round,
            bits=self.bits,
            retry_failed=self.retry_failed,
        )

    def _lanes(self, group: Group, painter: Painter) -> int:
        if self.batch_size != "auto":
            return self.batch_size
        devices = len(devices_for(len(group.rows), self.machines.devices))
        most = min(math.ceil(len(group.rows) / devices), USEFUL_ON_CPU if jax.default_backend() == "cpu" else 16)
        model, budget = painter.model_for(group.settings), memory_budget()
        if budget is None or AMPLE * most * least_bytes(model, group.settings, *group.scales[-1]) <= budget:
            return devices * most
        fit = lanes_that_fit(model, group.settings, *group.scales[-1], most=most, shared=group.shared)
        steady = fit if fit == most else 2 ** max(0, fit.bit_length() - 1)  # much the same in each run, however much is free
        return devices * steady

    def _show(self, plan: Survey, painter: Painter, console: Console) -> int:
        memory = [_bytes(group, painter) if any(row.output in plan.todo for row in group.rows) else 0 for group in plan.groups]
        programs = sum(len(group.scales) for group in plan.groups)
        table = Table(box=None, pad_edge=False)
        for heading in ("painted at", "scales", "pictures", "to do", "batch", "memory"):
            table.add_column(heading)
        for group, size in zip(plan.groups, memory, strict=True):
            height, width = group.scales[-1]
            todo = sum(row.output in plan.todo for row in group.rows)
            counts = (len(group.scales), len(group.rows), todo, group.lanes)
            table.add_row(f"{width}×{height}", *map(str, counts), in_words(size) if size else "")
        if self.json:
            groups = [
                {
                    "shape": group.scales[-1],
                    "scales": group.scales,
                    "pictures": len(group.rows),
                    "batch": group.lanes,
                    "bytes": size,
                }
                for group, size in zip(plan.groups, memory, strict=True)
            ]
            facts = {"programs": programs, "todo": len(plan.todo), "done": plan.done, "refused": len(plan.refused)}
            print(json.dumps({"event": "plan", **facts, "groups": groups}))
            return 0
        console.print(table, highlight=False)
        console.print(
            f"{len(plan.todo)} to paint, {plan.done} done, {len(plan.refused)} cannot be read, {plan.failed_before} failed "
            f"before; {programs} programs",
            highlight=False,
            soft_wrap=True,
        )
        return 0


def _bytes(group: Group, painter: Painter) -> int:
    """The memory that painting a batch of the group takes, by the compiler's own account."""
    model, shape = painter.model_for(group.settings), group.scales[-1]
    return chunk_bytes(model, group.settings, *shape, lanes=group.lanes, shared=group.shared)


def _leave(code: int) -> NoReturn:
    """End the process although threads are at work: what is written is whole, what is not is painted next time."""
    os._exit(code)
