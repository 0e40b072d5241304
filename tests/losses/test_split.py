"""One picture on many devices: value and gradient are those of the whole picture, from halos and sums alone."""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SUPPORT
from processes import with_devices

from stylejax.losses.split.geometry import row_windows
from stylejax.losses.tiles.geometry import alignment, overlap


@given(st.integers(1, 9), st.integers(1, 90), st.integers(0, 3), st.sampled_from(["relu1_1", "relu3_1", "relu5_1", "pixels"]))
def test_windows_own_every_row_once_and_reach_as_far_as_the_layers_do(devices, more, octave, deepest):
    reach, unit = (2**octave * count([deepest]) for count in (overlap, alignment))
    height = devices * max(reach, unit) + more
    windows = row_windows(height, devices, [deepest], octave=octave)
    assert len(windows) == devices and len({span.size for span in windows}) == 1  # one program runs on all of them
    assert [span.first for span in windows] == [0, *(span.last for span in windows[:-1])] and windows[-1].last == height
    for span in windows:
        assert 0 <= span.start <= span.first < span.last <= span.stop <= height
        assert span.start % unit == 0 and (span.start == 0 or span.first - span.start >= reach)
        assert span.size <= height / devices + 2 * (reach + unit)
        assert span.stop == height or span.stop // unit * unit - span.last >= reach


@pytest.fixture(scope="module")
def reported() -> dict[str, dict]:
    """What eight virtual devices report."""
    command = [sys.executable, SUPPORT / "split_picture.py"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, env=with_devices(8))
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.slow
def test_value_and_gradient_are_those_of_the_whole_picture(reported):
    assert len(reported) == 3
    for name, case in reported.items():
        assert case["gradient"] < 1e-5 and case["total"] < 1e-5 and case["terms"] < 2e-5, name


@pytest.mark.slow
def test_devices_send_each_other_halos_and_sums_alone(reported):
    for name, case in reported.items():
        sent = {kind: [what for what, other in case["communication"] if other == kind] for _, kind in case["communication"]}
        gathered = sent.pop("all-gather", [])
        assert all(re.fullmatch(r"f32\[2\]\S*", numbers) for numbers in gathered), name  # a number of each picture
        assert sent.keys() == {"collective-permute", "all-reduce"} and len(sent["all-reduce"]) <= 3, name
        assert all(re.match(r"f32\[1,\d+,\d+,3\]", rows) for rows in sent["collective-permute"]), name  # pixels, no features
