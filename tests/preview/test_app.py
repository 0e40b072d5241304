"""A visitor's run of the application, without its page: what is refused, what is shown, how it ends."""

import shlex
import threading

import numpy as np
import pytest
from clips import sound_seconds, two_scenes, write_clip
from objectives import SHALLOW
from PIL import Image

import stylejax.preview.app.run as app
from stylejax.errors import ImageError, MissingExtraError, SettingsError, StylejaxError
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.preview.app.clip import ClipRun
from stylejax.preview.app.read import read_clip_form
from stylejax.weights.weight_set import write_weights


@pytest.fixture
def inputs(tmp_path, pictures, tiny_weights) -> dict:
    for name, picture in zip(("content.png", "style.png"), pictures, strict=True):
        write_picture(tmp_path / name, picture)
    write_picture(tmp_path / "other.png", pictures[1][::-1].copy())
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    options = {"model": str(tmp_path / "tiny.safetensors"), "size": 48, "smallest_size": 48, "iterations": 12, **SHALLOW}
    return {"content": tmp_path / "content.png", "styles": [tmp_path / "style.png"], "options": options}


@pytest.mark.slow
def test_a_run_shows_the_picture_and_ends_with_files(inputs, monkeypatch):
    monkeypatch.setattr(app, "SECONDS_BETWEEN_FRAMES", 0)
    first, *_, last = app.Run(**inputs).frames()
    assert first.picture is None
    picture, report = last.files
    assert last.status.startswith("finished · 48×36 · 12 steps")
    assert np.abs(read_picture(picture).pixels * 255 - last.picture).max() <= 1
    assert read_metadata(picture)["settings"]["iterations"] == 12
    assert "content.png in the style of style.png" in report.read_text()
    words = shlex.split(last.command)
    assert words[:6] == ["stylejax", "stylize", "content.png", "style.png", "-o", "painted.png"]
    assert "--iterations 12" in last.command
    assert "<svg" in last.curves


@pytest.mark.slow
def test_a_region_that_was_drawn_gets_the_second_style(inputs, tmp_path):
    region = np.zeros((48, 64), np.uint8)
    region[:, 40:] = 255
    inputs["styles"] = [tmp_path / "style.png", tmp_path / "other.png"]
    *_, last = app.Run(**inputs, region=region).frames()
    _, _, around, inside = last.files
    assert np.array_equal(read_picture(inside).pixels[..., 0], region / 255)
    assert np.array_equal(read_picture(around).pixels[..., 0], 1 - region / 255)
    assert "--content-mask around.png --content-mask region.png" in last.command
    inputs["styles"].pop()
    with pytest.raises(SettingsError, match="give two"):
        app.Run(**inputs, region=region)
    with pytest.raises(SettingsError, match="only one of them"):
        app.Run(**inputs, region=region, masks=[around])
    *_, last = app.Run(**inputs, region=0 * region).frames()  # nothing was drawn after all
    assert len(last.files) == 2


def test_stop_keeps_the_picture(inputs):
    inputs["options"]["iterations"] = 100_000
    run = app.Run(**inputs)
    frames = run.frames()
    while next(frames).picture is None:
        pass
    run.stop.set()
    *_, last = frames
    assert last.status.startswith("stopped")
    assert read_picture(last.files[0]).pixels.shape == (36, 48, 3)


@pytest.mark.slow
def test_a_run_says_what_takes_so_long(inputs, monkeypatch):
    compiled = threading.Event()

    def slow(*arguments, **options):
        compiled.wait(30)
        return stylize(*arguments, **options)

    stylize = app.stylize
    monkeypatch.setattr(app, "stylize", slow)
    run = app.Run(**inputs)
    frames = run.frames()
    next(frames)
    assert next(frames).status.startswith("compiling the first steps: 1 s")
    assert next(frames).status.startswith("compiling the first steps: 2 s")
    run.stop.set()
    assert next(frames).status.startswith("stopping when")
    run.stop.clear()
    compiled.set()
    *_, last = frames
    assert last.status.startswith("finished")


