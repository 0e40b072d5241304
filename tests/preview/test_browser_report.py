"""The report in Chromium: the slider compares, the settings unfold, a nasty name stays text, nothing is loaded."""

import pytest

import stylejax
from stylejax.images.io.write import write_picture

NASTY = "<img onerror=alert(1) src=x>.png"


@pytest.fixture(scope="module")
def address(tiny_model, pictures, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("report")
    write_picture(folder / NASTY, pictures[0])
    result = stylejax.stylize(*pictures, model=tiny_model, size=48, smallest_size=24, octaves=1, iterations=4)
    return stylejax.write_report(folder / "out.html", result, folder / NASTY, [pictures[1]], command="stylejax 'a b'").as_uri()


def shown_after(page) -> float:
    """Share of the picture's width in which the painted picture is seen."""
    return page.evaluate(
        """() => { const { clipPath, width } = getComputedStyle(document.querySelector(".after"));
             const left = clipPath.match(/inset\\(0px 0px 0px ([\\d.]+)(%|px)?/);
             return 1 - (left[2] === "%" ? left[1] / 100 : left[1] / parseFloat(width)); }"""
    )


def test_the_slider_follows_keys_and_mouse(page, address):
    page.goto(address)
    assert shown_after(page) == pytest.approx(0.5, abs=0.02)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    assert shown_after(page) == pytest.approx(1, abs=0.01)
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    assert shown_after(page) == pytest.approx(0.2, abs=0.15)


def test_nothing_is_requested_and_a_nasty_name_is_text(page, address):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"the page said {dialog.message}"))
    page.goto(address)
    page.wait_for_timeout(200)
    assert [url for url in requests if not url.startswith("data:")] == [address]
    assert NASTY in page.get_by_role("heading", level=1).inner_text()
    page.get_by_text("All settings").click()
    assert page.get_by_role("rowheader", name="content_weight").is_visible()


@pytest.mark.parametrize("width", [360, 1400])
def test_a_report_fits_any_window(page, address, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
