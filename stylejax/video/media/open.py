"""A clip from a path."""

from collections.abc import Callable
from pathlib import Path

from stylejax.video.media.clip import Clip
from stylejax.video.media.decode import VideoFile
from stylejax.video.media.folder import FrameFolder


def open_clip(path: Path, *, rate: float, warn: Callable[[str], None] = lambda problem: None) -> Clip:
    """The clip at a path: a video file, or a folder of frames at `rate` frames a second.

    Raises:
        VideoError: it cannot be read.
    """
    return FrameFolder(path, rate=rate, warn=warn) if path.is_dir() else VideoFile(path, warn=warn)
