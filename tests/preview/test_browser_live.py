"""The live page in Chromium: it shows the picture change, its buttons work, tabs come and go, it stays of use at the end."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image
from processes import PROGRAM, STEPWISE, interruptible_process, rest_of_output

from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

COPY_IS_READY = "() => document.querySelector('#copy').href.startsWith('blob:')"


@pytest.fixture
def run(tmp_path, pictures, tiny_weights, browser):
    """Start a run; gives its process and the address of its page."""
    write_picture(tmp_path / "<b>content.png", pictures[0])
    write_picture(tmp_path / "style.png", pictures[1])
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)

    @contextmanager
    def run(*more: str, steps: int = 1_000_000, program=PROGRAM) -> Iterator[tuple[subprocess.Popen, str]]:
        command = [*program, "stylize", "<b>content.png", "style.png", "-o", "out.png", "--model", "tiny.safetensors"]
        command += ["--size", "64", "--iterations", str(steps), "--live", "--json", *more]
        with interruptible_process(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            rest = rest_of_output(process)
            yield process, url
            rest.result()  # until it ends

    return run


def version(page) -> int:
    """Which thumbnail is shown."""
    match = re.search(r"picture/\d+\?(\d+)", page.locator("#picture").get_attribute("src"))
    return int(match[1]) if match else 0


def eventually(page, true) -> None:
    """Wait until `true()`; Playwright's own `wait_for_function` needs an eval, which the page's policy forbids."""
    for _ in range(900):
        if true():
            return
        page.wait_for_timeout(100)
    pytest.fail("waited in vain")


def has_settled(page, name: str) -> bool:
    """Whether a text stays as it is."""
    before = page.locator(name).inner_text()
    page.wait_for_timeout(600)
    return page.locator(name).inner_text() == before


def wait_for_picture(page, after: int) -> None:
    eventually(page, lambda: version(page) > after)


def wait_for_status(page, status: str) -> None:
    page.wait_for_selector(f'#status[data-status="{status}"]')


def paint_now(process: subprocess.Popen, page) -> None:
    """Let a process of `STEPWISE` begin when its page is there, so that it cannot be over before."""
    assert process.stdin is not None
    wait_for_status(page, "starting")
    process.stdin.close()


def test_watch_pause_save_stop_and_keep(run, page, tmp_path):
    with run() as (process, url):
        page.goto(url)
        assert page.get_by_role("heading", level=1).inner_text() == "<b>content.png in the style of style.png"
        wait_for_picture(page, 0)
        wait_for_picture(page, version(page))
        page.wait_for_selector("#curves path.total")
        page.get_by_role("button", name="Pause").focus()
        page.keyboard.press("Enter")
        wait_for_status(page, "paused")
        assert page.evaluate("document.activeElement.textContent") == "Resume"  # another key goes on
        eventually(page, lambda: has_settled(page, "#facts"))  # the steps in flight are finished
        with page.expect_download() as download:
            page.get_by_role("link", name="Save a copy").click()
        download.value.save_as(tmp_path / "copy.png")
        page.get_by_role("button", name="Resume").press("Enter")
        wait_for_status(page, "painting")
        second = page.context.new_page()
        second.goto(url)  # a second tab that comes late sees the same
        wait_for_picture(second, 0)
        second.close()  # and is closed: the run goes on
        wait_for_picture(page, version(page))
        page.get_by_role("button", name="Stop and keep").click()
        wait_for_status(page, "stopped")
        assert str(tmp_path / "out.png") in page.locator("#message").inner_text()
        eventually(page, lambda: page.evaluate(COPY_IS_READY))
    assert process.wait(20) == 130
    record = read_metadata(tmp_path / "copy.png")
    assert record is not None
    assert "step" in record["taken at"]
    with Image.open(tmp_path / "copy.png") as copy, Image.open(tmp_path / "out.png") as kept:
        assert copy.size == kept.size == (64, 48)


def test_the_page_stays_of_use_when_the_command_has_ended(run, page, tmp_path):
    with run(steps=30, program=STEPWISE) as (process, url):
        page.goto(url)
        paint_now(process, page)
        wait_for_status(page, "finished")
    assert process.wait(20) == 0
    assert str(tmp_path / "out.png") in page.locator("#message").inner_text()
    eventually(page, lambda: page.evaluate(COPY_IS_READY))
    eventually(page, lambda: page.evaluate("() => document.querySelector('#picture').naturalWidth") == 64)
    assert page.locator("#progress").evaluate("bar => bar.value") == 1
    assert page.get_by_role("button", name="Stop and keep").is_disabled()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save a copy").click()
    with Image.open(download.value.path()) as copy, Image.open(tmp_path / "out.png") as kept:
        assert copy.tobytes() == kept.tobytes()


def test_another_site_can_neither_look_nor_act(run, page):
    with run() as (process, url):
        address = url.partition("?")[0]
        page.goto(url)  # which leaves the page's cookie in the browser
        page.route("https://elsewhere.example/", lambda route: route.fulfill(content_type="text/html", body="<p>elsewhere"))
        page.goto("https://elsewhere.example/")
        page.evaluate("url => fetch(url, { method: 'POST', mode: 'no-cors' }).catch(() => {})", f"{address}stop")
        assert (
            page.evaluate(
                """url => new Promise(done => { const image = new Image(); image.onload = () => done("seen");
               image.onerror = () => done("refused"); image.src = url + "given/0"; })""",
                address,
            )
            == "refused"
        )
        assert process.poll() is None
        page.goto(url)
        wait_for_picture(page, 0)
        wait_for_picture(page, version(page))  # nobody stopped it
        page.get_by_role("button", name="Stop and keep").click()
        wait_for_status(page, "stopped")
        page.close()


def test_eight_tabs_watch_one_run(run, page):
    """A browser opens six connections to one address, and a stream holds one."""
    with run() as (process, url):
        tabs = [page, *(page.context.new_page() for _ in range(7))]
        for tab in tabs:
            tab.goto(url)
            wait_for_picture(tab, 0)
        tabs[3].close()
        tabs[4].reload()
        for tab in (tabs[0], tabs[4], tabs[7]):
            wait_for_picture(tab, version(tab))
        tabs[6].get_by_role("button", name="Stop and keep").click()
        for tab in tabs:
            if tab is not tabs[3]:
                wait_for_status(tab, "stopped")
                eventually(tab, lambda tab=tab: tab.evaluate(COPY_IS_READY))
    assert process.wait(20) == 130


def test_a_browser_without_shared_workers_watches_all_the_same(run, page):
    page.add_init_script("delete window.SharedWorker")
    with run(steps=30, program=STEPWISE) as (process, url):
        page.goto(url)
        paint_now(process, page)
        wait_for_status(page, "finished")
        eventually(page, lambda: page.evaluate(COPY_IS_READY))
    assert process.wait(20) == 0


def test_a_wrong_token_shows_nothing(run, page):
    with run("--live-host", "0.0.0.0") as (process, url):
        local = "http://127.0.0.1:" + url.split(":")[-1]
        address, _, token = local.partition("?token=")
        answer = page.goto(f"{address}?token={token[:-1]}x")
        assert answer.status == 403
        assert page.locator("img").count() == 0
        page.goto(local)
        assert page.url == address
        wait_for_picture(page, 0)
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("button", name="Stop and keep").click()
        wait_for_status(page, "stopped")
        page.close()
    assert process.wait(20) == 130
