"""Runs of one picture on many devices and in two processes: the result is that of one device."""

import json
import re
import subprocess
import sys

import jax
import numpy as np
import pytest
from jax.sharding import Mesh
from places import SUPPORT
from processes import free_address, with_devices

from stylejax.errors import SettingsError
from stylejax.run.api import stylize
from stylejax.run.inputs.job import Job
from stylejax.run.split.mesh import mesh_of
from stylejax.run.split.plan import planned_splits
from stylejax.settings.settings import Settings


@pytest.mark.slow
def test_four_devices_paint_one_picture_as_one_does_in_batches_too_and_resume():
    command = [sys.executable, SUPPORT / "split_runs.py"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, env=with_devices(4))
    assert result.returncode == 0, result.stderr
    reported = json.loads(result.stdout)
    assert reported["devices"] == 4 and set(reported["divided"]) == {1, 4}  # the first scale has too few rows
    assert reported["differences"].pop("resumed") == 0
    assert reported["table"] < 2 / 255
    whole, of_each = reported["memory"]
    assert whole == 4 * of_each  # virtual devices have one memory
    assert re.match(r"a picture of 64×45 pixels would take \S+ \S+ of memory, and there are", reported["refused"])
    assert re.match(r"a picture of .* of memory on each of 4 devices, and there are", reported["refused by a device"])
    assert len(reported["differences"]) == 4 and max(reported["differences"].values()) < 1e-4


@pytest.mark.slow
def test_two_devices_paint_the_pyramid_of_the_default_recipe():
    command = [sys.executable, SUPPORT / "split_default.py"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, env=with_devices(2))
    assert result.returncode == 0, result.stderr
    reported = json.loads(result.stdout)
    assert reported["divided"] == [1, 2]  # three octaves share 128 rows
    np.testing.assert_allclose(*reported["totals"], rtol=1e-4)
    assert reported["differences"] < 1e-3  # Adam's steps are as long for a gradient of almost zero


@pytest.mark.slow
def test_two_processes_paint_one_picture_and_resume_from_the_state_of_the_first(started, tmp_path):
    address = free_address()
    places = [tmp_path / f"{process}.npz" for process in range(2)]
    options = {"env": with_devices(1), "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    processes = [
        started([sys.executable, SUPPORT / "split_process.py", str(number), address, str(place)], **options)
        for number, place in enumerate(places)
    ]
    for process in processes:
        output, _ = process.communicate(timeout=280)
        assert process.returncode == 0, output
    first, second = map(np.load, places)
    assert (first["devices"], first["local"]) == (2, 1)
    np.testing.assert_array_equal(first["divided"], second["divided"])
    np.testing.assert_allclose(first["divided"], first["alone"], atol=1e-4)
    assert (first["gathered"], second["gathered"]) == (2, 2)  # when the first one looked, and at the end
    np.testing.assert_array_equal(first["looked"], first["late"])
    assert 0 < np.abs(first["looked"] - first["divided"]).max() < 0.2
    for process in (first, second):
        assert process["began"].tolist() == [3, 3]
        np.testing.assert_array_equal(process["resumed"], first["divided"])
    assert sorted(path.name for path in tmp_path.glob("*.state")) == ["0.npz.state"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "picture"}, "split is picture, which divides a picture among devices, and there is one; leave it out"),
        ({"split": 4}, "split is 4, and there are 1 devices to use; give a number up to that, or `picture`"),
        ({"split": "picture", "devices": 3}, "devices is 3; there are 1"),
    ],
)
def test_too_few_devices_are_refused(pictures, tiny_model, options, message):
    with pytest.raises(SettingsError, match=message):
        stylize(*pictures, model=tiny_model, size=64, **options)


def eight_devices() -> Mesh:
    """A mesh for eight devices of a picture, on which nothing runs."""
    return mesh_of(jax.local_devices()[:1] * 8, each=8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {},
            r"400×300 pixels has 38 rows for each of 8 devices, which share 128 with .*; divide it among at most 2,",
        ),
        ({"octaves": 4}, r"share 256 with each neighbor; leave split out, or choose a larger size"),
        ({"tiles": 512}, "tiles is 512, and split divides the picture otherwise; give one of them"),
        (
            {"normalize_gradients": True},
            "but normalize_gradients needs the gradient of the whole picture at once; leave split out",
        ),
    ],
)
def test_pictures_that_cannot_be_divided_are_refused(pictures, changes, message):
    job = Job(pictures[0], pictures[1:], Settings(**changes))
    with pytest.raises(SettingsError, match=message):
        planned_splits(job, [(150, 200), (300, 400)], eight_devices())


def test_scales_with_too_few_rows_are_not_divided(pictures):
    job = Job(pictures[0], pictures[1:], Settings(octaves=1))
    splits = planned_splits(job, [(100, 90), (270, 90)], eight_devices())
    assert [split and split.rows for split in splits] == [None, 34]
