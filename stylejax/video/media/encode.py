"""Writing a video file: H.264 or VP9 in BT.709, with the times of its frames and the sound of the clip."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from stylejax.errors import one_line
from stylejax.extras import require_extra
from stylejax.files.atomic import check_writable, write_atomically
from stylejax.video.media.clip import ClipFrame, VideoError
from stylejax.video.media.colors import tag, to_video
from stylejax.video.media.sound import Sound


class Container(NamedTuple):
    """A kind of file."""

    name: str
    codec: str
    """What it holds unless told otherwise."""


CONTAINERS = {
    ".mp4": Container("mp4", "libx264"),
    ".m4v": Container("mp4", "libx264"),
    ".mov": Container("mov", "libx264"),
    ".mkv": Container("matroska", "libx264"),
    ".webm": Container("webm", "libvpx-vp9"),
}
"""By suffix."""


class VideoFormat(NamedTuple):
    """How a file is encoded."""

    height: int
    """Even."""
    width: int
    """Even."""
    rate: Fraction
    time_base: Fraction
    codec: str = ""
    """An encoder of FFmpeg; empty for that of the container."""
    quality: int = 18
    """Constant rate factor: 0 is lossless, larger is smaller."""


def check_video_output(path: Path, *, codec: str = "") -> None:
    """Raise VideoError where `path` could not be written as a video.

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    if path.suffix.lower() not in CONTAINERS:
        raise VideoError(f"{path} has the suffix {path.suffix!r}; wanted {', '.join(CONTAINERS)}, or a folder for frames")
    require_extra("video", "writing a video file", alternative="name a folder for the frames with -o")
    import av

    codec = codec or CONTAINERS[path.suffix.lower()].codec
    try:
        av.Codec(codec, "w")
    except ValueError:
        known = ", ".join(sorted({each.codec for each in CONTAINERS.values()}))
        raise VideoError(f"this build of PyAV has no encoder {codec!r}; choose another codec, such as {known}") from None
    check_writable(path, error=VideoError)


class Encoder:
    """A video file being written."""

    def __init__(self, output: Any, stream: Any, sound: Sound | None):
        self._output, self._stream, self._sound = output, stream, sound
        self._last: int | None = None

    def write(self, painted: ClipFrame) -> None:
        """Add a frame of the shape of the format; its time counts from the first."""
        frame = to_video(painted.pixels, self._stream.codec_context.pix_fmt)
        base = self._stream.codec_context.time_base
        frame.pts, frame.time_base = round(painted.time / base), base
        if self._last is not None and frame.pts <= self._last:
            frame.pts = self._last + 1
        self._last = frame.pts
        if self._sound:
            self._sound.write_until(self._output, painted.time)
        self._output.mux(self._stream.encode(frame))

    def finish(self, end: Fraction) -> None:
        """Write what the encoder still holds, and the sound up to `end`."""
        if self._sound:
            self._sound.write_until(self._output, end)
            self._sound.finish(self._output)
        self._output.mux(self._stream.encode(None))


@contextmanager
def encoding(path: Path, format: VideoFormat, *, sound_of: Path | None = None, start: float = 0.0) -> Iterator[Encoder]:
    """Write a video file, which appears when the block ends and `finish` was called.

    Args:
        path: the suffix decides the container.
        format: shape, rate and codec.
        sound_of: the clip whose sound is kept.
        start: where in the clip the video begins, in seconds.

    Raises:
        VideoError: it cannot be written.
    """
    import av
    from av.error import FFmpegError

    container = CONTAINERS[path.suffix.lower()]
    try:
        with ExitStack() as stack:
            file = stack.enter_context(write_atomically(path))
            output = stack.enter_context(av.open(file, "w", format=container.name))
            stream: Any = output.add_stream(format.codec or container.codec, rate=format.rate)  # pyright: ignore
            stream.height, stream.width, stream.pix_fmt = format.height, format.width, "yuv420p"
            stream.codec_context.time_base = format.time_base
            stream.options = {"crf": str(format.quality)} | ({"b": "0"} if "vp9" in stream.codec_context.name else {})
            tag(stream.codec_context)
            sound = None if sound_of is None else stack.enter_context(Sound.of(sound_of, output, start=start))
            yield Encoder(output, stream, sound)
    except (FFmpegError, OSError) as problem:
        raise VideoError(f"{path} cannot be written: {one_line(problem)}") from None
