"""Joining JAX's multi-controller runtime, with one-line errors.

On TPU pods, under Slurm, Open MPI and Kubernetes the runtime finds the processes by itself; elsewhere the address of the
coordinator, the number of processes and the index of this one must be given.
"""

import os
import re

import jax

from stylejax.errors import SettingsError


def connect(coordinator: str | None = None, *, processes: int | None = None, process: int | None = None) -> None:
    """Initialize `jax.distributed`. Call it before anything else uses JAX's devices.

    Args:
        coordinator: `host:port` on which process 0 listens and which all others can reach; None to detect it.
        processes: how many there are; None to detect it.
        process: index of this process, from 0; None to detect it.

    Raises:
        SettingsError: an address or a number is invalid, or the other processes cannot be found.
    """
    check_addresses(coordinator, processes, process)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the runtime logs pages when processes end
    # With one device a process, a CPU may begin a program before the last one has ended, and mix the messages of both.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    try:
        jax.distributed.initialize(coordinator, processes, process)
    except (ValueError, RuntimeError) as problem:
        raise not_found(str(problem).splitlines()[0]) from None


def not_found(reason: object) -> SettingsError:
    """The error for processes that do not find each other."""
    return SettingsError(
        f"the other processes cannot be found: {reason}; give --coordinator host:port, --processes N and --process i"
    )


def check_addresses(coordinator: str | None, processes: int | None, process: int | None) -> None:
    """Raise SettingsError for values with which JAX would wait for minutes, or end the process."""
    address = re.fullmatch(r"(?:[\w.-]+|\[[0-9A-Fa-f:.%]+\]):(\d{1,5})", coordinator or "any:1")
    if not address or not 1 <= int(address[1]) <= 65535 or coordinator == "":
        raise SettingsError(f"coordinator is {coordinator!r}; it must be host:port, such as 10.0.0.1:8476")
    if processes is not None and processes < 1:
        raise SettingsError(f"processes is {processes}; it must be at least 1")
    if process is not None and not 0 <= process < (processes or process + 1):
        raise SettingsError(f"process is {process}; it must be from 0 to the number of processes less one")
