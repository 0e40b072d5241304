"""The report of many pictures: names are harmless, links lead to files, large batches are sampled, failures are shown."""

import base64
import dataclasses
import shlex
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import tyro
from objectives import SHALLOW_FLAGS
from PIL import Image

from stylejax.batch.options import BatchOptions
from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec, RowFailure
from stylejax.cli.batch import Batch
from stylejax.cli.main import main
from stylejax.cli.parsing.sections import REGISTRY
from stylejax.cli.parsing.sweep_values import Values
from stylejax.cli.sweep import Sweep
from stylejax.files.folder import Folder
from stylejax.images.io.write import write_picture
from stylejax.images.sheet import evenly_spaced
from stylejax.preview.command import UNREPEATED, repeat_many
from stylejax.preview.grid import MAX_FAILURES, MAX_PICTURES, Cell, batch_cells, write_grid
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import write_weights

NASTY = "<img src=x onerror=alert(1)>.jpg"
FAST = ["--model", "tiny.safetensors", "--size", "32", "--smallest-size", "32", "--iterations", "3", *SHALLOW_FLAGS]


class Page(HTMLParser):
    """Every tag of a page with its attributes, its links, and all of its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._folder = "", path.parent
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def images(self) -> list[str]:
        return [attributes["src"] or "" for tag, attributes in self.tags if tag == "img"]

    def linked(self) -> list[Path]:
        """The files that the links lead to, as a browser follows them."""
        links = [attributes["href"] or "" for tag, attributes in self.tags if tag == "a"]
        return [self._folder / unquote(link.partition("#")[0].partition("?")[0]) for link in links]


@pytest.fixture
def folder(tmp_path, pictures, tiny_weights, monkeypatch) -> Path:
    content, style = pictures
    write_picture(tmp_path / "photos" / NASTY, content)
    write_picture(tmp_path / "photos" / "b #1?.png", content[::-1])
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    write_picture(tmp_path / "style.png", style)
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, *FAST, "--quiet"])
    return int(stopped.value.code or 0)


@pytest.mark.slow
def test_a_batch_with_hostile_names_and_a_failure(folder):
    arguments = ["batch", "--content", "photos/*", "--style", "style.png", "-o", "out", "--report", "pages/all.html"]
    assert run(*arguments) == 3
    first = Page(Path("pages/all.html"))
    assert run(*arguments) == 3  # nothing is left to do, and the page still tells of all
    for page in (first, Page(Path("pages/all.html"))):
        name = NASTY.removesuffix(".jpg") + "-style.png"
        assert name in page.text
        assert not any("onerror" in attributes for _, attributes in page.tags)
        assert len(page.images()) == 2
        assert all(source.startswith("data:image/jpeg;base64,") for source in page.images())
        assert {path.resolve() for path in page.linked()} == {
            (folder / "out" / each).resolve() for each in (name, "b #1?-style.png")
        }
        assert "broken-style.png" in page.text and "not a picture" in page.text
        assert "2 painted" in page.text and "1 failed" in page.text
        policy = next(attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv"))
        assert policy and policy.startswith("default-src 'none'") and "unsafe" not in policy


@pytest.mark.slow
def test_a_sweep_shows_what_differs_and_what_is_the_same(folder):
    grid = ["--style-weight", "1,10", "--tv-weight", "3,4"]
    assert run("sweep", f"photos/{NASTY}", "style.png", "-o", "out", "--report", "out/sweep.html", *grid) == 0
    page = Page(Path("out/sweep.html"))
    assert len(page.linked()) == 4 and all(path.is_file() for path in page.linked())
    assert len(page.images()) == 6  # and the content and the style
    assert page.text.count("total loss") == 4
    assert "columns-2" in Path("out/sweep.html").read_text()
    assert "the pictures differ in style_weight, tv_weight" in page.text
    assert f"'photos/{NASTY}'" in page.text  # the command quotes it
    assert not any("onerror" in attributes for _, attributes in page.tags)


@pytest.mark.parametrize("command", ["sweep", "batch"])
def test_a_report_that_cannot_be_written_is_told_before_any_work(folder, capsys, command):
    inputs = ["photos/b #1?.png", "style.png"] if command == "sweep" else ["--content", "photos/b*", "--style", "style.png"]
    assert run(command, *inputs, "-o", "out", "--report", "page.txt") == 2
    assert "must be a file named .html" in capsys.readouterr().err
    assert not Path("out").exists()
    if command == "batch":
        assert run(command, *inputs, "-o", "memory://bucket", "--report", "page.html") == 2
        assert "leave out --report" in capsys.readouterr().err


@pytest.mark.slow
def test_many_pictures_are_sampled_evenly_and_the_page_stays_small(tmp_path):
    y, x = np.mgrid[0:300, 0:300].astype(np.float32)
    rng = np.random.default_rng(0)
    busy = (0.5 + 0.4 * np.sin(x / 3 + y / 5))[..., None] + 0.03 * rng.standard_normal((300, 300, 3))
    write_picture(tmp_path / "busy.png", np.clip(busy, 0, 1).astype(np.float32))
    cells = [Cell(f"picture {number}", picture=tmp_path / "busy.png", settings=Settings()) for number in range(451)]
    failed = [Cell(f"bad {number}", failure="it is bad") for number in range(MAX_FAILURES + 7)]
    path = write_grid(tmp_path / "all.html", [*cells, *failed, Cell("to come")], title="many", columns=3)
    page = Page(path)
    assert len(page.linked()) == MAX_PICTURES
    assert "picture 0" in page.text and "picture 450" in page.text
    assert f"These are {MAX_PICTURES} of 451 pictures" in page.text
    assert page.text.count("it is bad") == MAX_FAILURES and "and 7 more." in page.text
    assert "1 picture is not painted yet." in page.text
    assert 'columns-3"' not in path.read_text()  # a sample has no rows to keep
    assert path.stat().st_size < 6e6


@pytest.mark.parametrize(("count", "most"), [(0, 3), (3, 3), (4, 3), (201, 200), (399, 200), (1000, 7)])
def test_a_sample_is_even(count, most):
    sample = evenly_spaced(range(count), most)
    assert len(sample) == min(count, most)
    if count:
        assert (sample[0], sample[-1]) == (0, count - 1)
    steps = np.diff(sample)
    assert not len(steps) or (steps.min() >= 1 and steps.max() - steps.min() <= 1)


def test_a_picture_that_is_gone_is_told_in_its_place(tmp_path):
    page = Page(write_grid(tmp_path / "all.html", [Cell("a", picture=tmp_path / "gone.png", settings=Settings())], title="one"))
    assert "gone.png does not exist" in page.text
    assert page.images() == []


def test_a_picture_that_is_not_whole_says_so_and_is_in_the_list(tmp_path):
    write_picture(tmp_path / "a.png", np.zeros((8, 8, 4), np.float32)[..., :3], alpha=np.zeros((8, 8), np.float32))
    cell = Cell("a", picture=tmp_path / "a.png", settings=Settings(), failure="stopped being finite")
    page = Page(write_grid(tmp_path / "all.html", [cell], title="one"))
    assert page.text.count("stopped being finite") == 2
    assert "0 painted" in page.text and "1 failed" in page.text
    data = base64.b64decode(page.images()[0].partition(",")[2])
    assert np.asarray(Image.open(BytesIO(data))).min() > 250  # what is transparent lies on white


def test_cells_of_a_batch_tell_what_differs_between_rows(tmp_path):
    rows = [JobSpec(n, "c.png", ("a/s.png", "t.png"), f"{n}.png", Settings(style_weight=n)) for n in (1, 2)]
    store = Store(Folder(tmp_path / "out"))
    store.fail(rows[1], RowFailure("read", "it rains"))
    first, second = batch_cells(rows, store)
    assert first.facts == {"style": "s.png, t.png", "style_weight": "1"}
    assert (first.picture, first.failure, second.failure) == (None, "", "it rains")


def test_commands_are_read_back_as_the_same_run():
    swept = Sweep(Path("-c.png"), (Path("a b.png"),), Path("out"), Values(style_weight="-1,2", init="x y"), batch_size=3)
    words = shlex.split(repeat_many("sweep", [swept.content, *swept.styles], swept, without=("content", "styles", *UNREPEATED)))
    assert tyro.cli(Sweep, args=words[2:], registry=REGISTRY) == swept
    settings = Settings(size=64, style_weight=2.0)
    painted = Batch(
        "out",
        settings,
        options=BatchOptions(content=("-a*", "b"), style=("c",), pair="zip", batch_size=2, skip_bad=True, bits=16),
    )
    words = shlex.split(repeat_many("batch", [], painted, without=("jobs", *UNREPEATED)))
    read = tyro.cli(Batch, default=Batch.of_recipe("stylejax"), args=words[2:], registry=REGISTRY)
    assert read.options == dataclasses.replace(painted.options, content=("./-a*", "b"))
    assert (read.settings, read.output) == (settings, "out")
