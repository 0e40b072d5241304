"""The live page of a clip, or of several: the frame being painted beside the clip's own, and a strip of the finished ones.

`LiveClip.show` is an observer of the run. Finished frames are kept as small JPEG files, so that the strip needs no others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from stylejax.choices import LOSSES, TEMPORAL
from stylejax.images.picture import Picture
from stylejax.preview.curves import curves_svg
from stylejax.preview.embed import encode, png
from stylejax.preview.live_run import Kind, LiveRun, short
from stylejax.run.progress import Record
from stylejax.types import HostImage
from stylejax.video.progress import VideoProgress

LONG_SIDE = 720
"""Of the pictures on the page, in pixels."""
MAX_FRAMES = 120
"""Limit of frames in the strip; of longer clips it has every second one, every fourth ..."""


Place = tuple[int, int]
"""Clip and frame, both counted from 1."""


class Pair(NamedTuple):
    """A finished frame as JPEG files."""

    name: str
    painting: bytes
    original: bytes


@dataclass(eq=False)
class LiveClip(LiveRun):
    """The page of a clip."""

    styles: Sequence[Picture] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """Metadata of a saved copy."""

    def __post_init__(self):
        super().__post_init__()
        self._painting: dict[Place, VideoProgress] = {}
        """The frames in progress; several where they are painted side by side."""
        self._records: dict[Place, list[Record]] = {}
        self._numbers: dict[Place, int] = {}
        """By which the page asks for pictures."""
        self._finished: list[Record] = []
        """Those of the frame that was finished last."""
        self._last: VideoProgress | None = None
        self._count = 0
        self._strip: dict[Place, Pair] = {}
        self._spacing = 1
        self._picture: tuple[Place, HostImage] | None = None
        """The frame in progress that the page shows."""
        self._pictures = 0

    @property
    def kind(self) -> Kind:
        """Which page it is."""
        return "clip"

    @property
    def losses(self) -> Sequence[str]:
        """The losses that the page shows."""
        return (*LOSSES, TEMPORAL)

    def show(self, progress: VideoProgress) -> None:
        """Update a frame; waits while the run is paused.

        Raises:
            StopPressed: a `KeyboardInterrupt`; finished frames are kept.
        """
        place, finished = _place(progress), None
        if progress.facts is not None:
            finished = Pair(_name(progress), _jpeg(progress.picture()), _jpeg(progress.content))
        with self._condition:
            self._last = progress
            self._numbers.setdefault(place, len(self._numbers) + 1)
            self._start()
            if finished is None:
                self._painting[place] = progress
                self._records.setdefault(place, []).extend(progress.records)
            else:
                self._painting.pop(place, None)
                self._finished = self._records.pop(place, []) + progress.records
                self._keep(place, finished)
            self._refresh()
            self._obey()

    def _keep(self, place: Place, pair: Pair) -> None:
        """Add a finished frame to the strip, and leave out every second one where they are too many."""
        self._count += 1
        self._strip[place] = pair
        if len(self._strip) > MAX_FRAMES:
            self._spacing *= 2
        kept = (each for each in sorted(self._strip) if each == place or (each[1] - 1) % self._spacing == 0)
        self._strip = {each: self._strip[each] for each in kept}

    def _refresh(self) -> None:
        self._version += 1
        shown = self._shown
        if shown is not None and self._is_due(_place(shown)):
            self._picture, self._pictures = (_place(shown), shown.picture()), self._pictures + 1

    @property
    def _shown(self) -> VideoProgress | None:
        """The first of the frames in progress."""
        return self._painting[min(self._painting)] if self._painting else None

    @property
    def given(self) -> Sequence[Picture]:
        """The styles."""
        return self.styles

    def state(self) -> dict[str, Any]:
        """Everything that changes, as JSON values."""
        with self._condition:
            progress = self._shown or self._last
            names = ("clip", "clips", "frame", "frames", "scene", "width", "height", "step", "steps", "fraction")
            left = progress and (progress.seconds_left if np.isfinite(progress.seconds_left) else None)
            return super().state() | {
                "progress": progress and {name: getattr(progress, name) for name in names} | {"seconds_left": left},
                "losses": progress and {term: short(value) for term, value in progress.losses.items()},
                "current": progress and {"number": self._numbers[_place(progress)], "name": _name(progress)},
                "picture": self._picture and {"number": self._numbers[self._picture[0]], "version": self._pictures},
                "count": self._count,
                "strip": [{"number": self._numbers[place], "name": pair.name} for place, pair in self._strip.items()],
            }

    def picture(self, number: int) -> bytes | None:
        """The painting of a frame as JPEG: finished, or as it was last shown."""
        with self._condition:
            place, picture = self._placed(number), self._picture
            pair = place and self._strip.get(place)
        if pair is not None:
            return pair.painting
        return _jpeg(picture[1]) if picture is not None and picture[0] == place else None

    def original(self, number: int) -> bytes | None:
        """A frame of the clip as JPEG."""
        with self._condition:
            place = self._placed(number)
            pair, progress = place and self._strip.get(place), place and self._painting.get(place)
        if pair is not None:
            return pair.original
        return None if progress is None else _jpeg(progress.content)

    def _placed(self, number: int) -> Place | None:
        return next((place for place, other in self._numbers.items() if other == number), None)

    def curves(self) -> str:
        """The losses of the frame in progress, or of the one finished last."""
        with self._condition:
            shown = self._shown
            records = list(self._records[_place(shown)] if shown else self._finished)
        return curves_svg(records)

    def copy(self) -> bytes | None:
        """The painting of the current frame in full size as PNG, with the record of the run; None before the first steps."""
        with self._condition:
            progress = self._shown or self._last
        if progress is None:
            return None
        pixels = np.clip(progress.picture(), 0, 1)
        taken = f"{_name(progress)} of {progress.frames}, step {progress.step} of {progress.steps}"
        return png(np.rint(pixels * 255).astype(np.uint8), record={**self.record, "taken at": taken})


def _place(progress: VideoProgress) -> Place:
    return progress.clip, progress.frame


def _name(progress: VideoProgress) -> str:
    """What the page calls a frame."""
    return f"clip {progress.clip}, frame {progress.frame}" if progress.clips > 1 else f"frame {progress.frame}"


def _jpeg(pixels: HostImage) -> bytes:
    return encode(pixels, long_side=LONG_SIDE)[1]
