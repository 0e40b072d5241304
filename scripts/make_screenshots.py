"""Take screenshots of the application, a report and the live page of a clip for the documentation, with headless Chromium.

    pip install -e '.[app,browser,demo,video]'
    python scripts/make_screenshots.py town.jpg wave.jpg -o docs

Writes `app.jpg`, `report.jpg` and `live.jpg`. The default pictures are scikit-image's cat and a sample style of stylejax; the
clip is drawn. Takes about five minutes on two CPU cores, and needs Chromium (`apt-get install chromium`).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from PIL import Image
from playwright.sync_api import sync_playwright

from stylejax.images.io.write import write_picture
from stylejax.images.resize import resize
from stylejax.samples import demo_photograph, paint_waves
from stylejax.samples.camera import draw_clip
from stylejax.video.media.clip import ClipFrame
from stylejax.video.media.encode import VideoFormat, encoding

_STYLEJAX = [sys.executable, "-c", "from stylejax.cli.main import main; main()"]
CLIP_SIDE = 320
"""Long side of the clip, in pixels."""
SHOWN_FRAMES = 12
"""Finished frames on the live page."""
_TIMEOUT = 5 * 60_000
"""Timeout of a run, in milliseconds."""


@dataclass(frozen=True)
class Screenshots:
    """Take screenshots of the application with a finished picture, of a report, and of the live page of a clip."""

    content: tyro.conf.Positional[Path | None] = None
    """The photograph."""

    style: tyro.conf.Positional[Path | None] = None
    """The painting."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("docs")
    """Folder for the screenshots."""

    size: int = 384
    """Long side of the result, in pixels."""

    def run(self) -> None:
        """Run both and take the screenshots."""
        with tempfile.TemporaryDirectory() as folder, _chromium() as browser:
            content, style = self.content or Path(folder) / "cat.png", self.style or Path(folder) / "waves.png"
            if self.content is None:
                write_picture(content, demo_photograph())
            if self.style is None:
                write_picture(style, paint_waves(512, 512))
            page = browser.new_page(viewport={"width": 1240, "height": 940})
            page.set_default_timeout(_TIMEOUT)
            self._save(self._report(page, Path(folder), content, style), "report.jpg")
            self._save(self._app(page, content, style), "app.jpg")
            self._save(self._live(page, Path(folder), style), "live.jpg")

    def _report(self, page: Any, folder: Path, content: Path, style: Path) -> bytes:
        report = folder / "report.html"
        paths = [str(content), str(style), "-o", str(folder / "painted.png"), "--report", str(report)]
        subprocess.run([*_STYLEJAX, "stylize", *paths, "--size", str(self.size), "--quiet"], check=True)
        page.goto(report.as_uri())
        return page.screenshot()

    def _app(self, page: Any, content: Path, style: Path) -> bytes:
        command = [*_STYLEJAX, "app", "--port", "0", "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as app:
            assert app.stdout is not None
            page.goto(app.stdout.readline().decode().split()[3])  # stylejax is at ADDRESS
            page.locator("#content input[type=file]").set_input_files(content)
            page.locator("#styles input[type=file]").set_input_files(style)
            page.locator("#styles img").first.wait_for()
            page.get_by_role("spinbutton", name="Size").fill(str(self.size))
            page.keyboard.press("Tab")
            page.get_by_role("button", name="Paint", exact=True).click()
            page.locator("#status").get_by_text("finished").wait_for()
            page.evaluate("window.scrollTo(0, 0)")
            page.wait_for_timeout(1000)
            picture = page.screenshot()
            app.send_signal(signal.SIGINT)
        return picture

    def _live(self, page: Any, folder: Path, style: Path) -> bytes:
        clip = _draw_clip(folder / "coffee.mp4")
        command = [*_STYLEJAX, "video", str(clip), str(style), "-o", str(folder / "painted.mp4"), "--size", str(CLIP_SIDE)]
        with subprocess.Popen([*command, "--live", "--no-browser", "--json"], stdout=subprocess.PIPE) as run:
            assert run.stdout is not None
            page.goto(json.loads(run.stdout.readline())["url"])
            for line in run.stdout:
                event = json.loads(line)
                if event["frame"] > SHOWN_FRAMES and event["step"] < event["steps"]:
                    break
            page.wait_for_timeout(1500)
            picture = page.screenshot()
            run.send_signal(signal.SIGINT)
            run.stdout.read()
        return picture

    def _save(self, png: bytes, name: str) -> None:
        with Image.open(BytesIO(png)) as picture:
            picture.convert("RGB").save(self.output / name, quality=85)
        print(self.output / name)


def _draw_clip(path: Path) -> Path:
    """A clip of a camera over a photograph, with a disk that moves."""
    height, width = 9 * CLIP_SIDE // 16, CLIP_SIDE
    scene = resize(demo_photograph("coffee"), int(1.7 * height), int(1.7 * width))
    disk = resize(demo_photograph(), height, width)
    with encoding(path, VideoFormat(height, width, Fraction(12), Fraction(1, 12))) as encoder:
        for number, frame in enumerate(draw_clip(scene, disk, height=height, width=width, frames=SHOWN_FRAMES + 6)):
            encoder.write(ClipFrame(Fraction(number, 12), np.rint(255 * frame.pixels).astype(np.uint8)))
        encoder.finish(Fraction(SHOWN_FRAMES + 6, 12))
    return path


@contextmanager
def _chromium() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("Chromium is not installed; the screenshots need it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


if __name__ == "__main__":
    tyro.cli(Screenshots, description=__doc__).run()
