"""The devices of this process, with a one-line error for a platform that does not exist."""

import os
from contextlib import suppress
from typing import TypeAlias

import jax
from jax.extend.backend import clear_backends

from stylejax.errors import SettingsError

Device: TypeAlias = jax.Device  # pyright: ignore[reportInvalidTypeForm]


def local_devices() -> list[Device]:
    """The devices of JAX's default platform.

    Raises:
        SettingsError: the environment names a platform that this machine lacks; the message names those it has.
    """
    try:
        return jax.local_devices()
    except (RuntimeError, AssertionError) as problem:
        wanted = {"JAX_PLATFORMS": jax.config.values["jax_platforms"], "JAX_PLATFORM_NAME": os.environ.get("JAX_PLATFORM_NAME")}
        named = " and ".join(f"{name} is {value}" for name, value in wanted.items() if value)
        reason = (str(problem).splitlines() or ["it cannot be used"])[0]
        if not named:
            raise SettingsError(f"JAX finds no device: {reason}") from None
    raise SettingsError(f"{named}, but the platforms here are {', '.join(_present())}; set it to one of these, or to nothing")


def platform() -> str:
    """The name of JAX's default platform: cpu, gpu or tpu.

    Raises:
        SettingsError: as for `local_devices`.
    """
    return local_devices()[0].platform


def _present() -> list[str]:
    """The platforms that JAX can use by default."""
    before = jax.config.values["jax_platforms"]
    jax.config.update("jax_platforms", None)
    found = []
    try:
        for name in ("gpu", "tpu", "cpu"):
            with suppress(RuntimeError, AssertionError):
                found.append(jax.devices(name)[0].platform)
    finally:  # restored, so that the next call gives the same answer
        jax.config.update("jax_platforms", before)
        clear_backends()
    return found
