"""How a run looks while it goes on: a live bar in a terminal, plain lines elsewhere, JSON lines for programs, or nothing."""

import json
import time
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from stylejax.optimize.progress import Progress

SECONDS_BETWEEN_LINES = 5


class Display(Protocol):
    """Shows each progress; `close` ends it."""

    def show(self, progress: Progress) -> None:
        """Show one progress."""

    def stopping(self, number: int) -> None:
        """Say that the signal `number` was heard."""

    def close(self) -> None:
        """Leave the screen tidy."""


def display_for(*, quiet: bool, as_json: bool, console: Console) -> Display:
    """The display that suits the flags and the terminal."""
    if as_json:
        return JsonLines()
    if quiet:
        return Silent()
    return LiveBar(console) if console.is_terminal else Lines(console)


class Silent:
    """Shows nothing."""

    def show(self, progress: Progress) -> None:
        """Ignore it."""

    def stopping(self, number: int) -> None:
        """Say nothing of it."""

    def close(self) -> None:
        """Nothing to tidy."""


class JsonLines(Silent):
    """One JSON object a line on standard output."""

    def show(self, progress: Progress) -> None:
        """Print the last losses of each lane."""
        fields = ("scale", "scales", "height", "width", "step", "steps", "fraction", "seconds_left")
        values = {name: getattr(progress, name) for name in fields}
        losses = [{name: record[name] for name in ("total", "content", "style", "tv")} for record in progress.last_records]
        print(
            json.dumps({"event": "progress", **values, "images_per_second": progress.steps_per_second, "losses": losses}),
            flush=True,
        )


class Lines(Silent):
    """A plain line every few seconds and at the end of each scale."""

    def __init__(self, console: Console):
        self._console = console
        self._last = 0.0

    def show(self, progress: Progress) -> None:
        """Print a line if it is time for one."""
        now = time.monotonic()
        if progress.step == progress.steps or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self._console.print(describe(progress), soft_wrap=True)


class LiveBar(Silent):
    """A bar that fills, with the losses beside it."""

    def __init__(self, console: Console):
        self._bar = Bar(
            TextColumn("{task.percentage:>3.0f}%"),
            BarColumn(bar_width=20),
            TextColumn("{task.description}"),
            console=console,
        )
        self._task = self._bar.add_task("compiling the first scale", total=1.0)
        self._bar.start()

    def show(self, progress: Progress) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=progress.fraction, description=describe(progress))

    def close(self) -> None:
        """Stop redrawing."""
        self._bar.stop()


def describe(progress: Progress) -> str:
    """Scale, step, losses (of the first picture of a batch), speed and time left, in one line."""
    last = progress.last_records[0]
    losses = "  ".join(f"{name} {last[name]:.4g}" for name in ("total", "content", "style", "tv"))
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    return (
        f"scale {progress.scale}/{progress.scales} {progress.width}×{progress.height}  step {progress.step}/{progress.steps}  "
        f"{losses}  {progress.steps_per_second:.1f} images/s  {minutes}:{seconds:02d} left"
    )
