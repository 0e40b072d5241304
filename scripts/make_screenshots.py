"""Take screenshots of the application and of a report for the documentation, with headless Chromium.

    pip install -e '.[app,browser,demo]'
    python scripts/make_screenshots.py town.jpg wave.jpg -o docs

Writes `app.jpg` and `report.jpg`. The default pictures are scikit-image's cat and a sample style of stylejax. Takes about two
minutes on two CPU cores, and needs Chromium (`apt-get install chromium`).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import tyro
from PIL import Image
from playwright.sync_api import sync_playwright

from stylejax.images.io.write import write_picture
from stylejax.samples import demo_photograph, paint_waves

_STYLEJAX = [sys.executable, "-c", "from stylejax.cli.main import main; main()"]
_TIMEOUT = 5 * 60_000
"""Timeout of a run, in milliseconds."""


@dataclass(frozen=True)
class Screenshots:
    """Take screenshots of the application with a finished picture, and of a report."""

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

    def _save(self, png: bytes, name: str) -> None:
        with Image.open(BytesIO(png)) as picture:
            picture.convert("RGB").save(self.output / name, quality=85)
        print(self.output / name)


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
