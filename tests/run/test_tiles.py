"""Pictures that are optimized in tiles: the result is that of the whole picture, in less memory."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest
from objectives import SHALLOW_GRAMS
from programs import compiled_programs

from stylejax.errors import OutOfMemoryError, SettingsError
from stylejax.images.masks import read_regions
from stylejax.network.vgg import VGG19
from stylejax.optimize.step import is_history
from stylejax.run.checkpoint.checkpoint import Checkpoint
from stylejax.run.inputs.job import Job
from stylejax.run.loop import optimize_batch
from stylejax.run.memory import plan
from stylejax.run.memory.available import VARIABLE
from stylejax.run.memory.plan import planned_tiles
from stylejax.run.memory.tiles import tiled_bytes
from stylejax.run.progress import Progress
from stylejax.run.scales import Scales
from stylejax.settings.settings import Settings

SMALL = Settings(
    size=93,
    smallest_size=46,
    iterations=4,
    content_layers="relu2_1",
    style_layers="pixels,relu1_1,relu2_1",
    octaves=2,
    style_fit="resize",
)


def job_of(pictures: tuple[np.ndarray, np.ndarray], **changes: Any) -> Job:
    content, style = pictures
    return Job(content, (style,), dataclasses.replace(SMALL, **changes))


def painted(model: VGG19, job: Job) -> Progress:
    *_, last = optimize_batch(model, [job])
    return last


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_a_picture_in_tiles_is_that_without(tiny_model, pictures, optimizer):
    options = SHALLOW_GRAMS | {"optimizer": optimizer, "smallest_size": 93}  # gradients that are nowhere zero
    whole = painted(tiny_model, job_of(pictures, **options))
    tiled = painted(tiny_model, job_of(pictures, **options, tiles=40))
    assert (whole.tiles, tiled.tiles) == ((0,), (40,))
    np.testing.assert_allclose(tiled.pictures, whole.pictures, atol=1e-4)
    assert tiled.last_records[0]["total"] == pytest.approx(whole.last_records[0]["total"], rel=1e-5)


@pytest.mark.slow
def test_a_run_in_tiles_that_was_finished_gives_its_picture_again(tiny_model, pictures, tmp_path):
    job = job_of(pictures, tiles=40, smallest_size=93, iterations=2)
    checkpoint = Checkpoint(tmp_path, minutes=1000)
    checkpoint.resume(tiny_model, [job])
    traces: list[list[dict[str, Any]]] = [[]]
    last: Progress | None = None
    for progress in optimize_batch(tiny_model, [job]):
        last = progress
        traces[0].extend(progress.records[0])
        checkpoint.keep(progress, traces)
        checkpoint.secure()
        assert not checkpoint.saved
    checkpoint.save()  # as where the result cannot be written
    checkpoint.release()
    again = Checkpoint(tmp_path)
    (resumed,) = optimize_batch(tiny_model, [job], resume=again.resume(tiny_model, [job]))
    again.release()
    assert last
    np.testing.assert_array_equal(resumed.pictures, last.pictures)
    assert (resumed.fraction, resumed.seconds_left, resumed.records) == (1, 0, [[]])
    assert resumed.last_records == last.last_records


@pytest.mark.slow
def test_a_step_that_is_not_finite_changes_nothing_in_any_band(tiny_model, pictures):
    job = job_of(pictures, tiles=40, smallest_size=93, iterations=3, octaves=1, init="content")
    content = job.content_at(70, 93).copy()
    content[60:, :9] = 1e30
    last = painted(tiny_model, dataclasses.replace(job, content=content))
    assert str(last.failures[0]) == "the loss stopped being finite at scale 1, step 0"
    np.testing.assert_array_equal(last.pictures[0], content)


@pytest.mark.slow
def test_a_run_in_tiles_resumes_with_the_same_bytes(tiny_model, pictures, tmp_path):
    job = job_of(pictures, tiles=40, iterations="11,4")
    uninterrupted = painted(tiny_model, job)
    for stop in (1, 13):  # within the first scale, and within the second
        checkpoint = Checkpoint(tmp_path / str(stop), minutes=0)
        saved = checkpoint.resume(tiny_model, [job])
        traces: list[list[dict[str, Any]]] = [[]]
        for number, progress in enumerate(optimize_batch(tiny_model, [job], every=3, resume=saved), start=1):
            traces[0].extend(progress.records[0])
            checkpoint.keep(progress, traces)
            checkpoint.secure()
            if number == stop:
                break
        checkpoint.release()
        resumed = Checkpoint(tmp_path / str(stop))
        *_, last = optimize_batch(tiny_model, [job], resume=resumed.resume(tiny_model, [job]))
        resumed.release()
        np.testing.assert_array_equal(last.pictures, uninterrupted.pictures)


@pytest.fixture
def long_history(tiny_model, pictures, monkeypatch, tmp_path) -> tuple[Job, int]:
    """A picture in tiles of an optimizer that remembers more than the memory has room for, and the bytes of the rest."""
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    options = SHALLOW_GRAMS | {"optimizer": "l-bfgs", "history": 60, "smallest_size": 93, "iterations": 6}
    job = job_of(pictures, **options, tiles=40)
    return job, tiled_bytes(tiny_model, [job], (70, 93), 40, history=False)


def history_of(progress: Progress) -> list[np.ndarray]:
    return [leaf for leaf in jax.tree.leaves(progress.states) if is_history(leaf)]


@pytest.mark.slow
def test_a_history_that_memory_has_no_room_for_is_on_disk(tiny_model, long_history, monkeypatch, tmp_path):
    job, rest = long_history
    in_memory = painted(tiny_model, job)
    assert not any(isinstance(array, np.memmap) for array in history_of(in_memory))
    monkeypatch.setenv(VARIABLE, str(int(1.2 * rest)))
    checkpoint, traces, stopped = Checkpoint(tmp_path / "state", minutes=0), [[]], None
    checkpoint.resume(tiny_model, [job])
    for progress in optimize_batch(tiny_model, [job]):
        traces[0].extend(progress.records[0])
        checkpoint.keep(progress, traces)
        checkpoint.secure()
        if progress.step == 3:
            stopped = progress
            break
    checkpoint.release()
    assert stopped
    resumed = Checkpoint(tmp_path / "state")
    *_, last = optimize_batch(tiny_model, [job], resume=resumed.resume(tiny_model, [job]))
    resumed.release()
    assert last.tiles == in_memory.tiles == (40,)
    assert last.memory <= 1.2 * rest < rest + sum(array.nbytes for array in history_of(last))
    assert all(isinstance(array, np.memmap) for each in (stopped, last) for array in history_of(each))
    assert not list((tmp_path / "cache/arrays").iterdir())  # files without a name
    np.testing.assert_array_equal(last.pictures, in_memory.pictures)


@pytest.mark.slow
def test_a_disk_without_room_for_the_history_is_known_before_the_run(tiny_model, long_history, monkeypatch):
    job, rest = long_history
    monkeypatch.setenv(VARIABLE, str(int(1.2 * rest)))
    monkeypatch.setattr(plan, "disk_room", lambda: 1000)
    with pytest.raises(OutOfMemoryError, match=r"would take .* these would about fit: history \d+, .* MiB of room in /.*cache"):
        painted(tiny_model, job)


@pytest.mark.slow
def test_the_steps_find_the_programs_of_the_tiles_compiled_and_masks_may_have_another_size(tiny_model, pictures):
    content, style = pictures
    left = np.zeros((30, 31), np.float32)
    left[:, :14] = 1
    regions = read_regions([left, 1 - left], [], content.shape, [style.shape] * 2)
    assert "content mask 1 is 31×30 and its picture 64×48; the mask was resized" in regions.notes
    changes = {"smallest_size": 93, "iterations": 2, **SHALLOW_GRAMS}
    job = dataclasses.replace(job_of(pictures, **changes, tiles=40), styles=(style, 1 - style), regions=regions)
    scales = Scales(tiny_model, [job])
    ready, rates = scales.prepare(1).result(None), np.full((12, 1), 0.01, np.float32)
    with compiled_programs() as compiled:
        _, trace, _ = ready.run(scales.states(1, None, None), rates, 2)
    assert not {"tile_sums", "tile_gradient"} & set(compiled)
    untiled = dataclasses.replace(job, settings=dataclasses.replace(job.settings, tiles="none"))
    whole = painted(tiny_model, untiled)
    assert float(trace.total[0, 0]) == pytest.approx(whole.records[0][0]["total"], rel=1e-5)


@pytest.fixture(scope="module")
def large(tiny_model, pictures) -> Iterator[tuple[Job, int]]:
    """A picture, and the memory that it takes in tiles of 200 pixels."""
    job = job_of(pictures, size=640, smallest_size=160, octaves=1)
    yield job, tiled_bytes(tiny_model, [job], (480, 640), 200)


SHAPES = [(120, 160), (240, 320), (480, 640)]


@pytest.mark.slow
def test_tiles_are_taken_only_where_the_memory_demands_it(tiny_model, large, monkeypatch):
    job, in_tiles = large
    monkeypatch.delenv(VARIABLE, raising=False)
    ample = planned_tiles(tiny_model, [job], SHAPES)
    assert ample == (0, 0, 0)
    monkeypatch.setenv(VARIABLE, str(int(1.1 * in_tiles)))
    scarce = planned_tiles(tiny_model, [job], SHAPES)
    assert scarce[:2] == (0, 0) and scarce[2] >= 200
    assert tiled_bytes(tiny_model, [job], SHAPES[-1], scarce[2]) <= 1.1 * in_tiles
    monkeypatch.setenv(VARIABLE, "3M")
    with pytest.raises(OutOfMemoryError, match=r"a picture of 640×480 pixels would take .* also in tiles of \d+ pixels"):
        planned_tiles(tiny_model, [job], SHAPES)
    never = dataclasses.replace(job, settings=dataclasses.replace(job.settings, tiles="none"))
    assert planned_tiles(tiny_model, [never], SHAPES) == (0, 0, 0)


@pytest.mark.slow
def test_memory_is_checked_once_while_it_is_free(tiny_model, pictures, monkeypatch):
    job = job_of(pictures, tiles=40, smallest_size=93, octaves=1)
    scales = Scales(tiny_model, [job])
    monkeypatch.setenv(VARIABLE, "100k")  # what the run itself takes meanwhile
    assert scales.prepare(1).peak_bytes(None) == scales.tiled_peak > 0
    with pytest.raises(OutOfMemoryError, match="also in tiles of 40 pixels"):
        Scales(tiny_model, [job])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tiles": 8}, "tiles is 8, but tiles for relu2_1 overlap by 4 pixels on each side; give at least 10"),
        ({"tiles": 64, "normalize_gradients": True}, "tiles is 64, but normalize_gradients needs"),
    ],
)
def test_tiles_that_are_not_possible_are_refused(tiny_model, pictures, changes, message):
    with pytest.raises(SettingsError, match=message):
        next(optimize_batch(tiny_model, [job_of(pictures, **changes)]))
