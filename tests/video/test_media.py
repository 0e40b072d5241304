"""Reading and writing video files: times, colors, turned phones, sound, and files that are not as they should be."""

from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra `video` is not installed")

from clips import HEIGHT, WIDTH, flat, sound_seconds, write_clip, write_frames  # noqa: E402

from stylejax.errors import MissingExtraError  # noqa: E402
from stylejax.video.media.clip import ClipFrame, Selection, VideoError  # noqa: E402
from stylejax.video.media.encode import VideoFormat, check_video_output, encoding  # noqa: E402
from stylejax.video.media.open import open_clip  # noqa: E402

RED, GREEN, BLUE, GRAY = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.5, 0.5)


def read(path, **options):
    clip = open_clip(path, rate=25, **options)
    return clip.facts, list(clip.frames(Fraction(0)))


def write(path, frames, source, *, start=0.0):
    height, width = frames[0].pixels.shape[:2]
    with encoding(path, VideoFormat(height, width, Fraction(10), Fraction(1, 100)), sound_of=source, start=start) as encoder:
        for frame in frames:
            encoder.write(frame)
        encoder.finish(frames[-1].time + Fraction(1, 10))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_colors_times_and_sound_survive(tmp_path, suffix):
    source = write_clip(tmp_path / "clip.mp4", flat(RED, GREEN, BLUE, GRAY), sound=True, times=[0, 7, 33, 41])
    facts, frames = read(source)
    assert [float(frame.time) for frame in frames] == [0, 0.07, 0.33, 0.41]
    assert (facts.height, facts.width) == (HEIGHT, WIDTH)
    for frame, color in zip(frames, (RED, GREEN, BLUE, GRAY), strict=True):
        np.testing.assert_allclose(frame.pixels[-8, -8], np.array(color) * 255, atol=6)
    write(tmp_path / f"copy{suffix}", frames, source)
    _, copied = read(tmp_path / f"copy{suffix}")
    assert [float(frame.time) for frame in copied] == pytest.approx([0, 0.07, 0.33, 0.41], abs=0.002)
    np.testing.assert_allclose([frame.pixels[-8, -8] for frame in copied], [f.pixels[-8, -8] for f in frames], atol=8)
    assert sound_seconds(tmp_path / f"copy{suffix}") == pytest.approx(0.4, abs=0.15)


def test_the_sound_begins_where_the_frames_do(tmp_path):
    source = write_clip(tmp_path / "clip.mp4", flat(*[GRAY] * 10), sound=True)
    clip = open_clip(source, rate=25)
    frames = list(Selection(0.5, 0.9, 2).of(clip))
    assert [float(frame.time) for frame in frames] == [0.5, 0.7]
    assert Selection(0.5, 0.9, 2).count(clip.facts) == 2
    shifted = [ClipFrame(frame.time - frames[0].time, frame.pixels) for frame in frames]
    write(tmp_path / "part.mp4", shifted, source, start=0.5)
    assert sound_seconds(tmp_path / "part.mp4") == pytest.approx(0.3, abs=0.1)


@pytest.mark.parametrize(("rotation", "corner"), [(90, (-8, 8)), (-90, (8, -8)), (180, (-8, -8))])
def test_a_turned_phone_gives_upright_frames(tmp_path, rotation, corner):
    facts, frames = read(write_clip(tmp_path / "phone.mp4", flat(RED), rotation=rotation))
    shape = (HEIGHT, WIDTH) if rotation == 180 else (WIDTH, HEIGHT)
    assert (facts.height, facts.width) == shape == frames[0].pixels.shape[:2]
    np.testing.assert_allclose(frames[0].pixels[corner], 255, atol=6)
    np.testing.assert_allclose(frames[0].pixels[-corner[0], -corner[1]], [255, 0, 0], atol=6)


def test_full_range_and_limited_range_give_the_same_colors(tmp_path):
    _, (full,) = read(write_clip(tmp_path / "full.mkv", flat(GRAY), codec="mjpeg", pixel_format="yuvj420p"))
    np.testing.assert_allclose(full.pixels[-8, -8], 128, atol=4)


