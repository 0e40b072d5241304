"""The progress of a painted clip, and its result."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.run.progress import Record
from stylejax.settings.settings import Settings
from stylejax.types import HostImage
from stylejax.video.media.store import FrameFacts
from stylejax.video.options import VideoOptions

_REMEMBERED = 20
"""Frames whose duration the estimate of the rest is made from."""


@dataclass(frozen=True, eq=False)
class VideoProgress:
    """The state of a clip after a few steps of a frame, or after a frame is finished and kept."""

    clip: int
    """Which of the clips, counted from 1."""
    clips: int
    """How many are painted."""
    frame: int
    """Counted from 1."""
    frames: int
    """How many there are; an estimate."""
    scene: int
    """The first frame of its scene."""
    height: int
    width: int
    step: int
    """Steps done of this frame, over all its scales; equal to `steps` once it is finished."""
    steps: int
    fraction: float
    """Share of all the work that is done, 0 to 1."""
    seconds_left: float
    """Of all the work; infinite before the first frame is painted."""
    losses: dict[str, float]
    """The last losses; empty for a frame that an earlier run has finished."""
    records: list[Record]
    """The losses of the steps since the last progress of this frame."""
    content: HostImage
    """The frame of the clip, at the size of the painting."""
    picture: Callable[[], HostImage]
    """The painting as it is now."""
    facts: FrameFacts | None = None
    """Of a finished frame."""


@dataclass(frozen=True, eq=False)
class StylizedVideo:
    """A painted clip."""

    output: Path
    """A video, or a folder of frames."""
    frames: int
    """How many it has."""
    scenes: list[int]
    """The first frame of each scene."""
    facts: list[FrameFacts]
    """Of each frame."""
    kept: Path | None
    """The folder of finished frames, if it is still there."""
    settings: Settings
    options: VideoOptions
    record: dict[str, Any]
    """How it was made."""
    notes: tuple[str, ...]
    """Messages to the user."""


class VideoInterrupted(KeyboardInterrupt):
    """Ctrl-C during clips; `results` has those with a finished frame."""

    def __init__(self, results: list[StylizedVideo]):
        super().__init__()
        self.results = results

    @property
    def result(self) -> StylizedVideo | None:
        """The last of them; None before the first frame is finished."""
        return self.results[-1] if self.results else None


class FrameClock:
    """Estimates how long the rest takes, from the frames painted last."""

    def __init__(self, *, following: int):
        """Start the clock for frames of so many steps, but for the first of a scene."""
        self._following, self._together = following, 1
        self._rates: list[float] = []
        self._began = time.monotonic()

    def begin(self, *, frames: int) -> None:
        """So many frames are begun together."""
        self._began, self._together = time.monotonic(), frames

    def finish(self, steps: int) -> None:
        """They are finished, after so many steps each."""
        self._rates = [*self._rates, (time.monotonic() - self._began) / (steps * self._together)][-_REMEMBERED:]

    def left(self, finished: int, frames: int, step: int, steps: int, *, under_way: int) -> tuple[float, float]:
        """Fraction done and seconds left.

        Args:
            finished: frames that are finished.
            frames: how many there are.
            step: steps done of those under way.
            steps: of how many.
            under_way: frames that are painted now.
        """
        fraction = min(1.0, (finished + under_way * step / steps) / frames)
        if not self._rates:
            return fraction, math.inf
        rest = max(0, frames - finished - under_way) * self._following + under_way * (steps - step)
        return fraction, float(np.median(self._rates)) * rest
