"""A clip for a visitor: from the values of the form to files."""

import queue
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.errors import SettingsError, StylejaxError
from stylejax.extras import require_extra
from stylejax.preview.app.painting import SECONDS_BETWEEN_FRAMES, Frame, Painting, check_styles, time_left
from stylejax.preview.command import repeat_video
from stylejax.preview.curves import curves_svg
from stylejax.preview.report_video import write_video_report
from stylejax.run.progress import Record
from stylejax.settings.recipes import settings_from
from stylejax.video.api import stylize_video
from stylejax.video.media.clip import ClipFacts, VideoError
from stylejax.video.media.open import open_clip
from stylejax.video.options import VideoOptions
from stylejax.video.progress import StylizedVideo, VideoInterrupted, VideoProgress

MOST_FRAME_PIXELS = 9_000_000
"""Maximum number of pixels of an uploaded clip's frames: those of 4K."""


@dataclass
class ClipRun(Painting):
    """A run, from checked inputs to files."""

    clip: Path
    styles: Sequence[Path]
    options: Mapping[str, Any]
    """Settings of the frames."""
    video: Mapping[str, Any]
    """Options of the clip."""

    def __post_init__(self):
        """Raise StylejaxError if something is missing, too large or inconsistent."""
        check_clip(self.clip)
        check_styles(self.styles)
        self.settings, self._video = settings_from(self.options), VideoOptions(**self.video)
        self._last: VideoProgress | None = None

    def _compiling(self) -> str:
        """What is being compiled, if it is."""
        return "the first steps" if self._last is None else ""

    def _paint(self, news: "queue.Queue[Frame | BaseException]") -> None:
        records: list[Record] = []
        began, last = time.monotonic(), 0.0
        folder = Path(tempfile.mkdtemp(prefix="painting-", dir=self.clip.parent))

        def observe(progress: VideoProgress) -> None:
            nonlocal last
            if self._last is None or self._last.frame != progress.frame:
                records.clear()
            records.extend(progress.records)
            self._last = progress
            self._check()
            if time.monotonic() - last >= SECONDS_BETWEEN_FRAMES:
                last = time.monotonic()
                news.put(Frame(_levels(progress), describe(progress), curves_svg(records)))

        try:
            output = folder / "painted.mp4"
            video = stylize_video(
                self.clip, *self.styles, output=output, settings=self.settings, video=self._video, observe=observe
            )
            news.put(self._finished(video, "finished", folder, time.monotonic() - began))
        except VideoInterrupted as stopped:
            if stopped.result and self.kept:
                news.put(self._finished(stopped.result, "stopped", folder, time.monotonic() - began))
            else:
                news.put(StylejaxError("stopped before the first frame was finished"))
        except Exception as problem:
            news.put(problem)

    def _finished(self, video: StylizedVideo, how: str, folder: Path, seconds: float) -> Frame:
        names = [path.name for path in self.styles]
        command = repeat_video(self.clip.name, names, "painted.mp4", self.settings, self._video)
        report = write_video_report(folder / "report.html", video, self.clip, self.styles, command=command, seconds=seconds)
        status = " · ".join([how, f"{video.frames} frames", f"{seconds:.0f} s", *video.notes])
        return Frame(None, status, files=(video.output, report), command=command)


def check_clip(path: Path) -> ClipFacts:
    """What is known of an uploaded clip.

    Raises:
        MissingExtraError: PyAV or OpenCV is not installed.
        VideoError: it is not a clip, or its frames have too many pixels.
    """
    require_extra("video", "painting a clip")
    try:
        facts = _facts(path)
    except VideoError as problem:
        raise VideoError(str(problem).replace(str(path), path.name)) from None
    if facts.width * facts.height > MOST_FRAME_PIXELS:
        most = f"{MOST_FRAME_PIXELS:,}"
        raise SettingsError(f"{path.name} has frames of {facts.width}×{facts.height} pixels; wanted at most {most}")
    return facts


@lru_cache(maxsize=64)
def _facts(path: Path) -> ClipFacts:
    return open_clip(path, rate=VideoOptions.fps).facts


def _levels(progress: VideoProgress) -> np.ndarray:
    return np.rint(np.clip(progress.picture(), 0, 1) * 255).astype(np.uint8)


def describe(progress: VideoProgress) -> str:
    """The progress of a run in one line."""
    place = [f"frame {progress.frame} of {progress.frames}", f"{progress.width}×{progress.height}"]
    place += [f"step {progress.step} of {progress.steps}", time_left(progress.seconds_left)]
    return " · ".join(filter(None, place))
