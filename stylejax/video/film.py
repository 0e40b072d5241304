"""One clip while it is painted: its frames may be finished in any order, and are written in their own."""

from contextlib import AbstractContextManager, ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from stylejax.network.vgg import VGG19
from stylejax.run.inputs.job import Job
from stylejax.settings.settings import Settings
from stylejax.video.media.clip import Clip, ClipFrame, Selection, VideoError
from stylejax.video.media.encode import Encoder, VideoFormat, encoding
from stylejax.video.media.store import FrameFacts, FrameStore, Kept
from stylejax.video.options import VideoOptions
from stylejax.video.painter import Painter
from stylejax.video.threads import Behind

_BEHIND = 3
"""Frames that wait to be written."""


class Inputs(NamedTuple):
    """What a clip is painted from, and where it goes."""

    clip: Clip
    job: Job
    """Styles and settings; the content is that of the first frame, at the size that is painted."""
    network: VGG19
    settings: Settings
    """As they were given; those of the job have the size `native`."""
    options: VideoOptions
    store: FrameStore
    record: dict[str, Any]
    """How the clip is painted; stored in each frame."""
    place: Path
    """The video, or the folder for the frames."""
    notes: list[str]
    """Messages to the user, which frames that cannot be decoded add to."""

    @property
    def as_video(self) -> bool:
        """Whether a video is written."""
        return bool(self.place.suffix)

    @property
    def passing(self) -> bool:
        """Whether the frames are kept only until all are painted."""
        return self.as_video and self.options.frames is None


class Painted(NamedTuple):
    """What a run has made of a clip."""

    frames: int
    scenes: list[int]
    """The first frame of each."""
    facts: list[FrameFacts]
    """Of each frame."""


class Film:
    """A painted clip in the making; the video file is begun with the first frame, and appears when the film is finished."""

    def __init__(self, inputs: Inputs, number: int):
        """Of the clip with this number, from 1."""
        options = inputs.options
        self.inputs, self.number = inputs, number
        self.selection = Selection(options.start, options.last, options.every)
        self.painter = Painter(inputs.job, weight=options.temporal_weight, iterations=options.frame_iterations)
        self.frames = self.selection.count(inputs.clip.facts)
        """How many there are; an estimate until all are finished."""
        self._times: dict[int, Fraction] = {}
        self._facts: dict[int, FrameFacts] = {}
        self._scenes: list[int] = []
        self._written, self._end = 0, Fraction(0)
        self._open = ExitStack()
        self._encoder: Encoder | None = None
        self._behind: Behind[ClipFrame] | None = None

    def __enter__(self) -> "Film":
        """A film that is left without being finished leaves no video."""
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._open.__exit__(kind, problem, trace)

    @property
    def finished(self) -> int:
        """How many frames are."""
        return len(self._times)

    @property
    def painted(self) -> Painted:
        """The frames that are finished, up to the first that is not."""
        numbers = range(1, self._written + 1)
        return Painted(self._written, sorted(set(self._scenes) & set(numbers)), [self._facts[number] for number in numbers])

    def add(self, number: int, time: Fraction, kept: Kept) -> None:
        """A frame is finished, `time` seconds after the first one; write all that are due."""
        self._times[number], self._facts[number] = time, kept.facts
        self.frames = max(self.frames, number)
        if kept.scene == number:
            self._scenes.append(number)
        while (due := self._written + 1) in self._times:
            self._write(self._times[due], kept if due == number else self._read(due))
            self._written = due

    def finish(self) -> None:
        """Write what is still held; the video appears, unless it has no frame."""
        if self._encoder and self._behind:
            self._behind.finish()
            self._encoder.finish(self._end)
        self._encoder, self.frames = None, self.finished
        self._open.close()

    def _write(self, time: Fraction, kept: Kept) -> None:
        self._end = time + self.inputs.options.every / self.inputs.clip.facts.rate
        if not self.inputs.as_video:
            return
        if self._behind is None:
            self._encoder = self._open.enter_context(self._encoding())
            self._behind = Behind(self._encoder.write, most=_BEHIND)
            self._open.callback(self._behind.finish)
        self._behind.put(ClipFrame(time, np.rint(255 * kept.pixels).astype(np.uint8)))

    def _read(self, number: int) -> Kept:
        kept = self.inputs.store.read(number, shape=(self.painter.height, self.painter.width))
        if kept is None:
            raise VideoError(f"{self.inputs.store.place(number)} was removed meanwhile; run the same command again")
        return kept

    def _encoding(self) -> AbstractContextManager[Encoder]:
        facts, options = self.inputs.clip.facts, self.inputs.options
        height, width, rate = self.painter.height, self.painter.width, facts.rate / options.every
        source = Path(facts.source)
        return encoding(
            self.inputs.place,
            VideoFormat(height, width, rate, facts.time_base, options.codec, options.quality),
            sound_of=source if options.sound and source.is_file() else None,
            start=options.start,
        )
