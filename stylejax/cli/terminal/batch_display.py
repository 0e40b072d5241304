"""Displays of a run over many pictures: a bar in a terminal, lines elsewhere, JSON for programs, or nothing."""

import json
import time
from typing import Any, Protocol, runtime_checkable

from rich.console import Console

from stylejax.batch.events import BatchProgress, Compiling, Ended, Event, Finished, Noted, Planned, Tally
from stylejax.batch.records import RowResult
from stylejax.cli.terminal.bar import STOPPING, Bar, BarState, format_duration, format_rate
from stylejax.cli.terminal.display import SECONDS_BETWEEN_LINES, compiling
from stylejax.files.file_names import printable


@runtime_checkable
class BatchDisplay(Protocol):
    """Shows each event; `close` ends it."""

    def show(self, event: Event) -> None:
        """Show one event."""

    def stopping(self, number: int) -> None:
        """Confirm the signal `number`."""

    def close(self) -> None:
        """Leave the screen tidy."""


def batch_display(*, quiet: bool, as_json: bool, console: Console) -> BatchDisplay:
    """The display for these flags and this terminal."""
    if as_json:
        return JsonEvents()
    if quiet:
        return Silent()
    return LiveBar(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


class Silent:
    """Shows nothing."""

    def show(self, event: Event) -> None:
        """Ignore it."""

    def stopping(self, number: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonEvents(Silent):
    """One JSON object a line on standard output."""

    def show(self, event: Event) -> None:
        """Print an event; those of compilation are left out."""
        facts = {}
        if isinstance(event, Compiling):
            return
        if isinstance(event, Finished):
            name, facts = _row_facts(event.result)
        elif isinstance(event, Planned):
            name, facts = "planned", {"groups": len(event.groups), "programs": sum(len(g.scales) for g in event.groups)}
        elif isinstance(event, Noted):
            name, facts = "note", {"text": event.text}
        elif isinstance(event, Ended):
            name, facts = "ended", {"stopped": event.stopped}
        else:
            name, facts = "painting", {"fraction": event.progress.fraction, "pictures": len(event.minibatch.rows)}
        print(json.dumps({"event": name, **facts, **_counts(event.tally)}), flush=True)


class Lines(Silent):
    """A plain line every few seconds, one for each failure, and a summary."""

    def __init__(self, console: Console):
        self._console, self._last = console, 0.0

    def show(self, event: Event) -> None:
        """Print a line if it is time for one."""
        self._say_problems(event)
        now = time.monotonic()
        if isinstance(event, Compiling):
            self._say(compiling(event.scale))
        elif isinstance(event, Ended | Planned) or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            prefix = "stopped; the same command goes on: " if isinstance(event, Ended) and event.stopped else ""
            self._say(prefix + describe(event.tally))

    def stopping(self, number: int) -> None:
        """Print that the run is stopping."""
        self._say(STOPPING)

    def _say_problems(self, event: Event) -> None:
        if isinstance(event, Finished) and event.result.failure:
            self._say(f"failed: {event.result.row.output}: {event.result.reason}")
        elif isinstance(event, Noted):
            self._say(f"note: {event.text}")

    def _say(self, line: str) -> None:
        self._console.print(printable(line), soft_wrap=True)


class LiveBar(Lines):
    """A bar that fills, failures above it."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._bar = Bar(console)
        self._place: Facts = ()

    def show(self, event: Event) -> None:
        """Move the bar."""
        self._say_problems(event)
        if isinstance(event, Compiling):
            self._bar.wait(compiling(event.scale))
        elif isinstance(event, BatchProgress | Ended):
            self._place = _place(event)
            self._bar.show(self._state(event.tally))
        else:
            self._bar.update(self._state(event.tally))

    def _state(self, tally: Tally) -> BarState:
        fraction = (tally.total - tally.left + min(tally.in_progress, tally.left)) / max(tally.total, 1)
        return BarState(fraction, (*_counted(tally), *self._place, *_timed(tally)))

    def close(self) -> None:
        """Stop redrawing."""
        self._bar.close()


Facts = tuple[tuple[int, str], ...]


def describe(tally: Tally) -> str:
    """Counts, speed and time left, in one line."""
    counts = f"{tally.done} done, {tally.failed} failed, {tally.skipped} there before, {tally.left} left"
    return "  ".join([counts, *(fact for _, fact in _timed(tally))])


def _counted(tally: Tally) -> Facts:
    """How many pictures, with the ranks of `stylejax.cli.terminal.bar`."""
    others = (3, tally.failed, "failed"), (5, tally.skipped, "there before")
    dealt_with = f"{tally.total - tally.left}/{tally.total} pictures"
    return (0, dealt_with), *((rank, f"{count} {what}") for rank, count, what in others if count)


def _timed(tally: Tally) -> Facts:
    if tally.seconds_left is None:
        return ()
    return (4, f"{format_rate(tally.images_per_second)} images/s"), (1, f"{format_duration(tally.seconds_left)} left")


def _place(event: BatchProgress | Ended) -> Facts:
    """Scale and step of the current batch."""
    if isinstance(event, Ended):
        return ()
    progress = event.progress
    return (4, f"scale {progress.scale}/{progress.scales}"), (2, f"step {progress.step}/{progress.steps}")


def _row_facts(result: RowResult) -> tuple[str, dict[str, Any]]:
    """The name of the event of a row's result, and what else it says."""
    facts = {"row": result.row.number, "output": result.row.output}
    if result.failure:
        return "failed", {**facts, "reason": result.reason}
    if result.earlier:
        return "known", facts
    return "finished", {**facts, "losses": result.losses, "seconds": result.seconds}


def _counts(tally: Tally) -> dict[str, float | int | None]:
    names = ("total", "done", "failed", "skipped", "left", "images_per_second", "seconds_left")
    return {name: getattr(tally, name) for name in names}
