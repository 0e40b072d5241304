"""Many devices in one machine: the same pictures, and no device that waits for another."""

import json
import os
import subprocess
import sys
from unittest.mock import Mock

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SUPPORT

from stylejax.errors import SettingsError
from stylejax.run import devices
from stylejax.run.devices import devices_for, divisible, padded


@pytest.mark.slow
def test_four_devices_paint_what_one_does_without_a_collective():
    program = SUPPORT / "four_devices.py"
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = os.pathsep.join([str(SUPPORT.parent), *sys.path])
    result = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=280, env=environment)
    assert result.returncode == 0, result.stderr
    reported = json.loads(result.stdout)
    assert reported["devices"] == 4
    assert reported["placed"] == [[scale, 4, 2] for scale in (1, 2)]  # seven pictures and a copy, two on each
    assert reported["collectives"] == []
    assert "all-reduce" in reported["seen in a sum over devices"]  # a collective would have been seen
    *of_one_scale, of_two = reported["differences"]
    assert max(of_one_scale) <= 1e-5
    # In twelve steps a ReLU may be decided by rounding, which moves single values.
    assert of_two <= 1e-3 and reported["differing"][-1] <= 1e-3


@given(batch_size=st.integers(1, 300), present=st.integers(1, 40))
def test_a_batch_is_spread_evenly_over_as_few_devices_as_do(batch_size, present):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "local_devices", lambda: [Mock(spec=jax.Device)] * present)
        used = devices_for(batch_size)
    fullest = -(-batch_size // present)
    assert 1 <= len(used) <= present
    assert len(padded([0] * batch_size, divisible(batch_size, len(used)))) == len(used) * fullest
    assert (len(used) - 1) * fullest < batch_size


def test_more_devices_than_there_are_are_refused():
    for wanted in (0, len(jax.local_devices()) + 1):
        with pytest.raises(SettingsError, match="this machine has"):
            devices_for(4, wanted=wanted)
