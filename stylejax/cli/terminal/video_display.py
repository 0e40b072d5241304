"""Displays of `video`, which are given each progress."""

import json
import math

from rich.console import Console

from stylejax.cli.terminal.bar import BarState, format_duration
from stylejax.cli.terminal.display import BarDisplay, Display, LineDisplay, choose_display
from stylejax.video.progress import VideoProgress


def video_display(*, quiet: bool, as_json: bool, console: Console) -> Display[VideoProgress]:
    """The display for the flags and the terminal."""
    return choose_display(quiet=quiet, as_json=as_json, console=console, json_lines=VideoJson, lines=VideoLines, bar=VideoBar)


class VideoJson(Display[VideoProgress]):
    """One JSON object per line on standard output."""

    def show(self, update: VideoProgress, /) -> None:
        """Print a progress; `finished` has the facts of a frame that is kept, and `seconds_left` is null until one is."""
        fields = ("clip", "clips", "frame", "frames", "scene", "height", "width", "step", "steps", "fraction", "losses")
        values = {name: getattr(update, name) for name in fields}
        left = update.seconds_left if math.isfinite(update.seconds_left) else None
        finished = update.facts and update.facts._asdict()
        print(json.dumps({"event": "progress", **values, "seconds_left": left, "finished": finished}), flush=True)


class VideoLines(LineDisplay[VideoProgress]):
    """A line every few seconds and at the end."""

    def show(self, update: VideoProgress, /) -> None:
        """Print a line if one is due."""
        self._print_regularly("  ".join(fact for _, fact in _facts(update)), at_once=update.fraction == 1)


class VideoBar(BarDisplay[VideoProgress]):
    """A bar with the frame and the time left beside it."""

    def show(self, update: VideoProgress, /) -> None:
        """Move the bar."""
        self._bar.show(BarState(update.fraction, _facts(update)))


def _facts(progress: VideoProgress) -> tuple[tuple[int, str], ...]:
    """Frame, step, loss and time left, with their ranks for the bar."""
    losses = progress.losses
    return (
        *([(0, f"clip {progress.clip}/{progress.clips}")] if progress.clips > 1 else []),
        (0, f"frame {progress.frame}/{progress.frames}"),
        (3, f"{progress.width}×{progress.height}"),
        (2, f"step {progress.step}/{progress.steps}" if losses else "finished before"),
        *([(4, f"total {losses['total']:.4g}")] if losses else []),
        (1, f"{format_duration(progress.seconds_left)} left"),
    )
