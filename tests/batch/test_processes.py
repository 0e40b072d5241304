"""Several processes on one table: each sees the results and failures of the others, and kills lose nothing."""

import errno
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tables import COUNT, MAIN, flags, write_material

from stylejax.batch.execute.claims import NAME, Claims
from stylejax.batch.records import JobSpec
from stylejax.files.folder import Folder
from stylejax.settings.settings import Settings

DEEP = ["--content-layers", Settings().content_layers, "--style-layers", Settings().style_layers]
FLAGS = [*flags(size=32, iterations=4), *DEEP, "--json"]


@pytest.fixture(scope="module")
def material(tmp_path_factory, tiny_weights) -> Path:
    """Pictures, a network, a table, and one with a row more whose loss does not stay finite."""
    folder = write_material(tmp_path_factory.mktemp("partners"), tiny_weights)
    rows = [f"c{number}.png,s0.png,{number}.png,,,,\n" for number in range(COUNT)]
    header = "content,style,output,init,noise,style_weight,clamp\n"
    (folder / "jobs.csv").write_text(header + "".join(rows))
    (folder / "bad.csv").write_text(header + "c0.png,s0.png,bad.png,noise,1e6,1e12,false\n" + "".join(rows))
    return folder


@pytest.fixture
def start(material, started):
    """Starts to paint a table."""

    def call(*arguments: str, program: str = MAIN) -> subprocess.Popen:
        command = [sys.executable, "-c", program, "batch", *arguments, *FLAGS]
        return started(command, cwd=material, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return call


def events(process: subprocess.Popen) -> list[dict]:
    assert process.stdout is not None
    found = [json.loads(line) for line in process.stdout]
    process.wait(60)
    return found


def row(output: str) -> JobSpec:
    return JobSpec(1, "c0.png", ("s0.png",), output, Settings())


def failures(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "failures.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_a_row_that_fails_in_one_process_has_failed_for_the_other_too(material, start):
    both = [start("bad.csv", "-o", "both") for _ in range(2)]
    seen = [events(process) for process in both]
    assert [process.returncode for process in both] == [3, 3]
    assert [ended[-1]["failed"] for ended in seen] == [1, 1]
    assert [failure["output"] for failure in failures(material / "both")] == ["bad.png"]
    assert sorted(event["output"] for each in seen for event in each if event["event"] == "finished") == [
        f"{number}.png" for number in range(COUNT)
    ]


@pytest.mark.slow
def test_a_row_that_failed_otherwise_and_was_left_by_a_process_that_died_is_painted(material, start):
    out = material / "left"
    out.mkdir()
    (out / "failures.jsonl").write_text(json.dumps({"output": "0.png", "digest": "of other settings", "reason": "x"}) + "\n")
    partner = Claims(Folder(out))
    assert partner.take(row("0.png"))
    process = start("jobs.csv", "-o", "left")
    assert process.stdout is not None
    while json.loads(process.stdout.readline()).get("left") != 1:
        pass
    time.sleep(1)
    assert process.poll() is None, "it waits for its partner"
    partner.close()
    ended = events(process)[-1]
    assert (ended["done"], ended["failed"], ended["skipped"], process.returncode) == (COUNT, 0, 0, 0)
    assert (out / "0.png").exists()
    assert not (out / "failures.jsonl").exists()


@pytest.mark.slow
def test_killed_again_and_again_two_processes_lose_and_double_nothing(material, start):
    out, rng = material / "killed", np.random.default_rng(0)
    for _ in range(3):
        both = [start("bad.csv", "-o", "killed") for _ in range(2)]
        before, deadline = set(out.glob("*")), time.monotonic() + 120
        while not set(out.glob("*.json")) - before and any(each.poll() is None for each in both):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        for process in both:
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
            process.communicate(timeout=60)
    assert start("bad.csv", "-o", "killed").wait(120) == 3
    assert {failure["output"] for failure in failures(out)} == {"bad.png"}
    assert len(failures(out)) == 1
    again = start("jobs.csv", "-o", "whole")
    assert (events(again)[-1]["done"], again.returncode) == (COUNT, 0)
    for number in range(COUNT):
        assert (out / f"{number}.png").read_bytes() == (material / "whole" / f"{number}.png").read_bytes()
    assert {path.name for path in out.iterdir()} - {f"{n}.png{end}" for n in range(COUNT) for end in ("", ".json")} == {
        NAME,
        "failures.jsonl",
        "contact_sheet.jpg",
    }


LOCKLESS = """
import errno, fcntl
calls = 0
real = fcntl.lockf
def refuse(*arguments):
    global calls
    calls += 1
    if calls > {free}:
        raise OSError(errno.{error}, "refused by the system")
    return real(*arguments)
fcntl.lockf = fcntl.flock = refuse
"""


@pytest.mark.slow
@pytest.mark.parametrize(("error", "free"), [("ENOTSUP", 0), ("ENOLCK", 4)])
def test_without_locks_or_when_they_run_out_the_run_continues_with_one_note(material, start, error, free):
    folder = f"lockless-{error}"
    process = start("bad.csv", "-o", folder, program=LOCKLESS.format(error=error, free=free) + MAIN)
    seen = events(process)
    assert process.returncode == 3
    assert seen[-1]["done"] == COUNT
    (note,) = [event["text"] for event in seen if event["event"] == "note"]
    assert "refused by the system" in note
    assert "another process on this folder may paint the same pictures again" in note
    assert [failure["output"] for failure in failures(material / folder)] == ["bad.png"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EIO])
def test_only_a_taken_lock_makes_a_row_anothers(tmp_path, monkeypatch, number):
    claims = Claims(Folder(tmp_path))

    def refuse(*_):
        raise OSError(number, "refused by the system")

    monkeypatch.setattr("stylejax.batch.execute.claims.fcntl.lockf", refuse)
    assert claims.take(row("a.png"))
    claims.drop(row("a.png"))
    assert "refused by the system" in claims.problem
    claims.close()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EAGAIN])
def test_a_taken_lock_is_waited_for(tmp_path, monkeypatch, number):
    claims = Claims(Folder(tmp_path))

    def refuse(*_):
        raise OSError(number, "taken")

    monkeypatch.setattr("stylejax.batch.execute.claims.fcntl.lockf", refuse)
    assert not claims.take(row("a.png"))
    assert not claims.problem
    claims.close()
