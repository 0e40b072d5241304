"""No output takes the place of an input or of another output: refused in one line before any work, and nothing is touched."""

import json
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW_FLAGS

from stylejax.cli.main import main
from stylejax.errors import StylejaxError
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

FEW = ["--model", "tiny.safetensors", "--size", "48", *SHALLOW_FLAGS, "--iterations", "3"]


@pytest.fixture
def folder(tmp_path, monkeypatch, pictures, tiny_weights) -> Path:
    """A folder to work in, with pictures, a network, links and a table."""
    monkeypatch.chdir(tmp_path)
    for name, picture in zip(("photo", "style"), pictures, strict=True):
        write_picture(f"{name}.png", picture)
    write_picture("mask.png", np.ones((48, 64, 3), np.float32))
    write_picture("painted-scale1-step0002.png", pictures[0])
    write_weights("tiny.safetensors", tiny_weights)
    (tmp_path / "soft.png").symlink_to("photo.png")
    (tmp_path / "hard.png").hardlink_to("photo.png")
    (tmp_path / "later.png").symlink_to("not-there-yet.png")
    (tmp_path / "d1").mkdir()
    (tmp_path / "d2").symlink_to("d1")
    return tmp_path


def refusal(arguments: list[str], folder: Path, capsys) -> str:
    """The line that a command is refused with; nothing in the folder has changed."""

    def tree():
        return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}

    before = tree()
    with pytest.raises(SystemExit) as done:
        main(arguments)
    printed = capsys.readouterr()
    assert done.value.code == 2
    assert not printed.out
    assert printed.err.count("\n") == 1
    assert tree() == before
    return printed.err


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["-o", "same.png", "--trace", "same.png"], "the output same.png and the trace same.png would be one file"),
        (["-o", "same.png", "--trace", "./d1/../same.png"], "would be one file"),
        (["-o", "new.png", "--report", "r.html", "--trace", "r.html"], "would be one file"),
        (["-o", "later.png", "--trace", "not-there-yet.png"], "would be one file"),
        (["-o", "d1/a.png", "--trace", "d2/a.png"], "would be one file"),
        (["-o", "photo.png"], "the output photo.png would overwrite the content"),
        (["-o", "soft.png"], "the output soft.png would overwrite the content"),
        (["-o", "hard.png"], "the output hard.png would overwrite the content"),
        (["-o", "style.png"], "would overwrite the style"),
        (["-o", "new.png", "--trace", "photo.png"], "the trace photo.png would overwrite the content"),
        (["-o", "new.png", "--trace", "tiny.safetensors"], "would overwrite the network"),
        (["-o", "new.png", "--init", "mask.png", "--trace", "mask.png"], "would overwrite the start"),
        (["-o", "mask.png", "--content-mask", "mask.png"], "would overwrite the mask"),
        (["-o", "new.png", "--checkpoint", "new.png"], "would lie in the output new.png"),
        (["-o", "new.png", "--trace", "new.png/trace"], "would lie in the output new.png"),
        (["-o", "c/stylejax-checkpoint/state.png", "--checkpoint", "c"], "would lie in the checkpoint"),
        (["-o", "new.png", "--save-every", "2", "--trace", "new-scale1-step0002.png"], "would be one file"),
        (["-o", "painted.png", "--save-every", "1", "--init", "painted-scale1-step0002.png"], "overwrite the start"),
    ],
)
def test_stylize(folder, capsys, more, expected):
    assert expected in refusal(["stylize", "photo.png", "style.png", *FEW, *more], folder, capsys)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sweep", "o/contact_sheet.png", "photo.png", "-o", "o", "--style-weight", "1,2"], "overwrite the content"),
        (["sweep", "photo.png", "o/sweep.jsonl", "-o", "o"], "overwrite the style"),
        (["sweep", "photo.png", "style.png", "-o", "o", "--init", "noise,o/001-init=noise.png"], "overwrite the start"),
        (["demo", "-o", "o"], "would be one file"),
        (["weights", "convert", "tiny.safetensors", "./tiny.safetensors"], "overwrite the source"),
    ],
)
def test_other_commands(folder, capsys, arguments, expected):
    (folder / "o").mkdir()
    for name in ("contact_sheet.png", "sweep.jsonl", "001-init=noise.png"):
        (folder / "o" / name).write_bytes((folder / "photo.png").read_bytes())
    (folder / "o" / "photograph.png").symlink_to("contact_sheet.png")
    assert expected in refusal(arguments, folder, capsys)


def test_a_table_is_not_taken_for_the_notes_of_failures(folder, capsys):
    (folder / "failures.jsonl").write_text(json.dumps({"content": "photo.png", "style": "style.png"}))
    assert "overwrite the table" in refusal(["batch", "failures.jsonl", "-o", ".", *FEW], folder, capsys)


def test_what_is_apart_is_taken(folder):
    outputs = [
        ("output", "a.png"),
        ("trace", "a.png.jsonl"),
        ("checkpoint", "new/stylejax-checkpoint"),
        ("report", "new/b.html"),
    ]
    check_output_conflicts(outputs, inputs=[("content", "photo.png"), ("style", "photo.png"), ("mask", "not-there.png")])


@pytest.mark.parametrize("other", ["SAME.png", "Same.png/below.png"])
def test_case_counts_where_the_file_system_tells_it_apart(folder, monkeypatch, other):
    outputs = [("output", "same.png"), ("trace", other)]
    check_output_conflicts(outputs)  # Linux
    monkeypatch.setattr("stylejax.files.same_file._is_same", lambda folder, name, other: True)
    with pytest.raises(StylejaxError, match=r"would be one file|would lie in the output same\.png"):
        check_output_conflicts(outputs)
