"""Frames of a video file, decoded by PyAV (FFmpeg)."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.extras import require_extra
from stylejax.video.media.clip import ClipFacts, ClipFrame, VideoError, reason
from stylejax.video.media.colors import losses, to_rgb

_BLOCK = 1 << 20


class VideoFile:
    """A clip in a file."""

    def __init__(self, path: Path, *, warn: Callable[[str], None] = lambda problem: None):
        """Read the header of a file and decode its first frame.

        Args:
            path: of the file.
            warn: called with one line for each stretch that cannot be decoded.

        Raises:
            MissingExtraError: PyAV is not installed.
            VideoError: it is no video, or has a codec that cannot be decoded.
        """
        require_extra("video", "reading a video file", alternative="give a folder of frames")
        self._path, self._warn = path, warn
        with _opened(path) as (container, stream):
            first = next(self._decoded(container, stream), None)
            if first is None:
                raise VideoError(f"{path} has no frame that can be decoded; get a complete copy of it")
            self._origin = first.pts or 0
            height, width = _shown(first, stream)
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            duration = stream.duration * stream.time_base if stream.duration else Fraction(container.duration or 0, 1_000_000)
            self.facts = ClipFacts(
                source=str(path),
                height=height,
                width=width,
                rate=Fraction(rate),
                time_base=Fraction(stream.time_base),
                frames=stream.frames or max(1, round(duration * rate)),
                identity=_hash(path),
                notes=tuple(losses(stream.codec_context)),
            )

    def frames(self, start: Fraction) -> Iterator[ClipFrame]:
        """The frames from `start` seconds on, and perhaps some before it."""
        with _opened(self._path) as (container, stream):
            if start > 0:
                container.seek(self._origin + int(start / stream.time_base), stream=stream)
            last: Fraction | None = None
            for frame in self._decoded(container, stream):
                if frame.pts is not None:
                    time = (frame.pts - self._origin) * Fraction(stream.time_base)
                else:
                    time = Fraction(0) if last is None else last + 1 / self.facts.rate
                if last is None or time > last:  # damaged files repeat times
                    last = time
                    yield ClipFrame(time, _upright(frame))

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        """The frames of the stream; what cannot be decoded is left out, so that the frame before it lasts longer."""
        from av.error import FFmpegError

        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except FFmpegError as problem:
                place = "somewhere" if packet.pts is None else f"at {float(packet.pts * stream.time_base):.2f} s"
                self._warn(f"{self._path}: a frame {place} cannot be decoded ({reason(problem)}); the one before it stays")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The file and its video stream.

    Raises:
        VideoError: it is no video, or has a codec that cannot be decoded.
    """
    import av
    from av.error import FFmpegError
    from av.stream import Disposition

    if not path.exists():
        raise VideoError(f"{path} does not exist; check the path")
    try:
        container = av.open(str(path))
    except (FFmpegError, OSError) as problem:
        raise VideoError(f"{path} is not a video that FFmpeg reads ({reason(problem)}); give a clip, or a folder") from None
    with container:
        streams = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
        if not streams:
            raise VideoError(f"{path} has no video stream; give a clip with pictures in it")
        if streams[0].codec_context is None:
            raise VideoError(f"{path} has a codec that this build of PyAV cannot decode; convert it first, to H.264 say")
        streams[0].thread_type = "SLICE"  # threads of whole frames report an error several frames late
        yield container, streams[0]


def _upright(frame: Any) -> np.ndarray:
    """The pixels, turned as the phone was held."""
    return np.ascontiguousarray(np.rot90(to_rgb(frame), round(frame.rotation / 90)))


def _shown(frame: Any, stream: Any) -> tuple[int, int]:
    """Height and width of a frame as a player shows it: upright, with square pixels."""
    width = round(frame.width * (stream.sample_aspect_ratio or 1))
    return (width, frame.height) if round(frame.rotation / 90) % 2 else (frame.height, width)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
