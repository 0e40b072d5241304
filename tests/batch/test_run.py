"""`stylejax batch` in a shell: bad pictures, kills, signals, a full disk, two processes at once."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from processes import restore_signals
from tables import COUNT, MAIN, flags, write_material

from stylejax.batch.execute import load as load_module
from stylejax.batch.execute import worker as worker_module
from stylejax.batch.output import store as store_module
from stylejax.batch.plan import batch_plan as plan_module
from stylejax.cli.main import main
from stylejax.files import folder as folder_module
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture

FLAGS = flags(size=48, iterations=4)
COMMAND = [sys.executable, "-c", MAIN, "batch", "jobs.csv", *FLAGS]


@pytest.fixture(scope="module")
def material(tmp_path_factory, tiny_weights) -> Path:
    """Pictures, a network and a table."""
    folder = write_material(tmp_path_factory.mktemp("batch"), tiny_weights)
    lines = [f"c{number}.png,s{number % 2}.png,{number % 2}/{number}.png,{number}" for number in range(COUNT)]
    (folder / "jobs.csv").write_text("content,style,output,tv_weight\n" + "\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def finished(material) -> dict[str, bytes]:
    """What an uninterrupted run of the table paints."""
    assert run(material, "-o", "whole").returncode == 0
    return painted(material / "whole")


def run(folder: Path, *more: str) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *more], cwd=folder, capture_output=True, text=True, timeout=200)


def painted(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


@pytest.fixture
def command(material, monkeypatch, capsys):
    """Run a batch in this process; gives exit code, standard output and standard error."""
    monkeypatch.chdir(material)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["batch", *arguments])
        written = capsys.readouterr()
        return int(stopped.value.code or 0), written.out, written.err

    return call


@pytest.mark.slow
def test_every_row_is_painted_and_has_a_record(material, finished):
    assert sorted(finished) == [f"{number % 2}/{number}.png" for number in (0, 2, 4, 1, 3, 5)]
    record = json.loads((material / "whole" / "1/3.png.json").read_text())
    assert record["settings"]["tv_weight"] == 3
    assert record["content"] == "c3.png"
    assert set(record["losses"]) == {"total", "content", "style", "tv"}
    assert record["bytes"] == len(finished["1/3.png"])
    assert read_picture(material / "whole" / "1/3.png").pixels.shape == (36, 48, 3)
    assert read_metadata(material / "whole" / "1/3.png")["settings"]["tv_weight"] == 3
    assert (material / "whole" / "contact_sheet.jpg").exists()
    assert not (material / "whole" / "failures.jsonl").exists()


@pytest.mark.slow
def test_again_does_only_what_is_missing_or_changed(material, finished, command):
    before = {path: path.stat().st_mtime_ns for path in (material / "whole").rglob("*.png")}
    (material / "whole" / "1/1.png").unlink()
    (material / "whole" / "0/2.png.json").write_text("{")
    code, out, _ = command("jobs.csv", "-o", "whole", *FLAGS, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert sorted(event["output"] for event in events if event["event"] == "finished") == ["0/2.png", "1/1.png"]
    assert events[-1] | {"event": "ended", "done": 2, "skipped": 4, "failed": 0} == events[-1]
    assert painted(material / "whole") == finished
    assert sum(path.stat().st_mtime_ns != old for path, old in before.items()) == 2
    _, out, _ = command("jobs.csv", "-o", "whole", *FLAGS, "--style-weight", "2", "--dry-run")
    assert "6 to paint, 0 done" in out


DYING = """
import os, signal
left = {calls}
def dying(call):
    def count(*arguments):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)
    return count
