"""Displays of `batch`, which are given each event."""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from stylejax.batch.events import BatchProgress, Compiling, Ended, Event, Finished, Noted, Planned, Tally
from stylejax.batch.records import RowResult
from stylejax.cli.terminal.bar import BarState, format_duration, format_rate
from stylejax.cli.terminal.display import BarDisplay, Display, LineDisplay, choose_display, compiling

BatchDisplay = Display[Event]


def batch_display(*, quiet: bool, as_json: bool, console: Console) -> BatchDisplay:
    """The display for the flags and the terminal."""
    return choose_display(quiet=quiet, as_json=as_json, console=console, json_lines=JsonEvents, lines=BatchLines, bar=BatchBar)


class JsonEvents(BatchDisplay):
    """One JSON object per line on standard output."""

    def show(self, event: Event, /) -> None:
        """Print the event, except for compilations."""
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


class BatchLines(LineDisplay[Event]):
    """A line every few seconds, one for each failure, and a summary."""

    def show(self, event: Event, /) -> None:
        """Print a line if one is due."""
        for line in _problems(event):
            self._print(line)
        if isinstance(event, Compiling):
            self._print(compiling(event.scale))
            return
        prefix = "stopped; the same command resumes: " if isinstance(event, Ended) and event.stopped else ""
        self._print_regularly(prefix + describe(event.tally), at_once=isinstance(event, Ended | Planned))


class BatchBar(BarDisplay[Event]):
    """A bar, with failures above it."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._place: Facts = ()

    def show(self, event: Event, /) -> None:
        """Move the bar, or show what is being compiled."""
        for line in _problems(event):
            self._print(line)
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


Facts = tuple[tuple[int, str], ...]


def _problems(event: Event) -> Iterator[str]:
    """Lines about failures and other problems."""
    if isinstance(event, Finished) and event.result.failure:
        yield f"failed: {event.result.row.output}: {event.result.reason}"
    elif isinstance(event, Noted):
        yield f"note: {event.text}"


def describe(tally: Tally) -> str:
    """Counts, speed and time left, in one line."""
    counts = f"{tally.done} done, {tally.failed} failed, {tally.skipped} there before, {tally.left} left"
    return "  ".join([counts, *(fact for _, fact in _timed(tally))])


def _counted(tally: Tally) -> Facts:
    """Numbers of pictures, with their ranks for the bar."""
    others = (3, tally.failed, "failed"), (5, tally.skipped, "there before")
    counted = f"{tally.total - tally.left}/{tally.total} pictures"
    return (0, counted), *((rank, f"{count} {what}") for rank, count, what in others if count)


def _timed(tally: Tally) -> Facts:
    if tally.seconds_left is None:
        return ()
    return (4, f"{format_rate(tally.images_per_second)} images/s"), (1, f"{format_duration(tally.seconds_left)} left")


def _place(event: BatchProgress | Ended) -> Facts:
    """Scale and step of the current minibatch."""
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
