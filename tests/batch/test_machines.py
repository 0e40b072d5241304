"""The flags for where a batch runs: shares of a Slurm array, two processes that find each other, workers on Ray."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from objectives import SHALLOW_FLAGS
from processes import PROGRAM, free_address

from stylejax.cli.main import main
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

PICTURES = 5


@pytest.fixture
def folder(tmp_path, pictures, tiny_weights) -> Path:
    """A folder with five pictures, a style, a network and a table."""
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    write_picture(tmp_path / "style.png", pictures[1])
    for number in range(PICTURES):
        write_picture(tmp_path / f"{number}.png", pictures[0] * (number + 1) / PICTURES)
    lines = ["content,style,output", *(f"{number}.png,style.png,{number}.png" for number in range(PICTURES))]
    (tmp_path / "jobs.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def batch(folder: Path, output: str, *more: str) -> list[str]:
    options = ["--model", str(folder / "tiny.safetensors"), "--size", "32", "--smallest-size", "32", "--iterations", "3"]
    return ["batch", str(folder / "jobs.csv"), "-o", str(folder / output), *options, *SHALLOW_FLAGS, "--json", *more]


def exit_code(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def painted(folder: Path, output: str) -> set[str]:
    return {path.name for path in (folder / output).glob("?.png")}


@pytest.mark.slow
def test_the_shares_of_a_slurm_array_make_up_the_whole(folder, monkeypatch):
    seen: set[str] = set()
    for task in range(2):
        array = {"ID": task + 1, "COUNT": 2, "MIN": 1, "MAX": 2}
        for name, value in array.items():
            monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))
        assert exit_code(batch(folder, "out")) == 0
        new = painted(folder, "out") - seen
        assert new == {f"{number}.png" for number in range(task, PICTURES, 2)}
        seen |= new


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--shard", "2/2"], "from 0 to 1"),
        (["--shard", "0/2", "--distributed"], "only one"),
        (["--engine", "ray", "--distributed"], "only one"),
        (["--workers", "2"], "--engine ray"),
        (["--process", "1"], "--distributed"),
        (["--split", "2", "--distributed"], "share the table with --shard i/n instead"),
        (["--split", "2"], "there are 1 devices to use"),
        (["--devices", "99"], "this machine has"),
    ],
)
def test_flags_that_contradict_each_other_are_one_line(folder, capsys, flags, message):
    assert exit_code(batch(folder, "out", *flags)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (folder / "out").exists()


@pytest.mark.slow
def test_two_processes_execute_a_share_each_and_do_not_wait_for_each_other(folder):
    (folder / "3.png").write_text("no picture")  # of the second process
    coordinator = free_address()
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo"}
    processes = [
        subprocess.Popen(
            [
                *PROGRAM,
                *batch(folder, "out", "--distributed", "--coordinator", coordinator),
                *("--processes", "2", "--process", str(process)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for process in range(2)
    ]
    ended = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 3], ended
    for number, (out, _) in enumerate(ended):
        events = [json.loads(line) for line in out.splitlines()]
        finished = {event["output"] for event in events if event["event"] == "finished"}
        assert {name for name in finished if name != "3.png"} == {f"{n}.png" for n in range(number, PICTURES, 2) if n != 3}
    assert painted(folder, "out") == {"0.png", "1.png", "2.png", "4.png"}


@pytest.mark.slow
def test_the_ray_engine_paints_by_the_same_command(folder, capsys):
    pytest.importorskip("ray")
    assert exit_code(batch(folder, "out", "--engine", "ray", "--workers", "1", "--batch-size", "2")) == 0
    assert painted(folder, "out") == {f"{number}.png" for number in range(PICTURES)}
