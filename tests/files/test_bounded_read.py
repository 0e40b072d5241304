"""What lies where a small file should be is an ordinary file of a bounded size, or is refused without being waited for."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stylejax.batch.input.cells import read_table
from stylejax.errors import ImageError, StylejaxError
from stylejax.files.bounded_read import UnsuitableFileError, parse_json, read_bounded
from stylejax.images.proof import soft_proof

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and devices as POSIX has them")


def odd(folder: Path, kind: str, name: str) -> Path:
    """Something that is no ordinary small file."""
    path = folder / name
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "terminal":
        path.symlink_to("/dev/tty")
    else:
        with path.open("wb") as file:
            file.truncate(2**41)  # of holes
    return path


KINDS = ["folder", "pipe", "endless", "terminal", "huge"]


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_an_ordinary_file_of_a_bounded_size_is_read(tmp_path, kind):
    with pytest.raises(UnsuitableFileError, match=r"is a folder|is a device or a pipe|has more than 100 bytes"):
        read_bounded(odd(tmp_path, kind, "note.json"), max_bytes=100)


def test_a_file_of_just_the_bound_is_read_and_a_missing_one_is_told_as_such(tmp_path):
    (tmp_path / "note").write_bytes(b"x" * 100)
    assert read_bounded(tmp_path / "note", max_bytes=100) == b"x" * 100
    with pytest.raises(UnsuitableFileError):
        read_bounded(tmp_path / "note", max_bytes=99)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "gone")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "{", b"\xff", "", "nul"])
def test_what_is_no_json_or_cannot_be_read_is_a_value_error(text):
    with pytest.raises(ValueError, match=r".") as refused:
        parse_json(text)
    assert "\n" not in str(refused.value)


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_profiles_and_tables_are_read_so(tmp_path, kind):
    with pytest.raises(ImageError, match=r"proof .* cannot be read \(it (is|has) "):
        soft_proof(np.zeros((2, 2, 3), np.float32), odd(tmp_path, kind, "press.icc"))
    with pytest.raises(StylejaxError, match=r"cannot be read as a table: it (is|has) "):
        read_table(str(odd(tmp_path, kind, "jobs.jsonl")))


def test_lines_of_a_table_that_are_nested_too_deep_are_bad_rows(tmp_path):
    (tmp_path / "jobs.jsonl").write_text("[" * 100_000 + '\n{"content": "a.png"}\n')
    (first, second) = read_table(str(tmp_path / "jobs.jsonl"))
    assert (first[0], first[1].reason) == (1, "is not JSON: it is nested too deep")
    assert second == (2, {"content": "a.png"})


@pytest.mark.slow
@posix
def test_an_endless_profile_is_refused_on_the_command_line_in_one_line(tmp_path, pictures):
    from stylejax.images.io.write import write_picture

    write_picture(tmp_path / "a.png", pictures[0])
    program = [sys.executable, "-c", "from stylejax.cli.main import main; main()"]
    arguments = ["stylize", "a.png", "a.png", "-o", "out.png", "--size", "56", "--proof", "/dev/zero"]
    ended = subprocess.run([*program, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "proof /dev/zero cannot be read (it is a device or a pipe)" in ended.stderr
