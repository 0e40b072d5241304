"""Minibatches: executed into a folder, what counts as done, and what is left when something goes wrong."""

import dataclasses
import json

import numpy as np
import pytest
from objectives import SHALLOW_GRAMS

from stylejax.batch.execute.worker import Worker
from stylejax.batch.output.sidecar import digest
from stylejax.batch.output.store import Store
from stylejax.batch.plan.aspects import optimized_shape
from stylejax.batch.plan.groups import group_rows, with_batch_size
from stylejax.batch.records import JobSpec, Minibatch
from stylejax.errors import OutOfMemoryError, StylejaxError, WeightsError
from stylejax.files.folder import Folder
from stylejax.images.io.read import read_picture, read_shape
from stylejax.images.io.write import write_picture
from stylejax.optimize.chunk import Shared
from stylejax.run.api import stylize
from stylejax.run.loop import optimize_batch
from stylejax.settings.settings import Settings

TINY = Settings(**SHALLOW_GRAMS | {"init": "recolored"}, size=48, smallest_size=48, iterations=3)


@pytest.fixture
def folder(tmp_path, pictures):
    """Three contents, two of them of one shape, and a style."""
    content, style = pictures
    write_picture(tmp_path / "a.png", content)
    write_picture(tmp_path / "b.png", content[::-1], alpha=content[..., 0])
    write_picture(tmp_path / "tall.png", content.transpose(1, 0, 2))
    write_picture(tmp_path / "style.png", style)
    return tmp_path


def planned(folder, names=("a", "b", "tall"), settings=TINY, batch_size=2):
    """Groups of rows with digests, as the planner makes them."""
    rows = [
        JobSpec(number, str(folder / f"{name}.png"), (str(folder / "style.png"),), f"{name}.png", settings)
        for number, name in enumerate(names, start=1)
    ]
    shapes = [optimized_shape(*read_shape(row.content), settings, "auto") for row in rows]
    groups, refused = group_rows(zip(rows, shapes, strict=True))
    assert not refused
    groups = with_batch_size(groups, lambda group: batch_size)
    return [
        dataclasses.replace(
            group, rows=tuple(dataclasses.replace(row, digest=digest(row, group.scales[-1])) for row in group.rows)
        )
        for group in groups
    ]


def executed(worker, minibatch, **hooks):
    """The results of a minibatch, whose pictures are read first."""
    return worker.stylize(minibatch, worker.loader.load(minibatch), **hooks)


@pytest.mark.slow
def test_minibatches_are_executed_into_a_folder_once(folder, tiny_model):
    groups, store, worker = planned(folder), Store(Folder(folder / "out")), Worker(tiny_model)
    assert [len(group.rows) for group in groups] == [2, 1]

    def minibatches():
        left = [[row for row in group.rows if not store.is_done(row)] for group in groups]
        return [minibatch for group, rows in zip(groups, left, strict=True) for minibatch in group.minibatches(rows)]

    for minibatch in minibatches():
        for result in executed(worker, minibatch):
            assert store.save(result).record
    assert minibatches() == []
    painted = read_picture(folder / "out" / "b.png")
    assert painted.pixels.shape == (36, 48, 3)
    assert painted.alpha is not None
    record = json.loads((folder / "out" / "b.png.json").read_text())
    assert record["bytes"] == (folder / "out" / "b.png").stat().st_size
    assert record["losses"]["total"] > 0
    assert record["settings"] == TINY.as_options()
    write_picture(folder / "a.png", np.zeros((48, 64, 3)))  # another content is another picture
    assert [row.output for minibatch in minibatches() for row in minibatch.rows] == []
    groups = planned(folder)
    assert [row.output for minibatch in minibatches() for row in minibatch.rows] == ["a.png"]


@pytest.mark.slow
def test_a_picture_of_a_batch_is_that_of_stylize(folder, tiny_model):
    groups, worker = planned(folder), Worker(tiny_model)
    (minibatch,) = groups[0].minibatches(groups[0].rows)
    results = executed(worker, minibatch)
    for result in results:
        options = TINY.as_options() | {"model": tiny_model}
        alone = stylize(result.row.content, *result.row.styles, **options)
        np.testing.assert_allclose(result.stylized.image, alone.image, atol=2e-5)


