"""The live page of a clip: what it shows of frames in progress and finished ones, and that its stop button keeps these."""

import json
from io import BytesIO

import numpy as np
import pytest
import requests
from clips import frame_progress, two_scenes, write_frames
from objectives import SHALLOW_FLAGS
from PIL import Image
from processes import STEPWISE, interruptible_process, lines

import stylejax.preview.live_run as live_run
from stylejax.images.io.read import to_picture
from stylejax.preview.live_clip import MAX_FRAMES, LiveClip
from stylejax.preview.live_run import StopPressed
from stylejax.preview.server import Server
from stylejax.preview.site import live_site
from stylejax.video.motion.flo import write_flo
from stylejax.video.progress import VideoProgress

RED, BLUE = (np.full((36, 64, 3), color, np.float32) for color in ((1, 0, 0), (0, 0, 1)))


def progress(frame: int, *, step: int = 4, **options) -> VideoProgress:
    """A frame of four steps, painted red from a blue one."""
    return frame_progress(frame, painting=RED, content=BLUE, step=step, **options)


def strip(state: dict) -> list[str]:
    return [entry["name"] for entry in state["strip"]]


@pytest.fixture
def live(pictures) -> LiveClip:
    return LiveClip("waves.mp4 in the style of style", [to_picture(pictures[1])], {"program": "stylejax"})


def mean_color(data: bytes | None) -> np.ndarray:
    assert data is not None
    return np.asarray(Image.open(BytesIO(data)), float).mean((0, 1)) / 255


def test_the_frame_in_progress_is_shown_and_then_the_next(live):
    live.watch(1)
    assert live.state()["progress"] is None
    live.show(progress(1, step=2))
    state = live.state()
    assert (state["count"], state["strip"], state["picture"]) == (0, [], {"number": 1, "version": 1})
    assert state["progress"]["seconds_left"] is None
    assert state["losses"] == {"total": "2", "content": "1", "style": "1", "tv": "1", "temporal": "0.5"}
    assert 'class="temporal"' in live.curves()
    np.testing.assert_allclose(mean_color(live.picture(1)), (1, 0, 0), atol=0.02)
    np.testing.assert_allclose(mean_color(live.original(1)), (0, 0, 1), atol=0.02)
    live.show(progress(1))
    live.show(progress(2, step=1))
    state = live.state()
    assert (state["count"], strip(state), state["current"]["name"]) == (1, ["frame 1"], "frame 2")
    assert state["progress"]["seconds_left"] == 3700
    assert "of 1 steps" in live.curves()
    copy = Image.open(BytesIO(live.copy() or b""))
    assert "frame 2 of 9, step 1 of 4" in str(copy.info)


def test_pictures_are_taken_at_a_rate_and_the_first_and_last_of_a_frame_always(live, monkeypatch):
    monkeypatch.setattr(live_run, "SECONDS_BETWEEN_PICTURES", 3600)
    live.watch(1)
    versions = []
    for frame, step in ((1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2)):
        live.show(progress(frame, step=step))
        versions.append(live.state()["picture"])
    assert [version["version"] for version in versions] == [1, 1, 1, 1, 2, 2]
    assert versions[-1]["number"] == live.state()["current"]["number"]
    live.press("stop")
    with pytest.raises(StopPressed):
        live.show(progress(2, step=3))
    assert live.state()["picture"]["version"] == 3


def test_of_frames_painted_side_by_side_the_first_is_shown(live):
    live.watch(1)
    for frame in (5, 1):
        live.show(progress(frame, step=1))
    live.show(progress(5, step=2))
    assert live.state()["progress"]["frame"] == 1
    live.show(progress(5))
    live.show(progress(1))
    assert strip(live.state()) == ["frame 1", "frame 5"]
    assert "of 2 steps" in live.curves()  # those of the last


def test_frames_of_several_clips_are_told_apart(live):
    live.show(progress(2, clip=2, clips=2))
    live.show(progress(2, clip=1, clips=2))
    live.show(progress(3, step=1, clip=2, clips=2))
    state = live.state()
    assert strip(state) == ["clip 1, frame 2", "clip 2, frame 2"]
    assert [entry["number"] for entry in state["strip"]] == [2, 1]
    assert state["current"] == {"number": 3, "name": "clip 2, frame 3"}
    assert all(live.picture(number) for number in (1, 2))
    assert live.original(3)
    assert live.original(4) is None


def test_the_strip_of_a_long_clip_is_thinned(live):
    for frame in range(1, 3 * MAX_FRAMES):
        live.show(progress(frame, before=True))
    state = live.state()
    numbers = [entry["number"] for entry in state["strip"]]
    assert state["count"] == 3 * MAX_FRAMES - 1
    assert numbers[-1] == 3 * MAX_FRAMES - 1
    assert MAX_FRAMES / 2 < len(numbers) <= MAX_FRAMES
    assert set(np.diff(numbers[:-1])) == {4}
    assert live.picture(2) is None


def test_the_server_serves_the_frames_and_stop_ends_the_run(live):
    server = Server(live_site(live))
    try:
        visitor = requests.Session()
        visitor.headers["Origin"] = server.url.partition("/?")[0]
        page = visitor.get(server.url, timeout=10)
        assert "Back to the current frame" in page.text
        live.show(progress(1))
        for path, status in (("picture/1", 200), ("original/1", 200), ("picture/2", 404), ("given/0", 200), ("given/1", 404)):
            assert visitor.get(page.url + path, timeout=10).status_code == status
        assert visitor.post(page.url + "stop", timeout=10).status_code == 204
        with pytest.raises(StopPressed):
            live.show(progress(2))
        assert live.state()["count"] == 2
    finally:
        server.close()


@pytest.mark.slow
def test_stop_on_the_page_keeps_the_finished_frames_and_writes_the_report(folder):
    frames = two_scenes(20)[:20]
    write_frames(folder / "frames", [frame.pixels for frame in frames])
    for number, frame in enumerate(frames[1:], start=1):
        write_flo(folder / "flow" / f"forward_{number}_{number + 1}.flo", frame.forward)
        write_flo(folder / "flow" / f"backward_{number + 1}_{number}.flo", frame.backward)
    words = ["video", "frames", "style.png", "-o", "painted", "--flow", "flow", "--model", "tiny.safetensors", "--no-cuts"]
    words += ["--size", "64", "--smallest-size", "64", "--iterations", "40", *SHALLOW_FLAGS, "--live", "--json"]
    with interruptible_process([*STEPWISE, *words, "--report", "out.html"], cwd=folder, stdin=-1, stdout=-1) as process:
        events = map(json.loads, lines(process))
        url = next(events)["url"]
        visitor = requests.Session()
        visitor.headers["Origin"] = url.partition("/?")[0]
        address = visitor.get(url, timeout=10).url
        for event in events:
            if event.get("finished") and event["frame"] == 2:
                assert visitor.post(f"{address}stop", timeout=10).status_code == 204
                break
        *_, last = map(json.loads, lines(process))
        assert process.wait(30) == 130
    assert last["event"] == "stopped"
    assert len(list((folder / "painted").glob("*.png"))) == last["frames"] >= 2
    assert f"{last['frames']} frames in one scene" in (folder / "out.html").read_text()
