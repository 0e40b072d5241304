"""Every command: an error is one line, and the results so far are kept."""

import fcntl
import json
import os
import signal
import subprocess
import termios
from pathlib import Path

import pytest
from objectives import SHALLOW_FLAGS
from processes import PROGRAM, interruptible_process, restore_signals

from stylejax.cli.main import main
from stylejax.cli.parsing import commands
from stylejax.images.io.read import read_picture
from stylejax.run.scales import Scale

TINY = ["--model", "tiny.safetensors", "--size", "48", "--smallest-size", "24", *SHALLOW_FLAGS]


@pytest.fixture
def run(folder, monkeypatch, run):
    """Runs the command in the folder."""
    monkeypatch.chdir(folder)
    return run


def raising(problem: BaseException):
    def fail(*_, **__):
        raise problem

    return fail


@pytest.mark.parametrize(
    ("problem", "code", "expected"),
    [
        (OSError(28, "No space left on device", "/tmp/x"), 2, "/tmp/x: No space left on device; make room"),
        (PermissionError(13, "Permission denied", "/proc/x"), 2, "/proc/x: Permission denied"),
        (MemoryError(), 2, "not enough memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory\nallocating 3"), 2, "not enough memory"),
        (ZeroDivisionError("division\nby zero"), 1, "a bug in stylejax, please report it: ZeroDivisionError: division by zero"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)  # fmt: skip
def test_anything_that_a_command_raises_is_one_line(run, monkeypatch, problem, code, expected):
    monkeypatch.setattr(commands, "run", raising(problem))
    ended, out, err = run("info")
    assert (ended, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("stylejax: ")
    assert expected in err


def test_a_bug_shows_where_it_is_to_who_asks(monkeypatch):
    monkeypatch.setattr(commands, "run", raising(ZeroDivisionError()))
    monkeypatch.setenv("STYLEJAX_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["info"])


def fail_at_the_third_chunk(monkeypatch):
    chunks, run = [], Scale.run

    def fails(scale, states, rates, count):
        chunks.extend([count] if count else [])
        if len(chunks) == 3:
            raise RuntimeError("the device is gone")
        return run(scale, states, rates, count)

    monkeypatch.setattr(Scale, "run", fails)


@pytest.mark.slow
def test_a_bug_in_the_middle_keeps_the_picture_and_the_state(run, folder, monkeypatch):
    fail_at_the_third_chunk(monkeypatch)
    flags = ["--iterations", "20", "-o", "kept.png", "--checkpoint", "state", "--trace", "kept.jsonl"]
    code, out, err = run("stylize", "content.png", "style.png", *TINY, *flags)
    assert (code, err.count("\n")) == (1, 1)
    assert "RuntimeError: the device is gone" in err
    assert "stopped; what there was is in kept.png; the same command resumes from state" in out
    assert len(Path("kept.jsonl").read_text().splitlines()) == 20
    assert read_picture("kept.png").pixels.shape == (18, 24, 3)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    code, out, _ = run("stylize", "content.png", "style.png", *TINY, *flags)
    assert code == 0
    assert "going on from state: scale 1, step 20" in out


@pytest.mark.slow
def test_a_bug_in_the_middle_of_a_sweep_keeps_all_pictures(run, monkeypatch):
    fail_at_the_third_chunk(monkeypatch)
    flags = [*TINY, "--smallest-size", "48", "--iterations", "20", "--batch-size", "1", "-o", "swept"]
    code, _, err = run("sweep", "content.png", "style.png", *flags, "--style-weight", "1,2")
    assert (code, err.count("\n")) == (1, 1)
    records = [json.loads(line) for line in Path("swept/sweep.jsonl").read_text().splitlines()]
    assert len(records) == 1
    assert len(list(Path("swept").glob("00*.png"))) == 1
    assert Path("swept/contact_sheet.png").exists()


@pytest.mark.slow
def test_ctrl_c_while_modules_are_imported_is_one_word(tmp_path):
    (tmp_path / "jax.py").write_text(
        "import time\n"
        "print('importing', flush=True)\n"
        "while True:\n"
        "    try:\n"
        "        time.sleep(60)\n"
        "    except BaseException:  # as C extensions turn it into something else\n"
        "        pass\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    words = ["stylize", "a.png", "b.png", "-o", "c.png"]
    for number in (signal.SIGINT, signal.SIGTERM):
        with interruptible_process(
            [*PROGRAM, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None and process.stdout.readline() == "importing\n"
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (128 + number, "", "stylejax: stopped\n")


@pytest.mark.slow
def test_the_run_continues_when_nobody_reads_its_output(folder, tmp_path):
    """`--json | head -1`, and then a full disk under everything that is printed."""
    flags = [*TINY, "--iterations", "30", "-o", str(tmp_path / "out.png"), "--json"]
    command = [*PROGRAM, "stylize", "content.png", "style.png", *flags]
    with interruptible_process(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["event"] == "progress"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0
    assert (tmp_path / "out.png").exists()
    pictures = ["--content", "content.png", "--style", "style.png", "-o", str(tmp_path / "b")]
    arguments = ["batch", *pictures, *TINY, "--iterations", "3"]
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([*PROGRAM, *arguments], cwd=folder, stdout=full, stderr=full, timeout=120).returncode == 0
    assert (tmp_path / "b/content-style.png").exists()


def take_the_terminal() -> None:
    """To be run in a new process: standard input is its terminal, which ends it by a signal when it goes away."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    restore_signals()


@pytest.mark.slow
def test_a_terminal_that_goes_away_stops_the_run_and_keeps_its_state(folder, tmp_path):
    flags = [*TINY, "--iterations", "1000000", "-o", str(tmp_path / "out.png"), "--checkpoint", str(tmp_path / "state")]
    command = [*PROGRAM, "stylize", "content.png", "style.png", *flags]
    ours, terminal = os.openpty()
    streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal, "start_new_session": True}
    with interruptible_process(command, cwd=folder, preexec_fn=take_the_terminal, **streams) as process:
        os.close(terminal)
        seen = b""
        while b"step " not in seen:
            seen += os.read(ours, 4096)
        os.close(ours)
        assert process.wait(60) == 129
    assert (tmp_path / "out.png").exists()
    assert any((tmp_path / "state").rglob("state"))
