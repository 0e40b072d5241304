"""Outputs that would be one file, or whose files and folders conflict, are bad rows; links and case count, too."""

import pytest

from stylejax.batch.input.output_names import RESERVED
from stylejax.batch.input.table import BadRowsError, rows_of
from stylejax.files.folder import Folder


def refused(outputs, folder=None) -> list[str]:
    cells = [(number, {"content": "c.png", "style": ["s.png"], "output": name}) for number, name in enumerate(outputs, 1)]
    try:
        rows, problems = rows_of(cells, {}, output=folder, skip_bad=True)
    except BadRowsError as problem:
        return [failure.reason for _, failure in problem.problems]
    assert len(rows) + len(problems) == len(outputs)
    return [failure.reason for _, failure in problems]


@pytest.mark.parametrize(
    "outputs",
    [
        ("q.png", "q.png"),
        ("q.png", "./q.png"),
        ("q.png", "q.png/y.png"),
        ("q.png/y.png", "q.png"),
        ("q.png", "q.png.json/deep/y.png"),
        ("q.png.json/y.png", "q.png"),
        ("a/b.png/c/d.png", "a/b.png"),
    ],
)
def test_a_file_is_of_one_row_and_no_folder_of_another(tmp_path, outputs):
    for folder in (None, Folder(tmp_path), Folder("memory://out")):
        (reason,) = refused(outputs, folder)
        assert "line 1" in reason
        assert outputs[1].removeprefix("./") in reason


@pytest.mark.parametrize(
    "name",
    [
        *RESERVED,
        *(name.upper() for name in RESERVED),
        "contact_sheet.jpg/a.png",
        "failures.jsonl/a.png",
        "Failures.jsonl/b/a.png",
        ".stylejax-claims/a.png",
        "a/.stylejax-x.tmp/a.png",
        ".Stylejax-Claims.png",
    ],
)
def test_names_of_the_runs_own_files_are_refused(name):
    assert len(refused([name, "fine.png"])) == 1


def test_the_runs_names_are_free_in_folders_of_their_own():
    assert refused(["a/contact_sheet.jpg", "a/failures.jsonl.png", "failures.jsonl.png", "contact_sheet.png"]) == []


def test_two_names_of_one_file_through_links_are_one(tmp_path):
    (tmp_path / "d1").mkdir()
    (tmp_path / "d2").symlink_to("d1")
    (tmp_path / "d3").symlink_to("later")  # which is not there yet
    (tmp_path / "e.png").symlink_to("d1/x.png")
    folder = Folder(tmp_path)
    assert len(refused(["d1/a.png", "d2/a.png"], folder)) == 1
    assert len(refused(["later/a.png", "d3/a.png"], folder)) == 1
    assert len(refused(["d1/x.png", "e.png"], folder)) == 1
    assert len(refused(["d2/x.png/a.png", "e.png"], folder)) == 1
    assert refused(["d1/a.png", "d2/b.png", "d3/a.png", "e.png"], folder) == []
    assert not (tmp_path / "later").exists()


CASES = [
    ("q.png", "Q.png"),
    ("Ä/q.png", "ä/q.png"),
    ("é.png", "É.png"),
    ("q.png", "Q.PNG/y.png"),
    ("a.png.json/b.png", "A.png"),
]


@pytest.mark.parametrize("outputs", CASES)
def test_case_counts_where_the_file_system_respects_it(tmp_path, monkeypatch, outputs):
    folder = Folder(tmp_path / "not" / "there")
    assert refused(outputs, folder) == []  # Linux
    assert refused(outputs, Folder("memory://out")) == []
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("stylejax.files.same_file._is_same", lambda folder, name, other: True)
    assert len(refused(outputs, folder)) == 1
    assert len(refused([*outputs, "other.png"], folder)) == 1
