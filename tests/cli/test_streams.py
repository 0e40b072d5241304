"""Output that cannot be printed: the run continues and keeps its exit code."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import interruptible_process

PRELUDE = "from stylejax.cli.terminal.streams import make_streams_unfailing; make_streams_unfailing()\n"
MANY = (
    PRELUDE
    + """
import sys, logging
from rich.console import Console
for number in range(2000):
    Console().print("line", number)
    print("plain", number, flush=True)
    print("error", number, file=sys.stderr)
logging.error("logged")
open("done", "w").close()
sys.exit(3)
"""
)


def run(program: str, folder: Path, **streams) -> int:
    return subprocess.run([sys.executable, "-c", program], cwd=folder, timeout=60, **streams).returncode


@contextlib.contextmanager
def nobody_reads():
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@contextlib.contextmanager
def full_disk():
    with Path("/dev/full").open("wb") as full:
        yield full


@contextlib.contextmanager
def lost_terminal():
    master, slave = os.openpty()
    os.close(master)
    yield slave
    os.close(slave)


@pytest.mark.slow
@pytest.mark.parametrize("broken", [nobody_reads, full_disk, lost_terminal])
@pytest.mark.parametrize("which", [("stdout",), ("stderr",), ("stdout", "stderr")], ids=" ".join)
def test_a_stream_that_fails_falls_silent(tmp_path, broken, which):
    with broken() as stream:
        assert (
            run(MANY, tmp_path, **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | dict.fromkeys(which, stream))
            == 3
        )
    assert (tmp_path / "done").exists()


def test_a_full_disk_under_standard_output_is_told_once(tmp_path):
    with full_disk() as stream:
        result = subprocess.run([sys.executable, "-c", MANY], cwd=tmp_path, stdout=stream, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 3
    assert result.stderr.count("standard output cannot be written: No space left on device; the run continues") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_what_is_closed_from_the_start_is_no_file_of_ours(tmp_path, closed):
    program = MANY.replace("for number", "mine = open('mine', 'w')\nfor number")
    (tmp_path / "program.py").write_text(program)
    command = f"{sys.executable} program.py {closed}"
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, timeout=60, capture_output=True).returncode == 3
    assert (tmp_path / "done").exists()
    assert (tmp_path / "mine").read_bytes() == b""  # it did not get the number of a standard stream


def test_what_an_encoding_lacks_is_spelled_out(tmp_path):
    program = PRELUDE + "print('48×36', '\\udcff.png', flush=True)"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, timeout=60)
    assert (result.returncode, result.stdout) == (0, b"48\\xd736 \\udcff.png\n")


def test_a_pipe_that_does_not_block_loses_nothing(tmp_path):
    program = PRELUDE + "for number in range(30000): print(number)"
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with interruptible_process([sys.executable, "-c", program], stdout=writing) as process:
        os.close(writing)
        with os.fdopen(reading) as lines:
            assert [int(line) for line in lines] == list(range(30000))
        assert process.wait(20) == 0