def test_only_what_is_needed_stays_in_memory(folder, tiny_model):
    (group, _) = planned(folder)
    (minibatch,) = group.minibatches(group.rows)
    first, second = Worker(tiny_model).loader.load(minibatch)
    assert first.content.pixels.shape == first.job.content.shape == (36, 48, 3)
    assert first.job.styles[0].shape == (34, 48, 3)
    assert first.job.styles[0] is second.job.styles[0]


@pytest.mark.slow
def test_a_batch_too_large_for_the_memory_is_executed_one_by_one(folder, tiny_model, monkeypatch):
    def limited(model, jobs, **options):
        if len(jobs) > 1:
            raise OutOfMemoryError("too large")
        yield from optimize_batch(model, jobs, **options)

    monkeypatch.setattr("stylejax.batch.execute.worker.optimize_batch", limited)
    (group, _), worker = planned(folder), Worker(tiny_model)
    (minibatch,) = group.minibatches(group.rows)
    assert all(result.stylized for result in executed(worker, minibatch))


@pytest.mark.slow
@pytest.mark.parametrize(
    "problem", [MemoryError(), ValueError("of a\nrow"), RuntimeError("RESOURCE_EXHAUSTED: no room"), KeyError(7)]
)
@pytest.mark.parametrize("late", [False, True])
def test_what_one_picture_of_a_batch_raises_costs_only_that_picture(folder, tiny_model, monkeypatch, problem, late):
    def failing(model, jobs, **options):
        for number, progress in enumerate(optimize_batch(model, jobs, **options)):
            if number == late and any(job.settings.seed == 13 for job in jobs):
                raise problem
            yield progress

    settings = dataclasses.replace(TINY, iterations=12)  # two chunks
    (group,) = planned(folder, ["a", "b"] * 2, settings, batch_size=4)
    rows = [dataclasses.replace(row, output=f"{n}.png") for n, row in enumerate(group.rows)]
    rows[2] = dataclasses.replace(rows[2], settings=dataclasses.replace(settings, seed=13))
    (minibatch,), worker = group.minibatches(rows), Worker(tiny_model)
    whole = {each.row.output: each.stylized.image for each in executed(worker, minibatch)}
    monkeypatch.setattr("stylejax.batch.execute.worker.optimize_batch", failing)
    results = executed(worker, minibatch)
    assert sorted(each.row.output for each in results) == sorted(whole)
    for each in results:
        if each.row.output == "2.png":
            assert each.stylized is None
            assert each.failure.stage == "paint"
            assert each.reason
            assert "\n" not in each.reason
        elif isinstance(problem, MemoryError | RuntimeError):  # then smaller batches are tried, which are other programs
            np.testing.assert_allclose(each.stylized.image, whole[each.row.output], atol=2e-5)
        else:
            np.testing.assert_array_equal(each.stylized.image, whole[each.row.output])


def test_a_network_that_cannot_be_loaded_costs_the_rows_that_need_it(folder):
    settings = dataclasses.replace(TINY, model=str(folder / "none.safetensors"))
    (row,) = planned(folder, ["a"])[0].rows
    minibatch = Minibatch(
        (dataclasses.replace(row, settings=settings),), (36, 48), 2, Shared(content=True, style=True, guides=True)
    )
    worker = Worker()
    with pytest.raises(WeightsError):
        worker.check(settings)
    (result,) = executed(worker, minibatch)
    assert "none.safetensors" in result.reason


@pytest.mark.slow
def test_what_an_observer_raises_ends_the_batch_and_fails_no_picture(folder, tiny_model):
    (group, _), worker = planned(folder), Worker(tiny_model)
    (minibatch,) = group.minibatches(group.rows)

    def full(progress):
        raise StylejaxError("the disk is full")

    with pytest.raises(StylejaxError, match="the disk is full"):
        executed(worker, minibatch, observe=full)


@pytest.mark.slow
def test_the_same_bytes_whatever_shares_the_batch(folder, tiny_model):
    (group, _), worker = planned(folder), Worker(tiny_model)

    def images(rows):
        (minibatch,) = group.minibatches(rows)
        return {each.row.output: each.stylized.image for each in executed(worker, minibatch)}

    together, alone = images(group.rows), images(group.rows[1:])
    np.testing.assert_array_equal(together["b.png"], alone["b.png"])
