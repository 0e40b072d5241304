"""Many machines that start together: JAX's own multi-controller runtime tells each process which it is of how many.

On TPU pods, under Slurm and under Kubernetes it finds the others by itself; elsewhere the coordinator's address, the number of
processes and this one's number are given. Each process then paints its share of the table on its own devices. They do not stay
connected: the runtime ends all processes of a job when one of them dies, and here the others are to go on.
"""

import re

import jax

from stylejax.batch.input.shard import Share
from stylejax.errors import SettingsError


def join(coordinator: str | None = None, processes: int | None = None, process: int | None = None) -> Share:
    """Meet the other processes, before anything else uses JAX; gives this one's share.

    Args:
        coordinator: `host:port` that process 0 listens on and all others can reach; None to find it.
        processes: how many there are; None to find out.
        process: which this one is, counted from 0; None to find out.

    Raises:
        SettingsError: an address or a number cannot be one, or the others cannot be found.
    """
    _check(coordinator, processes, process)
    try:
        jax.distributed.initialize(coordinator, processes, process)
        share = Share(jax.process_index(), jax.process_count())
        jax.distributed.shutdown()
    except (ValueError, RuntimeError) as problem:
        told = str(problem).splitlines()[0]
        raise SettingsError(
            f"the other processes cannot be found: {told}; give --coordinator host:port, --processes N and --process i"
        ) from None
    return share


def _check(coordinator: str | None, processes: int | None, process: int | None) -> None:
    """Raise SettingsError for what can lead nowhere: JAX would wait for minutes, or end the process."""
    address = re.fullmatch(r"(?:[\w.-]+|\[[0-9A-Fa-f:.%]+\]):(\d{1,5})", coordinator or "any:1")
    if not address or not 1 <= int(address[1]) <= 65535 or coordinator == "":
        raise SettingsError(f"coordinator is {coordinator!r}; it must be host:port, such as 10.0.0.1:8476")
    if processes is not None and processes < 1:
        raise SettingsError(f"processes is {processes}; it must be at least 1")
    if process is not None and not 0 <= process < (processes or process + 1):
        raise SettingsError(f"process is {process}; it must be from 0 to the number of processes less one")
