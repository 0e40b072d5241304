"""How a run over many pictures looks: one bar in a terminal, lines elsewhere, JSON for machines, or nothing."""

import json
import time
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from stylejax.batch.events import Ended, Event, Finished, Known, Noted, Planned, Tally
from stylejax.files.names import shown

SECONDS_BETWEEN_LINES = 5


class BatchDisplay(Protocol):
    """Shows each event; `close` ends it."""

    def show(self, event: Event) -> None:
        """Show one event."""

    def stopping(self, number: int) -> None:
        """Say that the signal `number` was heard."""

    def close(self) -> None:
        """Leave the screen tidy."""


def batch_display(*, quiet: bool, as_json: bool, console: Console) -> BatchDisplay:
    """The display that suits the flags and the terminal."""
    if as_json:
        return JsonEvents()
    if quiet:
        return Silent()
    return LiveBar(console) if console.is_terminal else Lines(console)


class Silent:
    """Shows nothing."""

    def show(self, event: Event) -> None:
        """Ignore it."""

    def stopping(self, number: int) -> None:
        """Say nothing of it."""

    def close(self) -> None:
        """Nothing to tidy."""


class JsonEvents(Silent):
    """One JSON object a line on standard output."""

    def show(self, event: Event) -> None:
        """Print all but the steps of each batch."""
        facts = {}
        if isinstance(event, Known):
            name, facts = "known", {"row": event.result.row.number, "output": event.result.row.output}
        elif isinstance(event, Finished):
            row, record = event.result.row, event.result.record
            facts = {"row": row.number, "output": row.output}
            facts |= (record and {"losses": record["losses"], "seconds": record["seconds"]}) or {"reason": event.result.reason}
            name = "finished" if record else "failed"
        elif isinstance(event, Planned):
            name, facts = "planned", {"groups": len(event.groups), "programs": sum(len(g.scales) for g in event.groups)}
        elif isinstance(event, Noted):
            name, facts = "note", {"text": event.text}
        elif isinstance(event, Ended):
            name, facts = "ended", {"stopped": event.stopped}
        else:
            name, facts = "painting", {"fraction": event.progress.fraction, "pictures": len(event.unit.rows)}
        print(json.dumps({"event": name, **facts, **_counts(event.tally)}), flush=True)


class Lines(Silent):
    """A plain line every few seconds, one for each failure, and a summary."""

    def __init__(self, console: Console):
        self._console, self._last = console, 0.0

    def show(self, event: Event) -> None:
        """Print a line if it is time for one."""
        self._say_what_went_wrong(event)
        now = time.monotonic()
        if isinstance(event, Ended | Planned) or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            told = "stopped; the same command goes on: " if isinstance(event, Ended) and event.stopped else ""
            self._say(told + describe(event.tally))

    def _say_what_went_wrong(self, event: Event) -> None:
        if isinstance(event, Finished) and not event.result.record:
            self._say(f"failed: {event.result.row.output}: {event.result.reason}")
        elif isinstance(event, Noted):
            self._say(f"note: {event.text}")

    def _say(self, line: str) -> None:
        self._console.print(shown(line), soft_wrap=True)


class LiveBar(Lines):
    """A bar that fills, failures above it."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._bar = Bar(BarColumn(bar_width=30), TextColumn("{task.description}", markup=False), console=console)
        self._task = self._bar.add_task("compiling the first group", total=1.0)
        self._bar.start()

    def show(self, event: Event) -> None:
        """Move the bar."""
        self._say_what_went_wrong(event)
        tally = event.tally
        self._bar.update(self._task, total=tally.total, completed=tally.total - tally.left, description=describe(tally))

    def close(self) -> None:
        """Stop redrawing."""
        self._bar.stop()


def describe(tally: Tally) -> str:
    """Counts, speed and time left, in one line."""
    told = f"{tally.done} done, {tally.failed} failed, {tally.skipped} there before, {tally.left} left"
    if tally.seconds_left is not None:
        minutes, seconds = divmod(round(tally.seconds_left), 60)
        told += f"  {tally.images_per_second:.2f} images/s  {minutes}:{seconds:02d} left"
    return told


def _counts(tally: Tally) -> dict[str, float | int | None]:
    names = ("total", "done", "failed", "skipped", "left", "images_per_second", "seconds_left")
    return {name: getattr(tally, name) for name in names}
