"""How a run looks while it goes on: a live bar in a terminal, plain lines elsewhere, JSON lines for programs, or nothing."""

import json
import time
from typing import Protocol, runtime_checkable

from rich.console import Console

from stylejax.choices import LOSSES, TERMS
from stylejax.cli.terminal.bar import STOPPING, Bar, BarState, format_duration, format_rate
from stylejax.run.progress import Preparing, Progress

SECONDS_BETWEEN_LINES = 5


@runtime_checkable
class Display(Protocol):
    """Shows each progress; `close` ends it."""

    def show(self, progress: Progress) -> None:
        """Show one progress."""

    def prepare(self, preparing: Preparing) -> None:
        """Say that programs are compiled."""

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
    return LiveBar(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


class Silent:
    """Shows nothing."""

    def show(self, progress: Progress) -> None:
        """Ignore it."""

    def prepare(self, preparing: Preparing) -> None:
        """Say nothing of it."""

    def stopping(self, number: int) -> None:
        """Say nothing of it."""

    def close(self) -> None:
        """Nothing to tidy."""


class JsonLines(Silent):
    """One JSON object a line on standard output."""

    def show(self, progress: Progress) -> None:
        """Print the last losses of each lane."""
        fields = ("scale", "scales", "height", "width", "step", "steps", "fraction", "seconds_left", "steps_per_second")
        values = {name: getattr(progress, name) for name in fields}
        losses = [{name: record[name] for name in LOSSES} for record in progress.last_records]
        print(
            json.dumps({"event": "progress", **values, "losses": losses}),
            flush=True,
        )


class Lines(Silent):
    """A plain line every few seconds and at the end of each scale, and one for each compilation that takes its time."""

    def __init__(self, console: Console):
        self._console = console
        self._last = 0.0
        self._since: float | None = time.monotonic()
        self._painted = 0.0

    def prepare(self, preparing: Preparing) -> None:
        """Say what is waited for."""
        self._since = self._since or time.monotonic()
        self._say(compiling(preparing))

    def show(self, progress: Progress) -> None:
        """Print a line if it is time for one."""
        now = time.monotonic()
        painted = progress.seconds - (self._painted if progress.seconds > self._painted else 0)  # another batch counts anew
        if self._since is not None and now - self._since - painted >= 1:
            self._say(f"compiled in {format_duration(now - self._since - painted)}")
        self._since, self._painted = None, progress.seconds
        if progress.step == progress.steps or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self._say("  ".join(fact for _, fact in facts(progress)))

    def stopping(self, number: int) -> None:
        """Say what happens now."""
        self._say(STOPPING)

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)


class LiveBar(Silent):
    """A bar that fills, with the losses beside it."""

    def __init__(self, console: Console):
        self._console = console
        self._bar = Bar(console)

    def prepare(self, preparing: Preparing) -> None:
        """Let the bar say what is waited for."""
        self._bar.wait(compiling(preparing))

    def show(self, progress: Progress) -> None:
        """Move the bar."""
        self._bar.show(BarState(progress.fraction, facts(progress)))

    def stopping(self, number: int) -> None:
        """Say what happens now, above the bar."""
        self._console.print(STOPPING, soft_wrap=True)

    def close(self) -> None:
        """Stop redrawing."""
        self._bar.close()


def compiling(preparing: Preparing) -> str:
    """What is waited for."""
    return f"compiling scale {preparing.scale}/{preparing.scales} {preparing.width}×{preparing.height}"


def facts(progress: Progress) -> tuple[tuple[int, str], ...]:
    """Scale, step, losses (of the first picture of a batch), speed and time left, with the ranks of `terminal.bar`."""
    losses = progress.last_records[0]
    return (
        (2, f"scale {progress.scale}/{progress.scales} {progress.width}×{progress.height}"),
        (0, f"step {progress.step}/{progress.steps}"),
        (3, f"total {losses['total']:.4g}"),
        (5, "  ".join(f"{name} {losses[name]:.4g}" for name in TERMS)),
        (4, f"{format_rate(progress.steps_per_second)} steps/s"),
        (1, f"{format_duration(progress.seconds_left)} left"),
    )
