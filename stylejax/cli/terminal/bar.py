"""One line of a terminal that says how far a run is: what matters most always, the rest as far as there is room."""

import math
import time
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

SHORTEST, LONGEST = 8, 30
"""Columns of the bar."""


@dataclass(frozen=True)
class BarState:
    """What a line shows."""

    fraction: float
    """Of all the work, 0 to 1."""
    facts: tuple[tuple[int, str], ...]
    """In the order in which they stand, each with a rank: where there is too little room the highest are left out."""


class Bar:
    """A line that is drawn anew until it is closed. Made before the first steps, and so it begins by telling of compilation."""

    def __init__(self, console: Console):
        """Show it at once."""
        self.state = BarState(0.0, ())
        self._waits_for: str | None = "compiling"
        self._since = time.monotonic()
        self._live = Live(self, console=console, refresh_per_second=5)
        self._live.start()

    def wait(self, told: str) -> None:
        """Something goes on that has no steps: say what, and for how long."""
        if self._waits_for is None:
            self._since = time.monotonic()
        self._waits_for = told

    def show(self, state: BarState) -> None:
        """Something has come of it."""
        self._waits_for, self.state = None, state

    def update(self, state: BarState) -> None:
        """Show it as soon as nothing is waited for."""
        self.state = state

    def close(self) -> None:
        """Draw it for the last time."""
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The line at the width that there is."""
        state = self.state
        if self._waits_for:
            state = BarState(state.fraction, ((0, f"{self._waits_for}, {format_duration(time.monotonic() - self._since)}"),))
        yield line(state, options.max_width)


def line(state: BarState, width: int) -> Table:
    """Percentage, bar and facts in at most `width` columns."""
    percent = f"{math.floor(100 * state.fraction + 1e-9):3d}%"
    room = width - len(percent) - 2 - SHORTEST - 2
    kept: list[int] = []
    for number in sorted(range(len(state.facts)), key=lambda number: state.facts[number][0]):
        if sum(len(state.facts[each][1]) + 2 for each in [*kept, number]) - 2 > room:
            break
        kept.append(number)
    told = "  ".join(state.facts[number][1] for number in sorted(kept))
    columns = min(LONGEST, SHORTEST + max(0, room - len(told)))
    grid = Table.grid()
    grid.add_row(
        f"{percent}  ", ProgressBar(total=1.0, completed=state.fraction, width=columns), Text(f"  {told}", no_wrap=True)
    )
    return grid


def format_duration(seconds: float) -> str:
    """Minutes and seconds, hours where there are any: `1:05`, `2:00:00`."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_rate(speed: float) -> str:
    """A speed with three digits: `0.0123`, `12.3`, `1234`."""
    return f"{speed:.3g}" if speed < 100 else f"{speed:.0f}"


STOPPING = "stopping after these steps; Ctrl-C again stops at once"
"""What is said when a signal was heard."""
