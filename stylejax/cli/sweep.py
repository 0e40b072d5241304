"""`stylejax sweep`: a grid of settings on one photograph, stylized together, and one sheet to compare them on."""

import dataclasses
import json
import math
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from stylejax.choices import LOSSES
from stylejax.cli.flags.sweep import Sweep
from stylejax.cli.parsing.sweep_values import in_short
from stylejax.cli.terminal.run_display import RunDisplay, run_display
from stylejax.errors import NonFiniteError, SettingsError
from stylejax.files.atomic import save_file
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.images.io.write import check_output, write_picture
from stylejax.images.sheet import contact_sheet
from stylejax.preview.command import UNREPEATED, repeat_many
from stylejax.preview.grid import Cell, write_grid
from stylejax.preview.live import Live
from stylejax.preview.report import check_report, title_of
from stylejax.run.inputs.reader import files_of, named_picture
from stylejax.run.memory.available import format_bytes
from stylejax.run.progress import NON_FINITE_ADVICE, Progress
from stylejax.run.result import StylizedImage, StylizeInterrupted
from stylejax.run.sweep import combinations, settings_of, sweep_settings
from stylejax.settings.parse import parse_values
from stylejax.settings.pyramid import pixel_limit
from stylejax.settings.settings import Settings
from stylejax.signals import handling_signals, mark_started
from stylejax.weights.sources import resolve_auto

COLUMNS = 5


class _Results:
    """Saves each picture as soon as it is finished, and shows the progress of the others."""

    def __init__(self, folder: Path, names: Sequence[str], live: Live | None, display: RunDisplay):
        self.finished: dict[int, StylizedImage] = {}
        self._folder, self._names, self._live, self._display = folder, names, live, display
        self._latest: tuple[Progress, Sequence[int]] | None = None

    def keep(self, number: int, result: StylizedImage) -> None:
        """Save the result of the settings of this number."""
        self.finished[number] = result
        result.save(self._folder / self._names[number])

    def observe(self, progress: Progress, numbers: Sequence[int]) -> None:
        """Show the progress of the settings of these numbers."""
        self._latest = progress, numbers
        mark_started()
        self._display.show(progress)
        if self._live:
            names = [self._names[number] for number in numbers]
            self._live.show(progress, names=names, counts=(len(self.finished), len(self._names)))

    def keep_latest(self) -> None:
        """Save the pictures in progress."""
        if self._latest:
            progress, numbers = self._latest
            for number, result in zip(numbers, progress.results(), strict=False):
                if number not in self.finished:
                    self.keep(number, result)


