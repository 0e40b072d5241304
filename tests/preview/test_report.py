"""Reports: the command repeats the run, names are harmless, nothing comes from outside, curves lie where they should."""

import dataclasses
import math
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tyro
from hypothesis import given, settings
from hypothesis import strategies as some
from objectives import SHALLOW

import stylejax
from stylejax.cli.flags.stylize import Stylize
from stylejax.cli.main import main
from stylejax.cli.parsing.sections import REGISTRY
from stylejax.errors import StylejaxError
from stylejax.images.io.write import write_picture
from stylejax.preview.command import repeat_command
from stylejax.preview.curves import curves_svg
from stylejax.settings.recipes import RECIPES
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import write_weights

NASTY = "<img onerror=alert(1) src=x>&'`$(x).png"
FAST = {"size": 48, "smallest_size": 24, "iterations": 6, **SHALLOW}


class Page(HTMLParser):
    """Every tag of a page with its attributes, and all of its text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def result(tiny_model, pictures):
    return stylejax.stylize(*pictures, model=tiny_model, **FAST)


@pytest.fixture
def reported(result, pictures, tmp_path):
    """The page of a run whose pictures have a nasty name."""
    for folder, pixels in zip(("content", "style"), pictures, strict=True):
        write_picture(tmp_path / folder / NASTY, pixels)
    content, style = tmp_path / "content" / NASTY, tmp_path / "style" / NASTY
    command = repeat_command(content, [style], "out.png", result.settings)
    path = stylejax.write_report(tmp_path / "out.html", result, content, [style], command=command, seconds=1.25)
    return path.read_text()


@pytest.mark.slow
def test_names_from_outside_are_text_and_nothing_else(reported):
    page = Page(reported)
    assert NASTY in page.text
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert all((attributes["src"] or "").startswith("data:image/") for tag, attributes in page.tags if tag == "img")


def test_a_report_loads_nothing_from_elsewhere(reported):
    page = Page(reported)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed")
        assert not {"href", "srcset", "data", "background"} & set(attributes)
        assert tag != "script" or attributes == {}
    policy = next(attributes["content"] for tag, attributes in page.tags if attributes.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "url(" not in reported


def test_a_report_says_how_the_picture_was_made(reported, result):
    page = Page(reported)
    rows = re.findall(r"<tr><th>(\w+)</th><td>(.*?)</td>", reported)
    assert ("size", "48") in rows
    assert ("content_weight", f"{Settings().content_weight:g}") in rows
    assert ("seconds", "1.2") in rows
    assert f"{result.trace[-1]['total']:.4g}" in page.text
    assert page.tags.count(("path", {"class": "tv", "d": page_path(reported, "tv")})) == 1
    changed = reported[: reported.index("All settings")]
    assert f"<th>iterations</th><td>6</td><td>{Settings().iterations}</td>" in changed
    assert "<th>pooling</th>" not in changed


def page_path(html: str, term: str) -> str:
    match = re.search(rf'<path class="{term}" d="([^"]*)"', html)
    assert match
    return match[1]


def test_opacity_is_shown(tiny_model, pictures, tmp_path):
    content, style = pictures
    faded = np.concatenate([content, np.full((48, 64, 1), 0.5, np.float32)], -1)
    result = stylejax.stylize(faded, style, model=tiny_model, **FAST)
    html = stylejax.write_report(tmp_path / "out.html", result, faded, [style]).read_text()
    assert html.count("data:image/png;base64,") == 3  # before, after and content; the style is opaque


def test_a_report_is_refused_before_the_work(tmp_path, result, pictures):
    for path, expected in ((tmp_path / "out.png", "html"), (Path("/dev/null/out.html"), "cannot be written")):
        with pytest.raises(StylejaxError, match=expected):
            stylejax.write_report(path, result, *pictures)


@pytest.mark.slow
def test_the_command_line_writes_a_report_whose_command_paints_the_same(tmp_path, monkeypatch, pictures, tiny_weights, capsys):
    monkeypatch.chdir(tmp_path)
    write_picture("my content.png", pictures[0])
    write_picture("style.png", pictures[1])
    write_weights(Path("tiny.safetensors"), tiny_weights)
    arguments = ["my content.png", "style.png", "-o", "out.png", "--model", "tiny.safetensors", "--size", "48"]
    with pytest.raises(SystemExit) as done:
        main(
            [
                "stylize",
                *arguments,
                "--iterations",
                "3",
                "--recipe",
                "udacity",
                "--no-normalize-gradients",
                "--padding",
                "replicate",
                "--report",
                "out.html",
            ]
        )
    assert not done.value.code
    assert "look at out.html" in capsys.readouterr().out
    html = Path("out.html").read_text()
    command = Page(html[html.index('<pre id="command">') : html.index("</pre>")]).text
    first = Path("out.png").read_bytes()
    Path("out.png").unlink()
    with pytest.raises(SystemExit):
        main(shlex.split(command)[1:])
    assert Path("out.png").read_bytes() == first


def test_a_bad_report_path_costs_no_time(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["stylize", "missing.png", "missing.png", "-o", str(tmp_path / "o.png"), "--report", str(tmp_path / "o.txt")])
    assert stopped.value.code == 2
    assert ".html" in capsys.readouterr().err


@pytest.mark.slow
@given(
    recipe=some.sampled_from(list(RECIPES)),
    changes=some.fixed_dictionaries(
        {},
        optional={
            "size": some.integers(1, 65535) | some.just("native"),
            "content_weight": some.floats(0, 1e12),
            "learning_rate": some.floats(1e-9, 1e3),
            "style_blend": some.sampled_from(["", "0.7,0.3", "1,2,3"]),
            "clamp": some.booleans(),
            "normalize_gradients": some.booleans(),
            "init": some.text(some.characters(blacklist_categories=["Cs", "Cc"]), min_size=1),
            "optimizer": some.sampled_from(["adam", "l-bfgs"]),
        },
    ),
    names=some.lists(some.text(some.characters(blacklist_categories=["Cs", "Cc"]), min_size=1), min_size=2, max_size=4),
)
@settings(max_examples=40)
def test_the_command_is_read_back_as_the_same_run(recipe, changes, names):
    wanted: Settings = dataclasses.replace(RECIPES[recipe], **changes)
    content, *styles = names
    words = shlex.split(repeat_command(content, styles, "-o.png", wanted, content_masks=["-m.png"], bits=16))
    read = tyro.cli(Stylize, default=Stylize.of_recipe(recipe), args=words[2:], registry=REGISTRY)
    assert read.settings == wanted
    assert [read.content, *read.styles] == [Path(name) for name in names]
    assert (read.output, read.content_mask, read.bits) == (Path("-o.png"), (Path("-m.png"),), 16)


def record(scale: int, step: int, **losses: float) -> dict:
    return {"scale": scale, "width": 40, "height": 30, "step": step, "content": 0, "style": 0, "tv": 0, **losses}


def points(svg: str, term: str) -> list[list[tuple[float, float]]]:
    """The pieces of a curve."""
    pieces = page_path(svg, term).removeprefix("M").split("M")
    return [[tuple(map(float, p.split()[0].split(","))) for p in piece.split(" L")] for piece in pieces]  # pyright: ignore


def test_curves_are_straight_where_losses_fall_exponentially():
    svg = curves_svg([record(1, step, total=2.0**-step) for step in range(9)])
    ElementTree.fromstring(svg)
    (line,) = points(svg, "total")
    xs, ys = np.array(line).T
    np.testing.assert_allclose(np.diff(xs), 1000 / 9, atol=0.11)
    np.testing.assert_allclose(np.diff(ys), (ys[-1] - ys[0]) / 8, atol=0.11)
    assert 'class="content"' not in svg  # zero everywhere


def test_a_curve_has_a_piece_for_each_scale_and_none_where_it_is_not_positive_or_not_finite():
    losses = [0.0, 3.0, 2.0, math.nan, 1.0]
    records = [record(scale, step, total=loss) for scale in (1, 2) for step, loss in enumerate(losses)]
    svg = curves_svg(records)
    assert [len(piece) for piece in points(svg, "total")] == [2, 1, 2, 1]
    assert svg.count("<rect") == 2


def test_long_runs_are_thinned_and_keep_their_peaks():
    losses = np.full(50_000, 1.0)
    losses[31_234] = 9.0
    svg = curves_svg([record(1, step, total=loss) for step, loss in enumerate(losses)])
    (line,) = points(svg, "total")
    assert len(line) < 700
    x, y = min(line, key=lambda point: point[1])
    assert x == pytest.approx(1000 * 31_234.5 / 50_000, abs=0.1)
    assert y < 100


def test_curves_without_steps_are_empty():
    assert "<path" not in curves_svg([])
    assert "<path" not in curves_svg([record(1, 0, total=0.0)])
