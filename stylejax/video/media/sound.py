"""The sound of a clip: its packets as they are where the file can hold them, encoded anew otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any


class Sound:
    """The packets of one sound track, up to the time that the pictures have reached."""

    def __init__(self, packets: Iterator[Any], stream: Any, *, start: float, copies: bool):
        self._packets, self._stream, self._start, self._copies = packets, stream, Fraction(start), copies
        self._waiting: Any = None

    @classmethod
    @contextmanager
    def of(cls, path: Path, output: Any, *, start: float) -> Iterator["Sound | None"]:
        """The sound of the file at `path` for an output of PyAV; None where there is none."""
        import av

        with av.open(str(path)) as clip:
            if not clip.streams.audio or clip.streams.audio[0].codec_context is None:
                yield None
                return
            source = clip.streams.audio[0]
            copies = source.codec_context.name in output.supported_codecs
            if copies:
                stream = output.add_stream_from_template(source)
            else:
                stream = output.add_stream(output.default_audio_codec, rate=48_000)
            if start > 0:
                clip.seek(int(start * av.time_base))
            origin = Fraction(clip.start_time or 0, av.time_base)
            packets = clip.demux(source) if copies else clip.decode(source)
            yield cls(iter(packets), stream, start=float(origin) + start, copies=copies)

    def write_until(self, output: Any, time: Fraction) -> None:
        """Write what is heard before `time`, in seconds since the video begins."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = None
            if packet.pts is None:
                continue
            begins = packet.pts * packet.time_base - self._start
            if begins < 0:
                continue
            if begins >= time:
                self._waiting = packet
                return
            shift = round(self._start / packet.time_base)
            packet.pts -= shift
            if self._copies:
                packet.dts = packet.pts if packet.dts is None else packet.dts - shift
                packet.stream = self._stream
                output.mux(packet)
            else:
                output.mux(self._stream.encode(packet))

    def finish(self, output: Any) -> None:
        """Write what the encoder still holds."""
        if not self._copies:
            output.mux(self._stream.encode(None))
