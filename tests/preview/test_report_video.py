"""The report of a clip: frames before and after, curves, a player or a link, and a command that paints the same."""

import re
import shlex
from pathlib import Path
from typing import get_type_hints

import pytest
import tyro
from clips import flat, write_clip, write_frames

import stylejax.preview.report_video as report
from stylejax.cli.flags.video import Video
from stylejax.cli.parsing.sections import REGISTRY
from stylejax.errors import StylejaxError
from stylejax.preview.command import repeat_video
from stylejax.preview.curves import frames_svg
from stylejax.settings.settings import Settings
from stylejax.video.media.store import FrameFacts
from stylejax.video.options import VideoOptions
from stylejax.video.progress import StylizedVideo

NASTY = "<img onerror=alert(1) src=x>.mp4"
FACTS = [FrameFacts(9, 0.5, None, None), FrameFacts(2, 0.4, 0.002, 0.001), FrameFacts(2, 0.4, 0.004, 0.001)]
FACTS += [FrameFacts(9, 0.6, None, None)]


@pytest.fixture
def clip(tmp_path) -> Path:
    return write_frames(tmp_path / NASTY, flat((1, 0, 0), (0.9, 0, 0), (0.8, 0, 0), (0, 1, 0)))


def stylized(output: Path, **options) -> StylizedVideo:
    record = {"network": "tiny"}
    return StylizedVideo(output, 4, [1, 4], FACTS, None, Settings(size=64), VideoOptions(**options), record, ("a note",))


def test_frames_are_compared_and_curves_have_a_band_for_each_scene(clip, pictures, tmp_path):
    painted = write_frames(tmp_path / "painted", flat((0, 0, 1), (0, 0, 0.9), (0, 0, 0.8), (0, 1, 1)))
    html = report.write_video_report(tmp_path / "out.html", stylized(painted), clip, [pictures[1]], seconds=3).read_text()
    assert html.count("<span data-number=") == 4
    assert 'data-number="3" data-time="0.08 s"' in html
    assert "4 frames in 2 scenes" in html
    assert html.count(">scene 2<") == 3  # flicker, losses, steps
    assert "the painting, mean <b>3</b>" in html
    assert 'href="painted"' in html
    assert "<video" not in html
    assert "&lt;img onerror" in html
    assert "a note" in html
    rows = dict(re.findall(r"<tr><th>(\w+)</th><td>(.*?)</td>", html))
    assert (rows["long_term"], rows["end"], rows["cuts"]) == ("1", "–", "True")


def test_of_a_long_clip_a_sample_is_compared(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(report, "MAX_FRAMES", 3)
    frames = write_frames(tmp_path / "frames", flat(*([(1, 0, 0)] * 4)))
    html = report.write_video_report(tmp_path / "out.html", stylized(frames), frames, [pictures[1]]).read_text()
    assert re.findall(r'data-number="(\d)"', html) in (["1", "2", "4"], ["1", "3", "4"])


def test_a_small_video_is_part_of_the_page_and_a_large_one_is_linked(clip, pictures, tmp_path, monkeypatch):
    pytest.importorskip("av", reason="the extra `video` is not installed")
    video = stylized(write_clip(tmp_path / "my clip.mp4", flat(*([(1, 0, 0)] * 4))))
    html = report.write_video_report(tmp_path / "out.html", video, clip, [pictures[1]]).read_text()
    assert 'src="data:video/mp4;base64,' in html
    assert "media-src data:" in html
    monkeypatch.setattr(report, "LARGEST_EMBEDDED", 10)
    html = report.write_video_report(tmp_path / "pages" / "out.html", video, clip, [pictures[1]]).read_text()
    assert 'src="../my%20clip.mp4"' in html
    assert "media-src &#39;self&#39;" in html


def test_a_report_that_cannot_be_written_is_refused(clip, pictures, tmp_path):
    with pytest.raises(StylejaxError, match="html"):
        report.write_video_report(tmp_path / "out.png", stylized(clip), clip, [pictures[1]])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"start": 1.5, "end": 2.5, "every": 2, "temporal_weight": 0.0, "frame_iterations": 7},
        {"long_term": (1, 4, 16), "cuts": False, "flow": Path("-my flows"), "preview": 0.5},
        {"frames": Path("kept"), "sound": False, "codec": "libx265", "quality": 30, "fps": 12.5},
    ],
)
def test_the_command_is_read_back_as_the_same_run(options):
    assert set(options) <= set(get_type_hints(VideoOptions))
    settings = Settings(size=480, iterations="30,6", keep_color="luminance")
    wanted = Video(Path("my clip.mp4"), (Path("a.png"), Path("b.png")), Path("out.mp4"), settings, VideoOptions(**options))
    command = repeat_video(wanted.clip, wanted.styles, wanted.output, settings, wanted.options)
    words = shlex.split(command)[2:]
    assert tyro.cli(Video, default=Video.of_recipe("stylejax"), args=words, registry=REGISTRY) == wanted


def test_curves_of_frames_break_at_scenes():
    svg = frames_svg({"style": [None, 2.0, 1.0, None, 4.0]}, [1, 4], label="Flicker")
    (path,) = re.findall(r'<path class="style" d="([^"]*)"', svg)
    pieces = [piece.split(" L") for piece in path.removeprefix("M").split("M")]
    assert [len(piece) for piece in pieces] == [2, 1]
    assert [float(piece[0].split(",")[0]) for piece in pieces] == [300.0, 900.0]
    assert "Flicker of 5 frames" in svg
    assert "<path" not in frames_svg({"style": [None, None]}, [1, 2], label="Flicker")
