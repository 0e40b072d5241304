"""Many machines that start together: JAX's own multi-controller runtime tells each process which it is of how many.

On TPU pods, under Slurm and under Kubernetes it finds the others by itself; elsewhere the coordinator's address, the number of
processes and this one's number are given. Each process paints its share of the table on its own devices; nothing is exchanged
but the counts at the end, so a slow machine holds nobody up.
"""

from collections.abc import Sequence

import jax
import numpy as np

from stylejax.batch.share import Share
from stylejax.errors import SettingsError


def join(coordinator: str | None = None, processes: int | None = None, process: int | None = None) -> Share:
    """Join the other processes, before anything else uses JAX; gives this one's share.

    Args:
        coordinator: `host:port` that process 0 listens on and all others can reach; None to find it.
        processes: how many there are; None to find out.
        process: which this one is, counted from 0; None to find out.

    Raises:
        SettingsError: the others cannot be found.
    """
    try:
        jax.distributed.initialize(coordinator, processes, process)
    except (ValueError, RuntimeError) as problem:
        told = str(problem).splitlines()[0]
        raise SettingsError(
            f"the other processes cannot be found: {told}; give --coordinator host:port, --processes N and --process i"
        ) from None
    return Share(jax.process_index(), jax.process_count())


def totals(counts: Sequence[int]) -> list[int]:
    """The sums of these counts over all processes, once all have come here."""
    if jax.process_count() == 1:
        return list(counts)
    from jax.experimental.multihost_utils import process_allgather

    return np.asarray(process_allgather(np.asarray(counts, np.int32))).sum(0).tolist()
