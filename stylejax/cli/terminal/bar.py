"""A progress bar with facts in one line of a terminal; the less important facts are left out where there is too little room."""

import math
import time
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

MIN_WIDTH, MAX_WIDTH = 8, 30
"""Width of the bar in columns."""


@dataclass(frozen=True)
class BarState:
    """The content of the line."""

    fraction: float
    """Share of the work that is done, 0 to 1."""
    facts: tuple[tuple[int, str], ...]
    """In display order, each with a rank; those with the highest ranks are left out first."""


class Bar:
    """A line that is redrawn until it is closed. It is created before the first steps, and starts in the state of compiling."""

    def __init__(self, console: Console):
        """Start drawing."""
        self.state = BarState(0.0, ())
        self._waiting_for: str | None = "compiling"
        self._since = time.monotonic()
        self._live = Live(self, console=console, refresh_per_second=5)
        self._live.start()

    def wait(self, purpose: str) -> None:
        """Show what is waited for, and for how long, until the next `show`."""
        if self._waiting_for is None:
            self._since = time.monotonic()
        self._waiting_for = purpose

    def show(self, state: BarState) -> None:
        """Show a new state; nothing is waited for any more."""
        self._waiting_for, self.state = None, state

    def update(self, state: BarState) -> None:
        """Set the state to show when nothing is waited for."""
        self.state = state

    def close(self) -> None:
        """Draw the line for the last time."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The line at the available width."""
        state = self.state
        if self._waiting_for:
            state = BarState(state.fraction, ((0, f"{self._waiting_for}, {format_duration(time.monotonic() - self._since)}"),))
        yield line(state, options.max_width)


def line(state: BarState, width: int) -> Table:
    """Percentage, bar and facts in at most `width` columns."""
    percent = f"{math.floor(100 * state.fraction + 1e-9):3d}%"
    room = width - len(percent) - 2 - MIN_WIDTH - 2
    kept: list[int] = []
    for number in sorted(range(len(state.facts)), key=lambda number: state.facts[number][0]):
        if sum(len(state.facts[each][1]) + 2 for each in [*kept, number]) - 2 > room:
            break
        kept.append(number)
    text = "  ".join(state.facts[number][1] for number in sorted(kept))
    columns = min(MAX_WIDTH, MIN_WIDTH + max(0, room - len(text)))
    grid = Table.grid()
    grid.add_row(
        f"{percent}  ", ProgressBar(total=1.0, completed=state.fraction, width=columns), Text(f"  {text}", no_wrap=True)
    )
    return grid


def format_duration(seconds: float) -> str:
    """Minutes and seconds, and hours if there are any: `1:05`, `2:00:00`."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_rate(speed: float) -> str:
    """A rate with three digits: `0.0123`, `12.3`, `1234`."""
    return f"{speed:.3g}" if speed < 100 else f"{speed:.0f}"
