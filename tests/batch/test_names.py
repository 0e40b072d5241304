"""Names of files with any characters: existing ones are accepted, new ones are checked, and all are printable."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylejax.batch.input.output_names import sidecar_name
from stylejax.batch.input.patterns import matched
from stylejax.batch.input.table import BadRowsError, rows_of
from stylejax.errors import StylejaxError
from stylejax.files.file_names import check_length, checked_name, printable, result_name
from stylejax.files.folder import Folder

ODD = [
    *map(os.fsdecode, (b"caf\xe9", b"\xff\xfe", b"a\nb", b"a\x1b[31mb", b"\x01", b"back\\slash", b" lead", b"trail ")),
    *("~", "~me", "~root", "a:b", "4:3", "c:", "-o", "photo [1]", "[", "a;b", "100%", "a'b\"c", "日本", "\u202egnp", "a.."),
    "?*",
]  # fmt: skip


def found(tmp_path: Path, names: list[str], pattern: str = "*", folder: Folder | None = None) -> list:
    """The rows of all the files `names`, painted in one style."""
    for name in names:
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    (tmp_path / "wave.jpg").touch()
    folder = folder or Folder(tmp_path / "out")
    cells = matched([f"{tmp_path}/photos/{pattern}"], [f"{tmp_path}/wave.jpg"], "cross", ".png", folder)
    return rows_of(cells, {}, check=lambda row: folder.check_file(sidecar_name(row.output)))[0]


def test_whatever_a_found_file_is_called_it_is_a_row_and_its_result_lies_in_the_folder(tmp_path):
    names = [*(f"{name}.jpg" for name in ODD), *ODD, *(f"{name}/inner.jpg" for name in ODD if name not in ODD[-1:])]
    for name in ODD:
        (tmp_path / "photos" / name).parent.mkdir(exist_ok=True)
    files = [name for name in names if "/" in name or name not in ODD] + ["plain"]
    rows = found(tmp_path, files, "**/*")
    assert {row.content for row in rows} == {f"{tmp_path}/photos/{name}" for name in files}
    assert len({row.output.casefold() for row in rows}) == len(rows)
    folder = Folder(tmp_path / "out")
    for row in rows:
        folder.write(row.output, b"1")
        assert folder.read(row.output) == b"1"
        assert printable(row.output).encode().decode().isprintable()


def test_names_that_are_no_utf_8_stay_on_disk_and_are_escaped_in_a_bucket(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    assert found(tmp_path, [name])[0].output == os.fsdecode(b"caf\xe9-wave.png")
    assert found(tmp_path, [name], folder=Folder("memory://out"))[0].output == "caf%E9-wave.png"
    assert printable(name) == "caf\\xe9.jpg"


@given(st.text(st.characters(codec=None, exclude_characters="\0/"), min_size=1, max_size=40), st.booleans())
def test_every_name_that_a_file_has_becomes_one_that_is_allowed(text, utf8):
    try:
        os.fsencode(text)
    except UnicodeEncodeError:  # no file is called so
        return
    name = result_name(f"{text}-style.png", utf8=utf8)
    assert checked_name(name) == name
    if utf8:
        name.encode()
    printable(name).encode()
    assert "\n" not in printable(name) and "\x1b" not in printable(name)


def test_a_place_that_exists_is_that_file_and_not_a_pattern(tmp_path, monkeypatch):
    for name in ("photo [1].jpg", "photo 1.jpg", "set [a]/x.jpg", "set a/x.jpg", "what?.jpg", "whats.jpg", "~/x.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wave.jpg").touch()

    def contents(*patterns):
        cells = matched(patterns, ["wave.jpg"], "cross", ".png", Folder("out"))
        return [(row.content, row.output) for row in rows_of(cells, {})[0]]

    assert contents("photo [1].jpg") == [("photo [1].jpg", "photo [1]-wave.png")]
    assert contents("set [a]/*.jpg") == [("set [a]/x.jpg", "x-wave.png")]
    assert contents("what?.jpg") == [("what?.jpg", "what?-wave.png")]
    assert contents("photo [12].jpg") == [("photo 1.jpg", "photo 1-wave.png")]
    assert contents("~/*.jpg") == [("~/x.jpg", "x-wave.png")]
    assert contents("**/x.jpg")[-1] == ("~/x.jpg", "%7E/x-wave.png")
    with pytest.raises(StylejaxError, match=r"set a is a folder; name what is in it, such as 'set a/\*.jpg'"):
        contents("set a")


def test_results_that_would_have_one_name_have_two(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("1/x.jpg", "2/x.jpg", "3/a.jpg", "3/a-b.jpg", "s/c.jpg", "s/b-c.jpg", "t/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    patterns = ["1/*.jpg", "2/*.jpg", "3/*.jpg", "3/a*.jpg"]
    rows, _ = rows_of(matched(patterns, ["s/*.jpg", "t/*.jpg"], "cross", ".png", Folder("out")), {})
    assert len(rows) == len({row.output for row in rows}) == 4 * 3
    assert len({(row.content, row.styles) for row in rows}) == 4 * 3


LONG = "long " * 60


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 252 + ".png", "takes 261 bytes"),  # with .json
        ("x" * 247 + ".png", "takes 256 bytes"),
        ("日" * 84 + ".png", "takes 261 bytes"),
        (f"{'y' * 256}/x.png", "takes 256 bytes"),
        ("/".join(["z" * 200] * 21) + "/x.png", "4095 are allowed"),
        ("a\ud800.png", "no file name can have"),
        ("a\nb.png", "control characters"),
        ("a\x7f.png", "control characters"),
        ("a\\b.png", r"write 'a/b.png'"),
        ("~/b.png", "absolute"),
        ("C:/b.png", "absolute"),
    ],
)
def test_names_that_no_file_can_have_are_bad_rows_and_cost_no_other(tmp_path, name, message):
    folder = Folder(tmp_path / "out")
    cells = [(n, {"content": "a.png", "style": "s.png", "output": each}) for n, each in enumerate(["good.png", name], start=2)]
    check = {"check": lambda row: folder.check_file(sidecar_name(row.output))}
    with pytest.raises(BadRowsError, match="1 bad rows") as refused:
        rows_of(cells, {}, **check)
    ((number, failure),) = refused.value.problems
    assert number == 3
    assert message in failure.reason
    assert str(refused.value).count("\n") == 1
    str(refused.value).encode()
    rows, left_out = rows_of(cells, {}, skip_bad=True, **check)
    assert [row.output for row in rows] == ["good.png"]
    assert [number for number, _ in left_out] == [3]


@settings(max_examples=100)
@given(st.lists(st.text("ab日é%", min_size=1, max_size=300), min_size=1, max_size=6))
def test_what_fits_can_be_written(tmp_path_factory, parts):
    folder = Folder(tmp_path_factory.mktemp("fits"))
    name = "/".join(parts)
    try:
        folder.check_file(name)
    except StylejaxError as problem:
        assert "bytes" in str(problem)
        return
    folder.write(name, b"1")


def test_names_in_a_bucket_are_utf_8_and_of_its_length():
    check_length("x" * 1024, None)
    for name in ("x" * 1025, os.fsdecode(b"\xe9.png")):
        with pytest.raises(StylejaxError):
            check_length(name, None)
