"""Writing a video file: H.264 or VP9 in BT.709, with the times of its frames and the sound of the clip."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from stylejax.extras import require_extra
from stylejax.files.atomic import check_writable, write_atomically
from stylejax.video.media.clip import GO_ON, ClipFrame, VideoError, reason
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
    from av.error import FFmpegError

    container = CONTAINERS[path.suffix.lower()]
    codec, wanted = codec or container.codec, f"choose another codec, such as {container.codec}"
    try:
        if av.Codec(codec, "w").type != "video":
            raise VideoError(f"{codec} encodes no pictures; {wanted}")
    except ValueError:
        raise VideoError(f"this build of PyAV has no encoder {codec!r}; {wanted}") from None
    try:
        with av.open(BytesIO(), "w", format=container.name) as output:
            _video_stream(output, VideoFormat(64, 64, Fraction(25), Fraction(1, 25), codec)).codec_context.open()
    except (FFmpegError, ValueError) as problem:
        raise VideoError(f"{codec} cannot write a {path.suffix} of 8-bit yuv420p ({reason(problem)}); {wanted}") from None
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
            stream = _video_stream(output, format._replace(codec=format.codec or container.codec))
            sound = None if sound_of is None else stack.enter_context(Sound.of(sound_of, output, start=start))
            yield Encoder(output, stream, sound)
    except (FFmpegError, OSError) as problem:
        raise VideoError(f"{path} cannot be written: {reason(problem)}; {GO_ON}") from None


def _video_stream(output: Any, format: VideoFormat) -> Any:
    """A stream of this format in an output of PyAV."""
    stream = output.add_stream(format.codec, rate=format.rate)
    stream.height, stream.width, stream.pix_fmt = format.height, format.width, "yuv420p"
    stream.codec_context.time_base = format.time_base
    stream.options = {"crf": str(format.quality)} | ({"b": "0"} if "vp9" in stream.codec_context.name else {})
    tag(stream.codec_context)
    return stream
