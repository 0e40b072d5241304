"""The share of a process among processes that start together, from JAX's multi-controller runtime.

Each process executes its share of the table on its own devices. The processes do not stay connected: the runtime ends all
processes of a job when one of them dies, and here the others are to continue.
"""

import jax

from stylejax.batch.input.shard import Share
from stylejax.run.processes.connect import connect


def join(coordinator: str | None = None, *, processes: int | None = None, process: int | None = None) -> Share:
    """Connect to the other processes, part again, and return this process's share; arguments and errors as for `connect`."""
    connect(coordinator, processes=processes, process=process)
    share = Share(jax.process_index(), jax.process_count())
    jax.distributed.shutdown()
    return share
