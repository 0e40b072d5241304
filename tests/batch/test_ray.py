"""Ray: a cluster on this machine executes a table while its workers are killed, and every picture is there once."""

import dataclasses
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("ray")
import ray
from objectives import SHALLOW

from stylejax.batch.execute.ray import execute_on_ray
from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec, Minibatch
from stylejax.errors import MissingExtraError, SettingsError
from stylejax.files.folder import Folder
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.optimize.chunk import Shared
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import write_weights

PICTURES, BATCH_SIZE = 14, 2


@pytest.fixture(scope="module")
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.fixture
def minibatches(tmp_path, pictures, tiny_weights) -> list[Minibatch]:
    """Fourteen pictures, the last of which cannot be read, in batches of two."""
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    write_picture(tmp_path / "style.png", pictures[1])
    settings = Settings(size=32, smallest_size=32, iterations=40, model=str(tmp_path / "tiny.safetensors"), **SHALLOW)
    rows = []
    for number in range(PICTURES):
        write_picture(tmp_path / f"{number}.png", pictures[0] * (number + 1) / PICTURES)
        row = JobSpec(number + 1, f"{tmp_path}/{number}.png", (f"{tmp_path}/style.png",), f"{number}.png", settings)
        rows.append(dataclasses.replace(row, digest=f"digest {number}"))
    (tmp_path / f"{PICTURES - 1}.png").write_text("no picture")
    shared = Shared(content=False, style=True, guides=True)
    return [Minibatch(tuple(rows[i : i + BATCH_SIZE]), (24, 32), BATCH_SIZE, shared) for i in range(0, PICTURES, BATCH_SIZE)]


def workers() -> set[int]:
    """The processes of the actors: those that call themselves `ray::Actor`."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if path.read_bytes().startswith(b"ray::Actor"):
                found.add(int(path.parent.name))
    return found


@pytest.mark.slow
def test_every_picture_is_there_once_although_workers_are_killed(cluster, minibatches, tmp_path):
    folder, killed, results = tmp_path / "painted", set(), []
    store = Store(Folder(folder))
    for result in execute_on_ray(minibatches, store, workers=2):
        results.append(result)
        if len(results) in (1, 6):
            (victim, *_) = workers() - killed
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
    assert len(killed) == 2
    assert sorted(int(result.row.output[:-4]) for result in results) == list(range(PICTURES))
    *good, bad = sorted(results, key=lambda result: result.row.number)
    for result in good:
        assert result.reason == ""
        assert store.record(result.row) == result.record
        assert read_picture(folder / result.row.output).pixels.shape == (24, 32, 3)
    assert bad.failure.stage == "read"
    assert [json.loads(line)["output"] for line in (folder / "failures.jsonl").read_text().splitlines()] == ["13.png"]
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted([*(f"{n}.png{more}" for n in range(PICTURES - 1) for more in ("", ".json")), "failures.jsonl"])
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    assert len(list(execute_on_ray(minibatches[:2], store, workers=1))) == 2 * BATCH_SIZE
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")} == before  # what is done is not done again
    deadline = time.monotonic() + 60
    while workers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not workers()


def test_impossible_numbers_of_workers_are_refused(cluster, tmp_path):
    store = Store(Folder(tmp_path))
    with pytest.raises(SettingsError, match="--workers N"):
        list(execute_on_ray([], store))
    for count in (0, 3):
        with pytest.raises(SettingsError, match="the Ray cluster has 2 CPU"):
            list(execute_on_ray([], store, workers=count))


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"stylejax\[ray\]"):
        list(execute_on_ray([], Store(Folder(tmp_path)), workers=1))
