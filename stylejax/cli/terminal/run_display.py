"""Displays of `stylize`, `sweep` and `demo`, which are given each progress and each compilation."""

import json
import time

from rich.console import Console

from stylejax.choices import LOSSES, TERMS
from stylejax.cli.terminal.bar import BarState, format_duration, format_rate
from stylejax.cli.terminal.display import BarDisplay, Display, LineDisplay, choose_display, compiling
from stylejax.run.progress import Preparing, Progress

RunDisplay = Display[Progress | Preparing]


def run_display(*, quiet: bool, as_json: bool, console: Console) -> RunDisplay:
    """The display for the flags and the terminal."""
    return choose_display(quiet=quiet, as_json=as_json, console=console, json_lines=JsonLines, lines=RunLines, bar=RunBar)


class JsonLines(RunDisplay):
    """One JSON object per line on standard output."""

    def show(self, update: Progress | Preparing, /) -> None:
        """Print a progress with the last losses of each picture of the batch."""
        if isinstance(update, Preparing):
            return
        fields = ("scale", "scales", "height", "width", "step", "steps", "fraction", "seconds_left", "steps_per_second")
        values = {name: getattr(update, name) for name in fields}
        losses = [{name: record[name] for name in LOSSES} for record in update.last_records]
        print(json.dumps({"event": "progress", **values, "losses": losses}), flush=True)


class RunLines(LineDisplay[Progress | Preparing]):
    """A line every few seconds and at the end of each scale, and one for each compilation that takes a second or more."""

    def __init__(self, console: Console):
        super().__init__(console)
        self._compiling_since: float | None = time.monotonic()
        self._optimizing_seconds = 0.0

    def show(self, update: Progress | Preparing, /) -> None:
        """Print a line if one is due."""
        if isinstance(update, Preparing):
            self._compiling_since = self._compiling_since or time.monotonic()
            if update.seconds == 0:
                self._print(compiling(update))
            return
        before = self._optimizing_seconds if update.seconds > self._optimizing_seconds else 0  # each batch starts at 0
        if self._compiling_since is not None:
            compiled = time.monotonic() - self._compiling_since - (update.seconds - before)
            if compiled >= 1:
                self._print(f"compiled in {format_duration(compiled)}")
        self._compiling_since, self._optimizing_seconds = None, update.seconds
        self._print_regularly("  ".join(fact for _, fact in facts(update)), at_once=update.step == update.steps)


class RunBar(BarDisplay[Progress | Preparing]):
    """A bar with the losses beside it."""

    def show(self, update: Progress | Preparing, /) -> None:
        """Move the bar, or show what is being compiled."""
        if isinstance(update, Preparing):
            self._bar.wait(compiling(update))
        else:
            self._bar.show(BarState(update.fraction, facts(update)))


def facts(progress: Progress) -> tuple[tuple[int, str], ...]:
    """Scale, step, losses (of the first picture of a batch), speed and time left, with their ranks for the bar."""
    losses = progress.last_records[0]
    return (
        (2, f"scale {progress.scale}/{progress.scales} {progress.width}×{progress.height}"),
        (0, f"step {progress.step}/{progress.steps}"),
        (3, f"total {losses['total']:.4g}"),
        (5, "  ".join(f"{name} {losses[name]:.4g}" for name in TERMS)),
        (4, f"{format_rate(progress.steps_per_second)} steps/s"),
        (1, f"{format_duration(progress.seconds_left)} left"),
    )
