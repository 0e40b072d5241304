"""The documentation: its examples run, its links resolve, and its pages build without warnings."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW
from places import ROOT

import stylejax
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "weights/README.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_resolve(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|mailto:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
def test_the_training_loop_trains():
    names = {}
    for block in python_blocks(DOCS / "howto" / "training-loop.md"):
        exec(block, names)
    assert names["losses"][-1] < 0.9 * names["losses"][0]
    assert np.isfinite(names["losses"]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["quickstart.md", "howto/many.md", "howto/optimizers.md", "howto/colors.md", "howto/regions.md"]
)
def test_the_examples_stylize_and_save(page, tmp_path, monkeypatch, pictures, tiny_model):
    monkeypatch.chdir(tmp_path)
    for name, picture in zip(("town.jpg", "wave.jpg", "scream.jpg", "starry_night.jpg"), pictures + pictures, strict=True):
        write_picture(name, picture)
    small = {"model": tiny_model, "smallest_size": 32, "iterations": 2, **SHALLOW}
    for name in ("stylize", "stylize_batch"):
        original = getattr(stylejax, name)
        monkeypatch.setattr(
            stylejax, name, lambda *a, original=original, **options: original(*a, **{**options, **small, "size": 32})
        )
    blocks = python_blocks(DOCS / page)
    assert blocks
    names = {}
    for block in blocks:
        exec(block, names)
    assert list(tmp_path.glob("painted*.png"))


@pytest.mark.slow
def test_the_example_of_tables_writes_its_outputs(tmp_path, monkeypatch, capsys, pictures, tiny_weights):
    monkeypatch.chdir(tmp_path)
    for name, picture in zip(("town.jpg", "wave.jpg", "scream.jpg"), [*pictures, pictures[1]], strict=True):
        write_picture(name, picture)
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    (block,) = python_blocks(DOCS / "howto" / "batch.md")
    small = 'size=32, smallest_size=32, iterations=2, octaves=1, model="tiny.safetensors"'
    for already in (0, 2):  # repeating the call processes nothing
        exec(block.replace("size=512", small), {})
        first, *lines = capsys.readouterr().out.splitlines()
        assert first == f"{2 - already} to paint, {already} done"
        assert {line.split()[0] for line in lines} == {str(tmp_path / "painted" / name) for name in ("wave.png", "both.jpg")}


class Assets(HTMLParser):
    """Assets that a page loads, and the number of its formulas."""

    def __init__(self, page: Path):
        super().__init__()
        self.loaded: list[str] = []
        self.formulas = 0
        self.feed(page.read_text())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.formulas += tag == "math"
        if tag == "link" and values.get("rel") not in ("next", "prev", "canonical", "search", "index", "author"):
            self.loaded.append(values["href"])
        if tag != "a":
            self.loaded += [values[name] for name in ("src", "srcset", "data", "poster") if values.get(name)]


def test_assets_of_a_page_are_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<a href='https://a'><img src='//b'><link rel=stylesheet href=c><script src=d></script><math></math>")
    assert (Assets(page).loaded, Assets(page).formulas) == (["//b", "c", "d"], 1)


@pytest.mark.slow
def test_the_pages_build_without_warnings(tmp_path):
    for needed in ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx_copybutton"):
        pytest.importorskip(needed, reason="needs the extra `docs`")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path / "html")]
    built = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert built.returncode == 0, built.stderr
    api = (tmp_path / "html" / "api.html").read_text()
    for name in stylejax.__all__:
        assert name in ("StylejaxError", "__version__") or f'id="stylejax.{name}"' in api, f"api.md lacks {name}"
    pages = {page.relative_to(tmp_path / "html").as_posix(): Assets(page) for page in (tmp_path / "html").rglob("*.html")}
    foreign = {name: [place for place in page.loaded if re.match(r"(https?:)?//", place)] for name, page in pages.items()}
    assert {name: places for name, places in foreign.items() if places} == {}
    for sheet in (tmp_path / "html").rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", sheet.read_text()), sheet.name
    cells = [
        cell["source"] for cell in json.loads((DOCS / "tutorial.ipynb").read_text())["cells"] if cell["cell_type"] == "markdown"
    ]
    written = re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", "\n\n".join("".join(lines) for lines in cells), re.DOTALL)
    assert pages["tutorial.html"].formulas == len(written) > 10
    for page in (tmp_path / "html").rglob("*.html"):
        text = page.read_text()
        assert "name not set" not in text, page.name
        assert "MathJax" not in text, page.name
