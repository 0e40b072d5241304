"""The application in Chromium: paint, watch, stop, download; wrong files; two visitors; Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from PIL import Image
from processes import heed_ctrl_c

from stylejax.images.metadata import read_metadata
from stylejax.images.write import write_picture

pytest.importorskip("gradio", reason="needs the extra `app` (Gradio)")


@pytest.fixture(scope="module")
def address(tmp_path_factory, browser) -> Iterator[str]:
    """The application, served until all tests are done; then Ctrl-C, which leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    temporary = tmp_path_factory.mktemp("temporary")
    command = [sys.executable, "-c", "from stylejax.cli.main import main; main()", "app", "--port", str(port), "--no-browser"]
    surroundings = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, env=surroundings, stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.startswith(f"stylejax is at http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}/"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert not list(temporary.glob("stylejax-app-*"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pictures):
    folder = tmp_path_factory.mktemp("app")
    write_picture(folder / "content.png", pictures[0])
    write_picture(folder / "style.png", pictures[1])
    (folder / "text.png").write_text("no picture")
    with Image.new("1", (8000, 6000)) as large:
        large.save(folder / "large.png")
    return folder


def fill_in(page, address: str, content, style, steps: int = 1000, size: int = 64) -> None:
    page.goto(address)
    page.locator("#content input[type=file]").set_input_files(content)
    page.locator("#styles input[type=file]").set_input_files(style)
    page.locator("#styles img").first.wait_for()
    for label, value in (("Size", size), ("Steps at each scale", steps)):
        page.get_by_role("spinbutton", name=label).fill(str(value))
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
    deadline = time.monotonic() + 30
    while page.locator("#picture img").get_attribute("src") == first and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert page.locator("#picture img").get_attribute("src") != first
    page.get_by_role("button", name="Stop and keep").click()
    wait_for_status(page, "stopped")
    with page.expect_download() as download:
        page.locator("#download").click()
    download.value.save_as(tmp_path / "out.png")
    record = read_metadata(tmp_path / "out.png")
    assert record is not None
    assert record["settings"]["size"] == 64
    command = page.locator("#command textarea").input_value()
    assert command == "stylejax stylize content.png style.png -o painted.png --size 64 --iterations 1000"
    assert [url for url in elsewhere if not url.startswith((address, "data:", "blob:"))] == []


@pytest.mark.parametrize(("name", "told"), [("text.png", "no picture"), ("large.png", "8000×6000")])
def test_wrong_files_are_refused_in_words(page, address, folder, name, told):
    fill_in(page, address, folder / "content.png", folder / name) if name == "large.png" else page.goto(address)
    if name == "text.png":
        page.locator("#content input[type=file]").set_input_files(folder / name)
        page.locator("#styles input[type=file]").set_input_files(folder / "style.png")
        page.locator("#styles img").first.wait_for()
    paint(page)
    page.get_by_text(told).first.wait_for()


def test_two_visitors_take_turns_and_one_who_leaves_makes_room(page, browser, address, folder):
    fill_in(page, address, folder / "content.png", folder / "style.png", size=256)  # long enough for another to come
    paint(page)
    wait_for_status(page, "scale 1")
    other = browser.new_page()
    other.set_default_timeout(20_000)
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
    page.mouse.up()
    page.wait_for_timeout(500)
    paint(page)  # refused at once, with a single style: painting is what `test_app` does
    page.get_by_text("a region was drawn, and there are 1 styles").first.wait_for()
