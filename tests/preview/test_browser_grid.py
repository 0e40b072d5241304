"""The report of many pictures in Chromium: a nasty name stays text, a click opens the whole picture, it fits any window."""

from pathlib import Path

import numpy as np
import pytest

from stylejax.images.io.write import write_picture
from stylejax.preview.grid import Cell, write_grid
from stylejax.settings.settings import Settings

NASTY = "<img src=x onerror=alert(1)> 50% #1?.png"


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grid")
    y, x = np.mgrid[0:60, 0:90].astype(np.float32)
    names = [NASTY, *(f"{number}.png" for number in range(5))]
    for name in names:
        write_picture(folder / "painted" / name, np.stack([x / 90, y / 60, 0.5 + 0 * x], -1))
    facts = {"style": NASTY, "style_weight": "10"}
    cells = [Cell(name, facts, Settings(), folder / "painted" / name, 0.5, "tiny") for name in names]
    return write_grid(folder / "pages" / "all.html", [*cells, Cell(NASTY, failure=NASTY)], title=NASTY, columns=6)


def test_a_click_opens_the_whole_picture_and_a_nasty_name_is_text(page, report):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"the page said {dialog.message}"))
    page.goto(report.as_uri())
    page.wait_for_timeout(200)
    assert [url for url in requests if not url.startswith("data:")] == [report.as_uri()]
    assert NASTY in page.get_by_role("heading", level=1).inner_text()
    shown = page.locator(".grid img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert shown == [90] * 6
    page.get_by_role("link", name=NASTY).click()
    page.wait_for_url("**/painted/**")
    assert page.evaluate("document.images[0].naturalWidth") == 90


@pytest.mark.parametrize("width", [360, 900, 1400])
def test_a_grid_fits_any_window(page, report, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    rows = set(
        page.locator(".grid figure").evaluate_all("cells => cells.map(cell => Math.round(cell.getBoundingClientRect().top))")
    )
    assert (len(rows) == 1) == (width > 720)  # six columns where there is room for them
