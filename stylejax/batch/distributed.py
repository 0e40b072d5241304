"""Many machines that start together: JAX's own multi-controller runtime tells each process which it is of how many.

On TPU pods, under Slurm and under Kubernetes it finds the others by itself; elsewhere the coordinator's address, the number of
processes and this one's number are given. Each process then paints its share of the table on its own devices. They do not stay
connected: the runtime ends all processes of a job when one of them dies, and here the others are to go on.
"""

import jax

from stylejax.batch.share import Share
from stylejax.errors import SettingsError


def join(coordinator: str | None = None, processes: int | None = None, process: int | None = None) -> Share:
    """Meet the other processes, before anything else uses JAX; gives this one's share.

    Args:
        coordinator: `host:port` that process 0 listens on and all others can reach; None to find it.
        processes: how many there are; None to find out.
        process: which this one is, counted from 0; None to find out.

    Raises:
        SettingsError: the others cannot be found.
    """
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