class SweepRun(Sweep):
    """Does what the flags ask for."""

    def run(self, console: Console) -> int:
        """Stylize and save all; returns the exit code."""
        if self.report:
            check_report(self.report)
        self.watching.check()
        options, grid = self._read()
        changes = combinations(grid)
        settings = settings_of(changes, options=options)
        names = [picture_name(number, change) for number, change in enumerate(changes, start=1)]
        for name in (*names, "contact_sheet.png"):
            check_output(self.output / name)
        self._check_outputs(names, settings)
        if not self.quiet and not self.json:
            text = "".join(f"  {name} {len(values)}" for name, values in grid.items())
            console.print(f"{len(changes)} pictures:{text}", soft_wrap=True)
            if all(each.model == "auto" for each in settings):
                console.print(resolve_auto().message, soft_wrap=True)
        began = time.monotonic()
        display = run_display(quiet=self.quiet, as_json=self.json, console=console)

        def leave() -> None:
            display.close()
            self._print_outcome({}, names, 0, True, console)

        with (
            self.watching.page(console, Live(f"{len(changes)} pictures"), quiet=self.quiet, as_json=self.json) as live,
            handling_signals(display.stopping, on_early_exit=leave) as interrupts,
        ):
            results = _Results(self.output, names, live, display)
            try:
                stopped = self._stylize(settings, results, display)
            finally:  # after an error, too
                seconds = time.monotonic() - began
                if results.finished:
                    self._write(results.finished, names, changes, grid, seconds)
            if live:
                live.end("stopped" if stopped else "finished", message=f"the pictures are in {self.output.resolve()}")
            self._print_outcome(results.finished, names, seconds, stopped, console)
        _check_any_finite(results.finished)
        return interrupts.exit_code if stopped else 0

    def _stylize(self, settings: Sequence[Settings], results: _Results, display: RunDisplay) -> bool:
        """Stylize with all settings into `results`; returns whether it was stopped."""
        try:
            sweep_settings(
                self.content,
                self.styles,
                settings,
                batch_size=self.batch_size,
                devices=self.devices,
                split=self.split,
                observe=results.observe,
                keep=results.keep,
                preparing=display.show,
            )
        except StylizeInterrupted:
            return True
        except Exception:
            with suppress(Exception):  # the first error is the one to report
                results.keep_latest()
            raise
        finally:
            display.close()
        return False

    def _read(self) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        """The settings that have one value, and those that have several."""
        if not self.styles:
            raise SettingsError("got no style picture; give at least one: stylejax sweep CONTENT STYLE -o FOLDER")
        given = {field.name: getattr(self.values, field.name) for field in dataclasses.fields(self.values)}
        read = {name: parse_values(name, text) for name, text in given.items() if text}
        options = {name: values[0] for name, values in read.items() if len(values) == 1}
        return options, {name: values for name, values in read.items() if len(values) > 1}

    def _check_outputs(self, names: Sequence[str], settings: Sequence[Settings]) -> None:
        outputs = [("output", self.output / name) for name in (*names, "contact_sheet.png", "sweep.jsonl")]
        outputs += [("report", self.report)] if self.report else []
        files = {named for each in settings for named in files_of(each)}
        check_output_conflicts(
            outputs, inputs=[("content", self.content), *(("style", style) for style in self.styles), *files]
        )

    def _write(
        self,
        finished: dict[int, StylizedImage],
        names: Sequence[str],
        changes: Sequence[dict[str, Any]],
        grid: dict[str, list[Any]],
        seconds: float,
    ) -> None:
        write_picture(self.output / "contact_sheet.png", sheet_of(finished, changes, grid))
        records = [_record(result, names[number], changes[number]) for number, result in sorted(finished.items())]
        save_file(self.output / "sweep.jsonl", b"".join(json.dumps(record).encode() + b"\n" for record in records))
        if self.report:
            cells = [self._cell(names[number], change, finished.get(number)) for number, change in enumerate(changes)]
            limit = max(pixel_limit(each.settings) for each in finished.values())
            content, *styles = (named_picture(source, limit=limit) for source in (self.content, *self.styles))
            write_grid(
                self.report,
                cells,
                title=title_of(content.source, styles),
                content=content,
                styles=styles,
                columns=columns_of(changes, grid),
                command=repeat_many("sweep", [self.content, *self.styles], self, without=("content", "styles", *UNREPEATED)),
                seconds=seconds,
            )

    def _cell(self, name: str, change: dict[str, Any], result: StylizedImage | None) -> Cell:
        facts = {setting: in_short(value) for setting, value in change.items()}
        if result is None:
            return Cell(name, facts)
        total, failure = result.trace[-1]["total"] if result.trace else math.nan, ""
        if result.failure:
            failure = f"{result.failure}; this is the last good picture"
        return Cell(name, facts, result.settings, self.output / name, total, result.network, failure)

    def _print_outcome(
        self, finished: dict[int, StylizedImage], names: Sequence[str], seconds: float, stopped: bool, console: Console
    ) -> None:
        memory = max((result.memory for result in finished.values()), default=0)
        if self.json:
            sheet = str(self.output / "contact_sheet.png") if finished else None
            event = {"event": "stopped" if stopped else "result", "pictures": len(finished), "sheet": sheet}
            print(json.dumps({**event, "seconds": seconds, "peak_memory_bytes": memory}), flush=True)
            return
        for number, result in sorted(finished.items()):
            if result.failure:
                console.print(f"{names[number]}: {result.failure}", soft_wrap=True)
        if self.quiet:
            return
        if not finished:
            console.print("stopped before the first steps; nothing was written")
            return
        text = f"{'stopped; ' if stopped else ''}{len(finished)} pictures  {seconds:.1f} s  peak memory {format_bytes(memory)}"
        console.print(text, soft_wrap=True)
        for page in (self.output / "contact_sheet.png", *([self.report] if self.report else [])):
            console.print(f"look at {page}", soft_wrap=True)


def picture_name(number: int, change: dict[str, Any]) -> str:
    """`003-style_weight=10-seed=1.png`: the place in the grid, and what differs."""
    parts = [f"{number:03d}", *(f"{name}={in_short(value)}" for name, value in change.items())]
    return re.sub(r"[^\w.=+-]+", "_", "-".join(parts))[:150] + ".png"


def columns_of(changes: Sequence[dict[str, Any]], grid: dict[str, list[Any]]) -> int:
    """The number of columns: the values of the last axis if there are several axes."""
    return len(list(grid.values())[-1]) if len(grid) > 1 else min(COLUMNS, len(changes))


def sheet_of(finished: dict[int, StylizedImage], changes: Sequence[dict[str, Any]], grid: dict[str, list[Any]]) -> np.ndarray:
    """All pictures, labeled with their settings: with two axes a row for each value of the first, otherwise wrapped."""
    columns = columns_of(changes, grid)
    cells = []
    for number, change in enumerate(changes):
        result = finished.get(number)
        lines = [f"{name} {in_short(value)}" for name, value in change.items()]
        if result is None:
            blank = np.ones_like(next(iter(finished.values())).image)
            cells.append(("\n".join([*lines, "not painted"]), blank))
        else:
            cells.append(("\n".join([*lines, "not finite"] if result.failure else lines), result.image))
    return contact_sheet([cells[start : start + columns] for start in range(0, len(cells), columns)])


def _check_any_finite(finished: dict[int, StylizedImage]) -> None:
    if finished and all(result.failure for result in finished.values()):
        text = f"the loss of all {len(finished)} pictures stopped being finite; {NON_FINITE_ADVICE}"
        raise NonFiniteError(text, finished[min(finished)])


def _record(result: StylizedImage, name: str, change: dict[str, Any]) -> dict[str, Any]:
    last = result.trace[-1] if result.trace else {}
    return {
        "picture": name,
        "varied": change,
        "losses": {term: last.get(term) for term in LOSSES},
        "failure": dataclasses.asdict(result.failure) if result.failure else None,
        "peak_memory_bytes": result.memory,
        "record": result.record,
    }
