"""The base of all displays of a run: a bar in a terminal, plain lines elsewhere, JSON lines for programs, or nothing."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from rich.console import Console

from stylejax.cli.terminal.bar import Bar
from stylejax.files.file_names import printable
from stylejax.run.progress import Preparing

SECONDS_BETWEEN_LINES = 5
STOPPING = "stopping after these steps; Ctrl-C again stops at once"
"""The line after a signal."""

Item = TypeVar("Item")
"""The type of the updates that a display shows."""


class Display(Generic[Item]):
    """Shows nothing: the display of `--quiet`, and the base of the others."""

    def show(self, update: Item, /) -> None:
        """Show one update."""

    def stopping(self, number: int) -> None:
        """Say that the run stops because of the signal `number`."""

    def close(self) -> None:
        """Leave the terminal as it was; nothing is shown afterwards."""


class LineDisplay(Display[Item]):
    """The base of displays that print lines."""

    def __init__(self, console: Console):
        """Print to `console`."""
        self._console, self._last_line = console, 0.0

    def stopping(self, number: int) -> None:
        """Say that the run stops."""
        self._print(STOPPING)

    def _print(self, line: str) -> None:
        self._console.print(printable(line), soft_wrap=True)

    def _print_regularly(self, line: str, *, at_once: bool) -> None:
        """Print the line if `at_once`, or if the last one was some seconds ago."""
        now = time.monotonic()
        if at_once or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._print(line)


class BarDisplay(LineDisplay[Item]):
    """The base of displays with a bar; lines appear above it."""

    def __init__(self, console: Console):
        """Show an empty bar at once."""
        super().__init__(console)
        self._bar = Bar(console)

    def close(self) -> None:
        """Stop redrawing the bar."""
        self._bar.close()


def choose_display(
    *,
    quiet: bool,
    as_json: bool,
    console: Console,
    json_lines: Callable[[], Display[Item]],
    lines: Callable[[Console], Display[Item]],
    bar: Callable[[Console], Display[Item]],
) -> Display[Item]:
    """The display for the flags `--json` and `--quiet` and the kind of terminal."""
    if as_json:
        return json_lines()
    if quiet:
        return Display()
    return bar(console) if console.is_terminal and not console.is_dumb_terminal else lines(console)


def compiling(preparing: Preparing) -> str:
    """The line about a scale that is being compiled."""
    elapsed = f", {preparing.seconds:.0f} s" if preparing.seconds >= 1 else ""
    return f"compiling scale {preparing.scale}/{preparing.scales} {preparing.width}×{preparing.height}{elapsed}"
