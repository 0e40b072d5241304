"""The pages of a clip in Chromium: the live page shows frames and keeps them, and the report plays and compares."""

import threading

import numpy as np
import pytest
from clips import flat, frame_progress, write_clip, write_frames

import stylejax.preview.report_video as report
from stylejax.images.io.read import to_picture
from stylejax.preview.live_clip import LiveClip
from stylejax.preview.server import Server
from stylejax.preview.site import live_site
from stylejax.settings.settings import Settings
from stylejax.video.media.store import FrameFacts
from stylejax.video.options import VideoOptions
from stylejax.video.progress import StylizedVideo, VideoProgress

COLORS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0))
FACTS = [FrameFacts(4, 0.5, None, None), *[FrameFacts(2, 0.4, 0.002, 0.001)] * 3]


def progress(frame: int, *, step: int = 4) -> VideoProgress:
    painting, content = (np.full((36, 64, 3), color, np.float32) for color in (COLORS[frame - 1], (0.5, 0.5, 0.5)))
    return frame_progress(frame, painting=painting, content=content, step=step, frames=4)


def shown(page, name: str) -> list[int]:
    """The color in the middle of a picture."""
    return page.evaluate(
        """name => { const image = document.querySelector(name), canvas = document.createElement("canvas");
             canvas.width = canvas.height = 1;
             const context = canvas.getContext("2d");
             context.drawImage(image, 0, 0, 1, 1);
             return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3); }""",
        name,
    )


def eventually(page, name: str, color: tuple[int, int, int]) -> None:
    """Wait until a picture has a color."""
    for _ in range(200):
        if page.locator(name).evaluate("image => image.complete && image.naturalWidth > 0"):
            found = shown(page, name)
            if np.abs(np.subtract(found, np.multiply(255, color))).max() < 12:
                return
        page.wait_for_timeout(50)
    pytest.fail(f"{name} is not {color}")


def test_the_live_page_of_a_clip(page):
    live = LiveClip("<b>waves.mp4 in the style of style", [to_picture(np.full((9, 9, 3), 0.3, np.float32))])
    server = Server(live_site(live))
    page.goto(server.url)
    assert page.get_by_role("heading", level=1).inner_text() == "<b>waves.mp4 in the style of style"
    page.get_by_text("compiling the first steps").wait_for()
    live.show(progress(1, step=1))
    eventually(page, "#picture", COLORS[0])
    eventually(page, "#original", (0.5, 0.5, 0.5))
    for frame in (1, 2, 3):
        live.show(progress(frame))
    eventually(page, "#picture", COLORS[2])
    page.get_by_text("3 of 4 frames finished").wait_for()
    page.get_by_text("1:01:40 left").wait_for()
    page.wait_for_selector("#curves path.temporal", state="attached")
    page.locator("#strip button").nth(1).click()
    eventually(page, "#picture", COLORS[1])
    assert page.locator("#strip button").nth(1).get_attribute("aria-pressed") == "true"
    live.show(progress(4, step=1))
    page.wait_for_timeout(300)
    eventually(page, "#picture", COLORS[1])  # who looks at a frame is not disturbed
    page.get_by_role("button", name="Back to the current frame").click()
    eventually(page, "#picture", COLORS[3])
    live.show(progress(4))
    ending = threading.Thread(target=lambda: live.end("finished", message="the clip is in out.mp4"))
    ending.start()
    page.get_by_text("the clip is in out.mp4").wait_for()
    ending.join()
    server.close()
    for number, color in enumerate(COLORS):  # the page remains of use
        page.locator("#strip button").nth(number).click()
        eventually(page, "#picture", color)
    with page.expect_download() as download:
        page.get_by_role("link", name="Save this frame").click()
    assert download.value.path().stat().st_size > 100


def test_a_picture_that_comes_late_does_not_replace_a_later_one(page):
    live = LiveClip("waves.mp4 in the style of style", [to_picture(np.full((9, 9, 3), 0.3, np.float32))])
    server = Server(live_site(live))
    held = []
    page.route("**/picture/1?1", lambda route: held.append(route))
    page.goto(server.url)
    page.get_by_text("compiling the first steps").wait_for()
    live.show(progress(1, step=1))
    while not held:
        page.wait_for_timeout(50)
    live.show(progress(1))
    live.show(progress(2, step=1))
    eventually(page, "#picture", COLORS[1])
    with page.expect_response("**/picture/1?1"):
        held[0].continue_()
    page.wait_for_timeout(300)
    eventually(page, "#picture", COLORS[1])
    live.end("stopped", patience=0)
    server.close()


@pytest.mark.parametrize("linked", [False, True])
def test_the_report_plays_the_clip_and_compares_its_frames(page, tmp_path, monkeypatch, linked):
    pytest.importorskip("av", reason="the extra `video` is not installed")
    monkeypatch.setattr(report, "LARGEST_EMBEDDED", 0 if linked else 1 << 20)
    video = write_clip(tmp_path / "painted.mp4", [np.full((36, 64, 3), color, np.float32) for color in COLORS])
    clip = write_frames(tmp_path / "frames", flat(*[(0.5, 0.5, 0.5)] * 4, height=36, width=64))
    made = StylizedVideo(video, 4, [1], FACTS, None, Settings(), VideoOptions(), {"network": "tiny"}, ())
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    path = report.write_video_report(tmp_path / "out.html", made, clip, [np.full((9, 9, 3), 0.3, np.float32)])
    page.goto(path.as_uri())
    for _ in range(100):
        if page.evaluate("document.querySelector('video').readyState") >= 2:
            break
        page.wait_for_timeout(50)
    state = "(() => { const v = document.querySelector('video'); return [v.videoWidth, v.duration, v.error]; })()"
    assert page.evaluate(state) == [64, pytest.approx(0.4, abs=0.05), None]
    eventually(page, ".compare .after", COLORS[0])
    page.locator("#frame").focus()
    page.keyboard.press("End")
    eventually(page, ".compare .after", COLORS[3])
    assert page.locator("#number").inner_text() == "4"
    own = {path.as_uri(), video.as_uri()} if linked else {path.as_uri()}
    assert {url for url in requests if not url.startswith("data:")} == own
    for width in (360, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
