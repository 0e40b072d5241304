"""A file of lines that many processes add to and tidy: no line is lost or doubled by kills or a full disk."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylejax.files import lock
from stylejax.files.bounded_read import UnsuitableFileError
from stylejax.files.folder import Folder, FolderError
from stylejax.files.lines import Tail, append_line, rewrite_lines

posix = pytest.mark.skipif(os.name != "posix", reason="locks as POSIX has them")

ADD = """
import json, sys
from pathlib import Path
from stylejax.files.lines import append_line
for number in range(int(sys.argv[2])):
    append_line(Path("lines"), json.dumps({"by": sys.argv[1], "number": number, "more": "x" * 3000}).encode() + b"\\n")
    print(number, flush=True)
"""
TIDY = """
import json
from pathlib import Path
from stylejax.files.lines import rewrite_lines
def without_odd_ones(data):
    lines = data.splitlines(keepends=True)
    return b"".join(line for line in lines if line.endswith(b"}\\n") and json.loads(line)["number"] % 2 == 0)
while not Path("enough").exists():
    if Path("lines").exists():
        rewrite_lines(Path("lines"), without_odd_ones)
without_odd_ones(Path("lines").read_bytes())
rewrite_lines(Path("lines"), without_odd_ones)
"""


@pytest.fixture
def start(tmp_path, started):
    """Starts a program with arguments."""

    def call(program: str, *arguments: str) -> subprocess.Popen:
        return started([sys.executable, "-c", program, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    return call


def found(path: Path) -> list[tuple[str, int]]:
    return sorted((line["by"], line["number"]) for line in map(json.loads, path.read_text().splitlines()))


@posix
def test_what_many_processes_add_while_others_tidy_is_all_there_once(tmp_path, start):
    adding = [start(ADD, name, "60") for name in "abcd"]
    tidying = [start(TIDY) for _ in range(2)]
    assert [process.wait(120) for process in adding] == [0] * 4
    (tmp_path / "enough").touch()
    assert [process.wait(120) for process in tidying] == [0] * 2
    assert found(tmp_path / "lines") == [(name, number) for name in "abcd" for number in range(0, 60, 2)]


@posix
def test_what_was_added_before_a_kill_stays_and_the_next_line_is_not_glued_to_a_fragment(tmp_path, start):
    said = []
    for name in "abcdef":
        process = start(ADD, name, "100000")
        process.stdout.readline()
        time.sleep(random.Random(name).uniform(0, 0.1))
        process.kill()
        said += [(name, number) for number in range(len(process.communicate(timeout=60)[0].splitlines()) + 1)]
    with (tmp_path / "lines").open("ab") as file:
        file.write(b'{"by": "fragm')
    assert start(ADD, "z", "1").wait(60) == 0
    lines = (tmp_path / "lines").read_text().splitlines()
    whole = [line for line in lines if line.endswith("}")]
    assert lines[-2].endswith('{"by": "fragm')  # after what the last kill left of a line
    assert {(line["by"], line["number"]) for line in map(json.loads, whole)} >= {*said, ("z", 0)}
    assert len(lines) - len(whole) <= 6 + 1  # at most one a kill


FULL = """
import resource, signal, sys
from pathlib import Path
from stylejax.files.lines import append_line
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
for number in range(3):
    try:
        append_line(Path("lines"), b"%d" % number * 4000 + b"\\n")
    except OSError as problem:
        print(problem.errno)
"""


@posix
def test_a_line_that_does_not_fit_leaves_no_part_of_it(tmp_path, start):
    """No file may grow beyond 10,000 bytes: the system takes the beginning of the third line, and refuses the rest."""
    process = start(FULL)
    assert len(process.communicate(timeout=60)[0].splitlines()) == 1
    assert (tmp_path / "lines").read_bytes() == b"0" * 4000 + b"\n" + b"1" * 4000 + b"\n"


@posix
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_ordinary_file_is_not_added_to(tmp_path, make):
    make(tmp_path / "lines")
    with pytest.raises(UnsuitableFileError):
        append_line(tmp_path / "lines", b"1\n")
    with pytest.raises(UnsuitableFileError):
        rewrite_lines(tmp_path / "lines", lambda data: b"")


@posix
@pytest.mark.parametrize("number", ["ENOLCK", "ENOSYS", "ENOTSUP"])
def test_without_locks_lines_are_added_and_never_taken_away(tmp_path, monkeypatch, number):
    def refused(*_):
        raise OSError(getattr(__import__("errno"), number), number)

    monkeypatch.setattr(lock.fcntl, "flock", refused)
    folder = Folder(tmp_path)
    folder.append("lines", b"1\n")
    folder.append("lines", b"2\n")
    with pytest.raises(FolderError, match="has no locks"):
        folder.change("lines", lambda data: b"")
    assert folder.read("lines") == b"1\n2\n"


def test_a_tail_tells_what_is_new_and_sees_that_a_file_was_changed(tmp_path):
    path, tail = tmp_path / "lines", Tail()
    path.write_bytes(b"first\nsecond\n")
    assert tail.read(path) == (b"first\nsecond\n", True)
    assert tail.read(path) == (b"", False)
    append_line(path, b"third\n")
    with path.open("ab") as file:
        file.write(b"half")
    assert tail.read(path) == (b"third\nhalf", False)
    assert tail.read(path) == (b"half", False)
    path.write_bytes(b"first\nthird\nfourth, as long as the file was before\n")
    assert tail.read(path) == (path.read_bytes(), True)
    path.write_bytes(b"first\n")
    assert tail.read(path) == (b"first\n", True)
    path.write_bytes(b"")
    assert tail.read(path) == (b"", True)
