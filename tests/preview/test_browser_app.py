"""The application in Chromium: paint, watch, stop, download; wrong files; two visitors; other sites; Ctrl-C and SIGTERM."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from clips import sound_seconds, two_scenes, write_clip
from PIL import Image
from processes import PROGRAM, free_port, interruptible_process

from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.write import write_picture

pytest.importorskip("gradio", reason="needs the extra `app` (Gradio)")


@contextmanager
def served(temporary, ending: signal.Signals) -> Iterator[str]:
    """The application's address with its token; then a signal, which leaves nothing behind, not even of who is painting."""
    port = free_port()
    command = [*PROGRAM, "app", "--port", str(port), "--no-browser"]
    surroundings = {**os.environ, "TMPDIR": str(temporary)}
    with interruptible_process(command, env=surroundings, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"stylejax is at http://127.0.0.1:{port}/")
        yield line.split()[3]
        process.send_signal(ending)
        assert process.wait(30) == 128 + ending
    assert not list(temporary.iterdir())


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def address(temporary, browser) -> Iterator[str]:
    with served(temporary, signal.SIGINT) as address:
        yield address


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pictures):
    folder = tmp_path_factory.mktemp("app")
    write_picture(folder / "content.png", pictures[0])
    write_picture(folder / "style.png", pictures[1])
    (folder / "text.png").write_text("no picture")
    with Image.new("1", (8000, 6000)) as large:
        large.save(folder / "large.png")
    with Image.new("1", (20_000, 20_000)) as bomb:
        bomb.save(folder / "bomb.png")
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    return folder


def fill_in(page, address: str, content, style, steps: int = 1_000_000, size: int = 64) -> None:
    page.goto(address)
    page.locator("#content input[type=file]").set_input_files(content)
    page.locator("#styles input[type=file]").set_input_files(style)
    page.locator("#styles img").first.wait_for()
    for label, value in (("number input for Size", size), ("Steps at each scale", steps)):
        page.get_by_label(label).fill(str(value))
        page.keyboard.press("Tab")


def paint(page) -> None:
    page.get_by_role("button", name="Paint", exact=True).click()


def wait_for_status(page, text: str) -> None:
    page.locator("#status").get_by_text(text).wait_for(timeout=150_000)


def test_paint_watch_stop_download(page, address, folder, tmp_path):
    elsewhere = []
    page.on("request", lambda request: elsewhere.append(request.url))
    fill_in(page, address, folder / "content.png", folder / "style.png")
    paint(page)
    wait_for_status(page, "scale 1")
    page.locator("#picture img").wait_for()
    first = page.locator("#picture img").get_attribute("src")
    wait_for(page, lambda: page.locator("#picture img").get_attribute("src") != first)
    page.get_by_role("button", name="Stop and keep").click()
    wait_for_status(page, "stopped")
    with page.expect_download() as download:
        page.locator("#download").click()
    download.value.save_as(tmp_path / "out.png")
    record = read_metadata(tmp_path / "out.png")
    assert record is not None
    assert record["settings"]["size"] == 64
    command = page.locator("#command textarea").input_value()
    assert command == "stylejax stylize content.png style.png -o painted.png --size 64 --iterations 1000000"
    assert [url for url in elsewhere if not url.startswith((address.partition("?")[0], "data:", "blob:"))] == []