os.fsync, os.replace = dying(os.fsync), dying(os.replace)
"""
"""Kills the process between two calls that write to the disk."""


@pytest.mark.slow
def test_killed_again_and_again_ends_with_the_same_bytes(material, finished, started):
    for calls in (2, 9, 4, 11):  # a picture and its record take six
        program = [sys.executable, "-c", DYING.format(calls=calls) + MAIN, *COMMAND[3:], "-o", "killed"]
        assert started(program, cwd=material, stdout=subprocess.DEVNULL).wait(120) == -signal.SIGKILL
        for output, data in painted(material / "killed").items():
            assert data == finished[output], "a picture is whole or not there"
    assert 1 <= len(painted(material / "killed")) < COUNT
    assert run(material, "-o", "killed").returncode == 0
    assert painted(material / "killed") == finished
    assert not list((material / "killed").rglob("*.tmp"))


@pytest.mark.slow
def test_two_processes_paint_each_picture_once(material, finished, started):
    command = [*COMMAND, "-o", "both", "--json"]
    both = [started(command, cwd=material, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    events = [json.loads(line) for each in both for line in each.communicate(timeout=200)[0].splitlines()]
    assert [each.returncode for each in both] == [0, 0]
    assert sorted(event["output"] for event in events if event["event"] == "finished") == sorted(finished)
    assert painted(material / "both") == finished


@pytest.mark.slow
def test_bad_pictures_fail_alone_and_are_retried_on_request(material, command):
    for name, data in {"text.png": b"no picture", "cut.png": (material / "c0.png").read_bytes()[:300]}.items():
        (material / name).write_bytes(data)
    write_picture(material / "flat.png", np.ones((2, 200, 3)))
    contents = ["c0.png", "text.png", "gone.png", "cut.png", "flat.png", "c1.png"]
    lines = [json.dumps({"content": name, "style": "s0.png"}) for name in contents]
    (material / "bad.jsonl").write_text("\n".join(lines))
    arguments = ["bad.jsonl", "-o", "bad", *FLAGS, "--quiet"]
    assert command(*arguments) == (3, "", "")
    assert sorted(painted(material / "bad")) == ["c0-s0.png", "c1-s0.png"]
    failures = [json.loads(line) for line in (material / "bad/failures.jsonl").read_text().splitlines()]
    assert sorted(failure["content"].rpartition("/")[2] for failure in failures) == sorted(contents[1:5])
    assert all(failure["stage"] == "read" and failure["reason"] for failure in failures)

    write_picture(material / "cut.png", read_picture(material / "c2.png").pixels)  # changed: tried again in any case
    assert command(*arguments)[0] == 3
    assert (material / "bad/cut-s0.png").exists()
    assert len((material / "bad/failures.jsonl").read_text().splitlines()) == 3
    assert command(*arguments, "--retry-failed")[0] == 3
    assert len((material / "bad/failures.jsonl").read_text().splitlines()) == 3


@pytest.mark.slow
def test_an_exception_in_any_stage_costs_only_its_row(material, command, monkeypatch):
    """Planning, reading, optimizing and writing each fail for one row with an unexpected exception."""

    def failing(module, name, when, problem):
        real = getattr(module, name)

        def call(*args, **options):
            if when(*args):
                raise problem
            return real(*args, **options)

        monkeypatch.setattr(module, name, call)

    failing(plan_module, "read_shape", lambda place: place.endswith("c0.png"), ZeroDivisionError("look"))
    failing(load_module, "job_from", lambda reader, content, *_: content.source.endswith("c1.png"), MemoryError("load"))
    failing(worker_module, "with_kept_colors", lambda _, __, each: each[0].tv_weight == 2, RuntimeError("paint"))
    failing(store_module, "encode_picture", lambda name, *_: name == "1/3.png", ValueError("save"))
    code, out, _ = command("jobs.csv", "-o", "any", *FLAGS, "--json")
    assert code == 3
    assert sorted(painted(material / "any")) == ["0/4.png", "1/5.png"]
    failures = {each["output"]: each for each in map(json.loads, (material / "any/failures.jsonl").read_text().splitlines())}
    stages = {
        "0/0.png": ("read", "look"),
        "1/1.png": ("read", "load"),
        "0/2.png": ("paint", "paint"),
        "1/3.png": ("write", "save"),
    }
    assert {output: each["stage"] for output, each in failures.items()} == {name: stage for name, (stage, _) in stages.items()}
    assert all(word in failures[name]["reason"] for name, (_, word) in stages.items())
    assert json.loads(out.splitlines()[-1])["failed"] == 4


@pytest.mark.slow
def test_missing_networks_and_precisions_are_reported_with_their_lines(material, command):
    (material / "cut.safetensors").write_bytes((material / "tiny.safetensors").read_bytes()[:999])
    lines = ["c0.png,s0.png,0.png,,", "c1.png,s0.png,1.png,gone.safetensors,", "c2.png,s0.png,2.png,cut.safetensors,"]
    lines += ["c3.png,s0.png,3.png,,tf32", "c4.png,s0.png,4.png,gone.safetensors,"]
    (material / "networks.csv").write_text("content,style,output,model,precision\n" + "\n".join(lines) + "\n")
    code, out, err = command("networks.csv", "-o", "networks", *FLAGS, "--dry-run")
    assert (code, out) == (2, "")
    first, *lines = err.replace("stylejax: ", "").splitlines()
    assert first == "4 bad rows; nothing was painted"
    assert [line.partition(":")[0] for line in lines] == ["lines 3, 6", "line 4", "line 5"]
    code, _, err = command("networks.csv", "-o", "networks", *FLAGS, "--skip-bad")
    assert code == 0
    assert err.count("left out line") == 3
    assert list(painted(material / "networks")) == ["0.png"]


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_leaves_nothing_partial(material, command, monkeypatch):
    written = []
    real = folder_module.write_atomically

    def full(path):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        return real(path)

    monkeypatch.setattr(folder_module, "write_atomically", full)
    code, _, err = command("jobs.csv", "-o", "full", *FLAGS, "--quiet")
    assert code == 2
    assert "No space left" in err
    assert err.count("\n") == 1
    files = [path for path in (material / "full").rglob("*") if path.is_file() and path.name != ".stylejax-claims"]
    assert len(files) <= 3
    assert "stylejax" not in {thread.name for thread in threading.enumerate()}  # no thread continues in the background
    monkeypatch.undo()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_run_within_its_grace(material, started, number, code):
    more = ["--iterations", "1000000", "--grace", "1", "-o", f"stopped{code}", "--json"]
    process = started([*COMMAND, *more], cwd=material, stdout=subprocess.PIPE, text=True, preexec_fn=restore_signals)
    assert any('"painting"' in line for line in process.stdout)
    process.send_signal(number)
    rest = process.stdout.read()
    assert process.wait(60) == code
    assert json.loads(rest.splitlines()[-1])["stopped"]
    assert painted(material / f"stopped{code}") == {}


def test_a_table_that_leads_out_paints_nothing(material, command):
    (material / "evil.csv").write_text("content,style,output\nc0.png,s0.png,fine.png\nc0.png,s0.png,../evil.png\n")
    code, _, err = command("evil.csv", "-o", "evil", *FLAGS)
    assert code == 2
    assert "line 3: output '../evil.png' leads upwards" in err
    assert not (material / "evil").exists()


def test_buckets_are_read_and_written(material, command):
    import fsspec

    system = fsspec.filesystem("memory")
    for name in ("c0.png", "s0.png"):
        system.pipe_file(f"/in/{name}", (material / name).read_bytes())
    system.pipe_file("/in/jobs.csv", b"content,style,output\nmemory://in/c0.png,s0.png,a/b.png\nmemory://in/no.png,s0.png,\n")
    arguments = ["memory://in/jobs.csv", "-o", "memory://out", *FLAGS[2:], "--model", str(material / "tiny.safetensors")]
    assert command(*arguments)[0] == 3
    assert system.cat_file("/out/a/b.png").startswith(b"\x89PNG")
    assert json.loads(system.cat_file("/out/a/b.png.json"))["content"] == "c0.png"
    assert b"does not exist" in system.cat_file("/out/failures.jsonl")
    assert "1 done" in command(*arguments, "--dry-run")[1]