def test_a_run_that_nobody_wants_keeps_nothing(inputs, tmp_path):
    """As when the application ends, and with it the folder that the run would write to."""
    inputs["options"]["iterations"] = 100_000
    run = app.Run(**inputs)
    frames = run.frames()
    while next(frames).picture is None:
        pass
    run.kept = False
    run.stop.set()
    with pytest.raises(StylejaxError, match="stopped"):
        list(frames)
    assert not list(tmp_path.rglob("painted.png"))


def test_a_visitor_who_leaves_ends_the_run(inputs):
    inputs["options"]["iterations"] = 100_000
    frames = app.Run(**inputs).frames()
    while next(frames).picture is None:
        pass
    assert any(thread.name == "painting" for thread in threading.enumerate())
    frames.close()
    assert not any(thread.name == "painting" for thread in threading.enumerate())


@pytest.mark.slow
def test_what_cannot_be_painted_is_refused_before_it_is_read(inputs, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(ImageError, match=r"^text\.png is not a picture"):
        app.Run(**(inputs | {"content": text}))
    heic = tmp_path / "photo.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(ImageError, match=r"^photo\.heic is a HEIC"):
        app.Run(**(inputs | {"content": heic}))
    with Image.new("1", (20_000, 20_000)) as bomb:
        bomb.save(tmp_path / "bomb.png")
    with pytest.raises(ImageError, match=r"^bomb\.png is too large"):
        app.Run(**(inputs | {"styles": [tmp_path / "bomb.png"]}))
    with Image.new("1", (8000, 6000)) as bomb:
        bomb.save(tmp_path / "bomb.png")
    with pytest.raises(ImageError, match="8000×6000"):
        app.Run(**(inputs | {"styles": [tmp_path / "bomb.png"]}))
    with pytest.raises(SettingsError, match="styles"):
        app.Run(**(inputs | {"styles": []}))
    with pytest.raises(StylejaxError, match="content_weight"):
        app.Run(**(inputs | {"options": {"content_weight": -1}}))


def test_an_error_while_painting_reaches_the_visitor(inputs):
    inputs["options"] |= {"size": 8, "style_layers": "relu5_1"}
    with pytest.raises(SettingsError, match="at least"):
        list(app.Run(**inputs).frames())


@pytest.fixture
def clip(inputs, tmp_path) -> dict:
    for package in ("av", "cv2"):
        pytest.importorskip(package, reason="the extra `video` is not installed")
    clip = write_clip(tmp_path / "waves.mp4", [frame.pixels for frame in two_scenes(5)[:5]], sound=True)
    return {"clip": clip, "styles": inputs["styles"], "options": inputs["options"], "video": {"preview": 0.3}}


@pytest.mark.slow
def test_a_clip_is_painted_with_its_sound_and_its_report(clip):
    *_, last = ClipRun(**clip).frames()
    painted, report = last.files
    assert last.status.startswith("finished · 3 frames")
    assert 0.2 < sound_seconds(painted) < 0.5
    assert "waves.mp4 in the style of style.png" in report.read_text()
    words = shlex.split(last.command)
    assert words[:6] == ["stylejax", "video", "waves.mp4", "style.png", "-o", "painted.mp4"]
    assert words[-2:] == ["--preview", "0.3"]


def test_a_clip_that_cannot_be_painted_is_refused(clip, tmp_path):
    (tmp_path / "text.mp4").write_text("no clip")
    with pytest.raises(StylejaxError, match=r"^text\.mp4"):
        ClipRun(**(clip | {"clip": tmp_path / "text.mp4"}))
    with pytest.raises(SettingsError, match="styles"):
        ClipRun(**(clip | {"styles": []}))
    with pytest.raises(SettingsError, match="temporal_weight"):
        ClipRun(**(clip | {"video": {"temporal_weight": -1.0}}))


def test_without_the_extra_a_clip_is_refused_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr("stylejax.extras._is_installed", lambda package: package != "av")
    with pytest.raises(MissingExtraError, match=r"needs av; install with: pip install 'stylejax\[video\]'"):
        read_clip_form(str(tmp_path / "waves.mp4"), None, "stylejax")