def button(page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def wait_for(page, true) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


WRONG = {
    "text.png": "text.png is not a picture",
    "large.png": "large.png has 8000×6000 pixels",
    "bomb.png": "bomb.png is too large",
    "photo.heic": "photo.heic is a HEIC picture",
}


def test_a_message_disappears_when_the_input_is_corrected_and_only_usable_buttons_are_active(page, address, folder):
    page.goto(address)
    message = page.locator("#message")
    message.get_by_text("click an example").wait_for()
    assert not button(page, "Paint").is_enabled()
    assert not button(page, "Stop and keep").is_enabled()
    page.locator("#styles input[type=file]").set_input_files(folder / "style.png")
    for name, expected in WRONG.items():
        page.locator("#content input[type=file]").set_input_files(folder / name)
        message.get_by_text(expected).wait_for()
        assert not button(page, "Paint").is_enabled()
        page.locator("#content").get_by_role("button", name="Remove Image").click()
        message.get_by_text("click an example").wait_for()
    page.locator("#content input[type=file]").set_input_files(folder / "content.png")
    wait_for(page, lambda: message.inner_text() == "")
    assert button(page, "Paint").is_enabled()
    page.get_by_role("spinbutton", name="Content weight").fill("-1")
    page.keyboard.press("Tab")
    message.get_by_text("content_weight").wait_for()
    page.get_by_role("spinbutton", name="Content weight").fill("1")
    page.keyboard.press("Tab")
    wait_for(page, lambda: message.inner_text() == "")
    page.get_by_role("spinbutton", name="Size").fill("64")
    page.get_by_label("Steps at each scale").fill("1000000")  # so that it is not over before it is stopped
    page.keyboard.press("Tab")
    paint(page)
    wait_for(page, lambda: button(page, "Stop and keep").is_enabled())
    assert not button(page, "Paint").is_enabled()
    wait_for_status(page, "scale 1")
    button(page, "Stop and keep").click()
    wait_for_status(page, "stopped")
    wait_for(page, lambda: button(page, "Paint").is_enabled())
    assert not button(page, "Stop and keep").is_enabled()


def test_an_example_is_one_click(page, address):
    page.goto(address)
    page.locator("#examples img").nth(1).click()
    wait_for(page, lambda: button(page, "Paint").is_enabled())
    assert "coffee" in page.locator("#content img").get_attribute("src")
    assert page.locator("#styles img").count() >= 1


def test_other_sites_can_neither_look_nor_upload(page, address, temporary):
    """By name (DNS rebinding), by a page in the same browser that has the application's cookie, or without the token."""
    plain, _, token = address.partition("?token=")
    files = {"files": ("own.png", b"x")}
    own = {"Origin": plain.rstrip("/")}
    for path in ("", "config", "gradio_api/info", "gradio_api/startup-events", "theme.css"):
        assert requests.get(f"{plain}{path}", timeout=20).status_code == 403
        rebound = {"Host": "elsewhere.example"}
        assert requests.get(f"{plain}{path}?token={token}", headers=rebound, timeout=20).status_code == 403
    upload = f"{plain}gradio_api/upload"
    assert requests.post(upload, files=files, headers=own, timeout=20).status_code == 403
    upload += f"?token={token}"
    for wrong in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Host": "elsewhere.example"}, {}):
        assert requests.post(upload, files=files, headers=wrong, timeout=20).status_code == 403
    assert requests.post(upload, files=files, headers=own, timeout=20).status_code == 200
    page.goto(address)  # which leaves its cookie in the browser
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        for name in ("localhost", "127.0.0.1"):  # another site, and another port of the same
            page.goto(f"http://{name}:{elsewhere.server_port}/")
            page.evaluate(
                """url => { const form = new FormData(); form.append("files", new Blob(["x"]), "stolen.png");
                return fetch(url, { method: "POST", mode: "no-cors", body: form, credentials: "include" })
                .catch(() => {}); }""",
                upload.partition("?")[0],
            )
        elsewhere.shutdown()
    assert list(temporary.rglob("own.png"))
    assert not list(temporary.rglob("stolen.png"))


class Elsewhere(BaseHTTPRequestHandler):
    """Another page in the same browser."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>elsewhere")

    def log_message(self, *arguments):
        pass


def test_a_signal_ends_it_while_somebody_paints_and_nothing_is_left(browser, folder, tmp_path):
    with served(tmp_path, signal.SIGTERM) as address:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        fill_in(page, address, folder / "content.png", folder / "style.png")
        paint(page)
        wait_for_status(page, "scale 1")
        assert list(tmp_path.rglob("content.png"))
        page.close()


def test_two_visitors_take_turns_and_one_who_leaves_makes_room(page, browser, address, folder):
    fill_in(page, address, folder / "content.png", folder / "style.png")
    paint(page)
    wait_for_status(page, "scale 1")
    other = browser.new_page()
    other.set_default_timeout(60_000)
    fill_in(other, address, folder / "content.png", folder / "style.png", steps=5)
    paint(other)
    other.locator("#picture").get_by_text("queue: 1/1").wait_for()
    assert "scale" not in other.locator("#status").inner_text()
    page.close()
    wait_for_status(other, "finished")
    other.close()


def test_a_region_that_is_drawn_reaches_the_run(page, address, folder):
    fill_in(page, address, folder / "content.png", folder / "style.png", steps=5)
    page.get_by_role("button", name="Regions").click()
    canvas = page.locator("#drawn canvas").first
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.5, steps=5)
    with page.expect_request_finished(lambda request: "component_server" in request.url):
        page.mouse.up()
    paint(page)  # refused at once, with a single style: painting is what `test_app` does
    page.get_by_text("got a drawn region and 1 styles").first.wait_for()


@pytest.mark.slow
def test_a_clip_is_painted_and_plays(page, address, folder):
    for package in ("av", "cv2"):
        pytest.importorskip(package, reason="the extra `video` is not installed")
    write_clip(folder / "waves.mp4", [frame.pixels for frame in two_scenes(3)[:3]], sound=True)
    page.goto(address)
    page.get_by_role("tab", name="Clip").click()
    page.locator("#clip-message").get_by_text("Give a clip and at least one style.").wait_for()
    page.locator("#clip input[type=file]").set_input_files(folder / "waves.mp4")
    page.locator("#clip-styles input[type=file]").set_input_files(folder / "style.png")
    page.locator("#clip-styles img").first.wait_for()
    page.get_by_role("spinbutton", name="Size").fill("64")
    page.get_by_role("textbox", name="Steps at each scale").fill("6")
    page.keyboard.press("Tab")
    wait_for(page, lambda: button(page, "Paint").is_enabled())
    paint(page)
    page.locator("#clip-status").get_by_text("finished · 3 frames").wait_for(timeout=150_000)
    wait_for(page, lambda: page.locator("#clip-result video").evaluate("video => video.videoWidth") == 64)
    command = page.locator("#clip-command textarea").input_value()
    assert command == "stylejax video waves.mp4 style.png -o painted.mp4 --size 64 --iterations 6 --preview 2"
    with page.expect_download() as download:
        page.locator("#clip-download").click()
    assert sound_seconds(download.value.path()) > 0.2
