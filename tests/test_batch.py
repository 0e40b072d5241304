"""Batches: units painted into a folder, what counts as done, and what is left when something goes wrong."""

import dataclasses
import json

import numpy as np
import pytest
from objectives import SHALLOW_GRAMS

from stylejax.batch.painter import Painter
from stylejax.batch.plan import group_rows, with_lanes
from stylejax.batch.record import digest
from stylejax.batch.row import Row
from stylejax.batch.store import Store
from stylejax.errors import OutOfMemoryError, StylejaxError
from stylejax.files.folder import Folder
from stylejax.images.read import read_picture, read_shape
from stylejax.images.write import write_picture
from stylejax.optimize.paint import paint
from stylejax.optimize.settings import Settings
from stylejax.optimize.stylize import stylize

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


def planned(folder, names=("a", "b", "tall"), settings=TINY, lanes=2):
    """Groups of rows with digests, as the engine makes them."""
    rows = [
        Row(number, str(folder / f"{name}.png"), (str(folder / "style.png"),), f"{name}.png", settings)
        for number, name in enumerate(names, start=1)
    ]
    groups, refused = group_rows([(row, read_shape(row.content)) for row in rows], "auto")
    assert not refused
    groups = with_lanes(groups, lambda group: lanes)
    return [
        dataclasses.replace(
            group, rows=tuple(dataclasses.replace(row, digest=digest(row, group.scales[-1])) for row in group.rows)
        )
        for group in groups
    ]


def test_units_are_painted_into_a_folder_once(folder, tiny_model):
    groups, store, painter = planned(folder), Store(Folder(folder / "out")), Painter(tiny_model)
    assert [len(group.rows) for group in groups] == [2, 1]

    def units():
        return [unit for group in groups for unit in group.units(row for row in group.rows if not store.is_done(row))]

    for unit in units():
        for outcome in painter.paint(painter.loader.load(unit)):
            assert store.save(outcome).record
    assert units() == []
    painted = read_picture(folder / "out" / "b.png")
    assert painted.pixels.shape == (36, 48, 3)
    assert painted.alpha is not None
    record = json.loads((folder / "out" / "b.png.json").read_text())
    assert record["bytes"] == (folder / "out" / "b.png").stat().st_size
    assert record["losses"]["total"] > 0
    assert record["settings"] == TINY.as_options()
    write_picture(folder / "a.png", np.zeros((48, 64, 3)))  # another content is another picture
    assert [row.output for unit in units() for row in unit.rows] == []
    groups = planned(folder)
    assert [row.output for unit in units() for row in unit.rows] == ["a.png"]


def test_a_picture_of_a_batch_is_the_one_that_stylize_paints(folder, tiny_model):
    groups, painter = planned(folder), Painter(tiny_model)
    (unit,) = groups[0].units(groups[0].rows)
    outcomes = painter.paint(painter.loader.load(unit))
    for outcome in outcomes:
        options = TINY.as_options() | {"model": tiny_model}
        alone = stylize(outcome.row.content, *outcome.row.styles, **options)
        np.testing.assert_allclose(outcome.painting.image, alone.image, atol=2e-5)


def test_only_what_is_painted_stays_in_memory(folder, tiny_model):
    (group, _) = planned(folder)
    (unit,) = group.units(group.rows)
    first, second = Painter(tiny_model).loader.load(unit).ready
    assert first.content.pixels.shape == first.job.content.shape == (36, 48, 3)
    assert first.job.styles[0].shape == (34, 48, 3)
    assert first.job.styles[0] is second.job.styles[0]


def test_a_batch_too_large_for_the_memory_is_painted_one_by_one(folder, tiny_model, monkeypatch):
    def limited(model, jobs, **options):
        if len(jobs) > 1:
            raise OutOfMemoryError("too large")
        yield from paint(model, jobs, **options)

    monkeypatch.setattr("stylejax.batch.painter.paint", limited)
    (group, _), painter = planned(folder), Painter(tiny_model)
    (unit,) = group.units(group.rows)
    assert all(outcome.painting for outcome in painter.paint(painter.loader.load(unit)))


def test_what_an_observer_raises_ends_the_batch_and_fails_no_picture(folder, tiny_model):
    (group, _), painter = planned(folder), Painter(tiny_model)
    (unit,) = group.units(group.rows)

    def full(progress):
        raise StylejaxError("the disk is full")

    with pytest.raises(StylejaxError, match="the disk is full"):
        painter.paint(painter.loader.load(unit), observe=full)


def test_the_same_bytes_whatever_shares_the_batch(folder, tiny_model):
    (group, _), painter = planned(folder), Painter(tiny_model)

    def images(rows):
        (unit,) = group.units(rows)
        return {each.row.output: each.painting.image for each in painter.paint(painter.loader.load(unit))}

    together, alone = images(group.rows), images(group.rows[1:])
    np.testing.assert_array_equal(together["b.png"], alone["b.png"])
