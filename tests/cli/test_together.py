"""Several processes that execute one command: they paint one picture together, and end together."""

import json
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from processes import PROGRAM, free_address, interruptible_process, with_devices

from stylejax.images.io.read import read_picture

FLAGS = ["--model", "tiny.safetensors", "--size", "48", "--smallest-size", "48", "--octaves", "1"]
FLAGS += ["--content-layers", "relu1_1", "--style-layers", "relu1_1"]
ENDLESS = ["--iterations", "100000", "--json"]


@pytest.fixture
def pair(folder, tmp_path):
    """Starts two processes of one command, in `folder`; their picture is `out.png` in the test's own folder."""
    with ExitStack() as stack:

        def start(*flags: str) -> list[subprocess.Popen]:
            together = ["--split", "picture", "--distributed", "--coordinator", free_address(), "--processes", "2"]
            words = ["stylize", "content.png", "style.png", "-o", str(tmp_path / "out.png"), *FLAGS, *together, *flags]
            options = {"cwd": folder, "env": with_devices(1), "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            commands = ([*PROGRAM, *words, "--process", str(number)] for number in range(2))
            return [stack.enter_context(interruptible_process(command, **options)) for command in commands]

        yield start


def painting(processes: list[subprocess.Popen]) -> None:
    """Wait until both have taken steps."""
    assert processes[0].stdout is not None
    for _ in range(2):
        line = processes[0].stdout.readline()
        assert line, ended(processes)
        assert json.loads(line)["event"] == "progress"


def ended(processes: list[subprocess.Popen]) -> tuple[list[int], list[str], list[str]]:
    """Exit codes, outputs and errors."""
    outputs = [process.communicate(timeout=100) for process in processes]
    return [process.returncode for process in processes], [out for out, _ in outputs], [err for _, err in outputs]


@pytest.mark.slow
def test_two_processes_paint_one_picture_that_the_first_one_shows_and_writes(pair, tmp_path):
    codes, (shown, silent), errors = ended(pair("--iterations", "6"))
    assert (codes, silent, errors) == ([0, 0], "", ["", ""])
    assert "Gloo" not in shown and "the picture is in" in shown
    assert read_picture(tmp_path / "out.png").pixels.shape == (36, 48, 3)


@pytest.mark.slow
def test_ctrl_c_at_one_process_stops_both_after_the_same_step(pair, tmp_path):
    processes = pair(*ENDLESS, "--checkpoint", str(tmp_path / "state"))
    painting(processes)
    processes[1].send_signal(signal.SIGINT)
    codes, (shown, _), errors = ended(processes)
    assert (codes, errors) == ([130, 130], ["", "stylejax: stopped\n"])
    assert json.loads(shown.splitlines()[-1]) == {"event": "stopped", "output": str(tmp_path / "out.png")}
    assert (tmp_path / "out.png").exists() and (tmp_path / "state").exists()


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_other_one_in_one_line_and_keeps_the_picture(pair, tmp_path):
    processes = pair(*ENDLESS)
    painting(processes)
    processes[1].kill()
    codes, _, errors = ended(processes)
    assert codes == [1, -signal.SIGKILL]
    assert errors[0] == "stylejax: process 1: has ended without a message, or does not answer any more\n"
    assert (tmp_path / "out.png").exists()


@pytest.mark.slow
def test_a_killed_first_process_ends_the_other_one_in_one_line(pair):
    processes = pair(*ENDLESS)
    painting(processes)
    processes[0].kill()
    codes, _, errors = ended(processes)
    assert codes == [-signal.SIGKILL, 1]
    assert errors[1] == "stylejax: process 0 has ended without a message, or cannot be reached any more\n"


@pytest.mark.slow
def test_what_one_process_cannot_do_ends_both_in_one_line(pair, tmp_path):
    codes, _, errors = ended(pair("--iterations", "6", "--style-mask", "nowhere.png"))
    assert codes == [2, 2]
    assert [error.count("\n") for error in errors] == [1, 1]
    assert "nowhere.png" in errors[0]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--distributed"], "divide it with --split picture, or share a table"),
        (["--process", "1"], "go with --distributed"),
        (["--distributed", "--split", "picture", "--coordinator", "somewhere"], "it must be host:port, such as 10.0.0.1:8476"),
    ],
)
def test_flags_that_do_not_go_together_are_one_line(run, folder, monkeypatch, flags, message):
    monkeypatch.chdir(folder)
    code, _, error = run("stylize", "content.png", "style.png", "-o", "never.png", *FLAGS, *flags)
    assert (code, error.count("\n")) == (2, 1)
    assert message in error
    assert not Path("never.png").exists()