def test_what_8_bits_lose_is_said(tmp_path):
    facts, _ = read(write_clip(tmp_path / "hdr.mkv", flat(GRAY), codec="ffv1", pixel_format="yuv420p10le", transfer=16))
    assert facts.notes == ("it is HDR (PQ, 10 bits); it is painted as 8-bit SDR without tone mapping",)
    facts, _ = read(write_clip(tmp_path / "deep.mkv", flat(GRAY), codec="ffv1", pixel_format="yuv420p10le"))
    assert facts.notes == ("it has 10 bits a color; it is painted with 8",)
    facts, _ = read(write_clip(tmp_path / "alpha.mkv", flat(GRAY), codec="ffv1", pixel_format="yuva420p"))
    assert "transparency, which is not kept" in facts.notes[0]


def test_a_damaged_frame_is_named_and_bridged(tmp_path):
    source = write_clip(tmp_path / "clip.mov", flat(RED, GREEN, BLUE, GRAY), codec="png", pixel_format="rgb24")
    data = bytearray(source.read_bytes())
    starts = [place for place in range(len(data)) if data[place : place + 8] == b"\x89PNG\r\n\x1a\n"]
    data[starts[2] : starts[2] + 8] = bytes(8)
    source.write_bytes(data)
    said = []
    _, frames = read(source, warn=said.append)
    assert [float(frame.time) for frame in frames] == [0, 0.1, 0.3]
    assert "a frame at 0.20 s cannot be decoded" in said[-1]


def test_files_that_are_no_clips_are_refused_in_one_line(tmp_path):
    (tmp_path / "text.mp4").write_text("nothing to see")
    silent = tmp_path / "song.m4a"
    with av.open(str(silent), "w", format="mp4") as output:
        voice = output.add_stream("aac", rate=44_100)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="flt", layout="mono")
        samples.sample_rate, samples.pts = 44_100, 0
        output.mux(voice.encode(samples))
        output.mux(voice.encode(None))
    for name, message in (
        ("missing.mp4", "does not exist"),
        ("text.mp4", "is not a video that FFmpeg reads"),
        ("song.m4a", "has no video stream"),
    ):
        with pytest.raises(VideoError, match=message):
            open_clip(tmp_path / name, rate=25)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="has no pictures"):
        open_clip(tmp_path / "empty", rate=25)


def test_outputs_that_cannot_be_written_are_refused_before_any_work(tmp_path, monkeypatch):
    with pytest.raises(VideoError, match=r"has the suffix '\.avi'"):
        check_video_output(tmp_path / "out.avi")
    with pytest.raises(VideoError, match="has no encoder 'nothing'"):
        check_video_output(tmp_path / "out.mp4", codec="nothing")
    with pytest.raises(VideoError, match="libopus encodes no pictures; choose another codec, such as libx264"):
        check_video_output(tmp_path / "out.mp4", codec="libopus")
    for name, codec in (("out.webm", "libx264"), ("out.mp4", "mjpeg")):
        with pytest.raises(VideoError, match=f"{codec} cannot write a "):
            check_video_output(tmp_path / name, codec=codec)
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"stylejax\[video\]"):
        check_video_output(tmp_path / "out.mp4")


def test_a_folder_of_frames_is_read_by_the_numbers_in_their_names(tmp_path):
    folder = write_frames(tmp_path / "frames", flat(*[(number / 16, 0, 0) for number in range(11)]))
    (folder / "frame3.png").write_bytes(b"damaged")
    said = []
    facts, frames = read(folder, warn=said.append)
    assert facts.rate == 25
    assert [int(25 * frame.time) for frame in frames] == [0, 1, *range(3, 11)]
    assert [round(frame.pixels[-1, -1, 0] / 255 * 16) for frame in frames] == [0, 1, *range(3, 11)]
    assert "frame3.png" in said[0]
