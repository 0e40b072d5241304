"""The devices of this process, asked in one place: a platform that is not there is told in one line."""

import os
from contextlib import suppress
from typing import Any

import jax
from jax.extend.backend import clear_backends

from stylejax.errors import SettingsError

Device = Any
"""A `jax.Device`."""


def local_devices() -> list[Device]:
    """The devices of JAX's default platform.

    Raises:
        SettingsError: the environment names a platform that is not here; the message says which are.
    """
    try:
        return jax.local_devices()
    except (RuntimeError, AssertionError) as problem:
        wanted = {"JAX_PLATFORMS": jax.config.values["jax_platforms"], "JAX_PLATFORM_NAME": os.environ.get("JAX_PLATFORM_NAME")}
        named = " and ".join(f"{name} is {value}" for name, value in wanted.items() if value)
        told = (str(problem).splitlines() or ["it cannot be used"])[0]
        if not named:
            raise SettingsError(f"JAX finds no device: {told}") from None
    raise SettingsError(f"{named}, but the platforms here are {', '.join(_present())}; set it to one of these, or to nothing")


def platform() -> str:
    """The name of JAX's default platform: cpu, gpu or tpu.

    Raises:
        SettingsError: as for `local_devices`.
    """
    return local_devices()[0].platform


def _present() -> list[str]:
    """The platforms that JAX can use when nobody names one."""
    before = jax.config.values["jax_platforms"]
    jax.config.update("jax_platforms", None)
    found = []
    try:
        for name in ("gpu", "tpu", "cpu"):
            with suppress(RuntimeError, AssertionError):
                found.append(jax.devices(name)[0].platform)
    finally:  # as it was: the next question is answered like this one
        jax.config.update("jax_platforms", before)
        clear_backends()
    return found
