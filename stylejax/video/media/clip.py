"""What all clips have in common, whether they are files or folders of frames."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from stylejax.errors import StylejaxError, one_line


class VideoError(StylejaxError):
    """A clip cannot be read or written."""


GO_ON = "finished frames are kept: make room there, and run the same command again, which goes on from them"
"""What to do when a frame or a video cannot be written."""


def reason(problem: Exception) -> str:
    """What FFmpeg or the system says, without the path and the number of the error."""
    return getattr(problem, "strerror", None) or one_line(problem)


class ClipFrame(NamedTuple):
    """A decoded frame."""

    time: Fraction
    """Seconds since the beginning of the clip."""
    pixels: UInt8[np.ndarray, "height width 3"]
    """Upright, 8-bit sRGB, as many as are stored: where they are not square, `ClipFacts` has the shape that is shown."""


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a clip before its frames are decoded."""

    source: str
    height: int
    """Upright, in pixels."""
    width: int
    """Likewise, as if pixels were square."""
    rate: Fraction
    """Frames a second; the average where it varies."""
    time_base: Fraction
    """Of which all times are multiples."""
    frames: int
    """How many; an estimate where the file does not say."""
    identity: str
    """A hash of the contents."""
    notes: tuple[str, ...] = ()
    """What is lost, one line each."""


@runtime_checkable
class Clip(Protocol):
    """A source of frames."""

    facts: ClipFacts

    def frames(self, start: Fraction) -> Iterator[ClipFrame]:
        """The frames from `start` seconds on, in order, and perhaps some before it."""
        ...


@dataclass(frozen=True)
class Selection:
    """Which frames of a clip are painted."""

    start: float
    """Seconds."""
    end: float
    """Seconds, excluded."""
    every: int
    """1 for each frame, 2 for every second one."""

    def of(self, clip: Clip, *, since: Fraction | None = None) -> Iterator[ClipFrame]:
        """The selected frames; from `since` on, where the time of one of them is given."""
        start, end = since or Fraction(_exact(self.start)), _exact(self.end)
        within = (frame for frame in clip.frames(start) if start <= frame.time)
        for frame in islice(within, None, None, self.every):
            if frame.time >= end:
                return
            yield frame

    def count(self, facts: ClipFacts) -> int:
        """About how many they are."""
        seconds = min(self.end, facts.frames / facts.rate) - self.start
        return max(1, round(float(seconds * facts.rate / self.every) + 0.49))


def _exact(seconds: float) -> Fraction | float:
    """Seconds as somebody wrote them: 0.9 is nine tenths."""
    return Fraction(seconds).limit_denominator(1_000_000) if math.isfinite(seconds) else seconds
