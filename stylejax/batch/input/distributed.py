"""The share of a process among processes that start together, from JAX's multi-controller runtime.

On TPU pods, under Slurm, Open MPI and Kubernetes the runtime finds the processes by itself; elsewhere the address of the
coordinator, the number of processes and the index of this one must be given. Each process then executes its share of the table
on its own devices. The processes do not stay connected: the runtime ends all processes of a job when one of them dies, and here
the others are to continue.
"""

import re

import jax

from stylejax.batch.input.shard import Share
from stylejax.errors import SettingsError


def join(coordinator: str | None = None, *, processes: int | None = None, process: int | None = None) -> Share:
    """Initialize `jax.distributed`, shut it down again, and return this process's share. Call it before anything else uses JAX.

    Args:
        coordinator: `host:port` on which process 0 listens and which all others can reach; None to detect it.
        processes: how many there are; None to detect it.
        process: index of this process, from 0; None to detect it.

    Raises:
        SettingsError: an address or a number is invalid, or the other processes cannot be found.
    """
    _check(coordinator, processes, process)
    try:
        jax.distributed.initialize(coordinator, processes, process)
        share = Share(jax.process_index(), jax.process_count())
        jax.distributed.shutdown()
    except (ValueError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0]
        raise SettingsError(
            f"the other processes cannot be found: {reason}; give --coordinator host:port, --processes N and --process i"
        ) from None
    return share


def _check(coordinator: str | None, processes: int | None, process: int | None) -> None:
    """Raise SettingsError for values with which JAX would wait for minutes, or end the process."""
    address = re.fullmatch(r"(?:[\w.-]+|\[[0-9A-Fa-f:.%]+\]):(\d{1,5})", coordinator or "any:1")
    if not address or not 1 <= int(address[1]) <= 65535 or coordinator == "":
        raise SettingsError(f"coordinator is {coordinator!r}; it must be host:port, such as 10.0.0.1:8476")
    if processes is not None and processes < 1:
        raise SettingsError(f"processes is {processes}; it must be at least 1")
    if process is not None and not 0 <= process < (processes or process + 1):
        raise SettingsError(f"process is {process}; it must be from 0 to the number of processes less one")
