"""One rule for every path that somebody gives: `~` is a home, an empty one is an error of one line; found names stay."""

from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW, SHALLOW_FLAGS

import stylejax
from stylejax.batch.input.table import rows_of
from stylejax.cli.main import main
from stylejax.errors import StylejaxError
from stylejax.files.folder import Folder
from stylejax.files.user_paths import user_path
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

FEW = ["--size", "48", *SHALLOW_FLAGS, "--iterations", "1", "--quiet"]


@pytest.fixture
def home(tmp_path, monkeypatch, pictures, tiny_weights) -> Path:
    """A home with pictures and a network, and a folder elsewhere to work in."""
    home = tmp_path / "home"
    home.mkdir()
    for name, picture in zip(("photo", "style"), pictures, strict=True):
        write_picture(home / f"{name}.png", picture)
    write_picture(home / "mask.png", np.ones((8, 8, 3)) * (np.arange(8) < 4)[:, None])
    write_weights(home / "tiny.safetensors", tiny_weights)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(home))
    return home


def code_of(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return done.value.code


@pytest.mark.slow
def test_a_home_is_found_by_every_flag(home):
    outputs = ["-o", "~/out/t.png", "--trace", "~/out/t.jsonl", "--report=~/out/t.html", "--checkpoint", "~/out/state"]
    inputs = [
        *("--content-mask", "~/mask.png"),
        *("--style-mask", "~/mask.png"),
        "--init",
        "~/photo.png",
        "--model=~/tiny.safetensors",
    ]
    assert code_of(["stylize", "~/photo.png", "~/style.png", *outputs, *inputs, *FEW]) == 0
    assert sorted(path.name for path in (home / "out").iterdir()) == ["t.html", "t.jsonl", "t.png"]
    assert not list(Path().iterdir())


def test_a_home_is_found_by_a_table(home):
    cells = {"content": "~/photo.png", "style": "~/style.png", "init": "~/photo.png", "model": "~/tiny.safetensors"}
    ((row,), _) = rows_of([(2, cells)], {}, folder="tables")
    assert [row.content, *row.styles] == [str(home / "photo.png"), str(home / "style.png")]
    assert (row.settings.init, row.settings.model) == (str(home / "photo.png"), str(home / "tiny.safetensors"))


@pytest.mark.slow
def test_a_home_is_found_by_a_pattern_but_not_in_what_it_found(home):
    Path("~").mkdir()
    for name in ("~/photo.png", "~root.png"):
        Path(name).write_bytes((home / "photo.png").read_bytes())
    patterns = ["--content", "*/*.png", "~root.*", "--style", "~/st*.png", "--model", "~/tiny.safetensors"]
    assert code_of(["batch", *patterns, "-o", "~/two", *FEW]) == 0
    names = {path.relative_to(home / "two").as_posix() for path in (home / "two").rglob("*.png")}
    assert names == {"%7E/photo-style.png", "~root-style.png"}


@pytest.mark.slow
def test_a_home_is_found_by_the_library(home, tiny_model, tmp_path):
    checkpoint = stylejax.Checkpoint("~/state")
    assert checkpoint.folder == home / "state"
    result = stylejax.stylize(
        "~/photo.png", Path("~/style.png"), model=tiny_model, init="~/photo.png", size=48, iterations=1, **SHALLOW
    )
    assert result.save("~/t.png") == home / "t.png"
    assert stylejax.write_report("~/t.html", result, "~/photo.png", ["~/style.png"]) == home / "t.html"
    assert stylejax.load_model("~/tiny.safetensors").spec.name == "tiny"
    assert not list(Path().iterdir())


def test_a_user_who_is_not_there_is_a_name(home):
    assert user_path("~nobody-of-this-name/a.png") == Path("~nobody-of-this-name/a.png")
    assert user_path("a/~/b.png") == Path("a/~/b.png")


@pytest.mark.parametrize(
    "arguments",
    [
        ["stylize", "", "~/style.png", "-o", "t.png"],
        ["stylize", "~/photo.png", "", "-o", "t.png"],
        ["stylize", "~/photo.png", "~/style.png", "-o", ""],
        *(
            ["stylize", "~/photo.png", "~/style.png", "-o", "t.png", flag, ""]
            for flag in ("--trace", "--checkpoint", "--report")
        ),
        *(
            ["stylize", "~/photo.png", "~/style.png", "-o", "t.png", flag, ""]
            for flag in ("--content-mask", "--init", "--model")
        ),
        ["sweep", "~/photo.png", "~/style.png", "-o", ""],
        ["batch", "--content", "~/photo.png", "--style", "~/style.png", "-o", ""],
        ["demo", "-o", ""],
        ["weights", "convert", "", "t.safetensors"],
        ["weights", "convert", "~/tiny.safetensors", ""],
        ["weights", "verify", ""],
    ],
)
def test_an_empty_path_is_an_error_of_one_line(home, capsys, arguments):
    assert code_of(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "empty" in printed.err
    assert not list(Path().iterdir())


@pytest.mark.slow
def test_an_empty_path_is_an_error_in_the_library(tiny_model, pictures):
    result = stylejax.stylize(*pictures, model=tiny_model, size=48, iterations=1, **SHALLOW)
    for use in (
        lambda: stylejax.Checkpoint(""),
        lambda: Folder(""),
        lambda: result.save(""),
        lambda: stylejax.stylize("", pictures[1]),
        lambda: stylejax.write_report("", result, *pictures),
        lambda: user_path("a\0b"),
        lambda: user_path("\ud800"),
    ):
        with pytest.raises(StylejaxError, match=r"empty|characters"):
            use()
