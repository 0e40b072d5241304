"""How many pictures of a group are painted together, and the memory that takes."""

import math

from stylejax.batch.execute.worker import Worker
from stylejax.batch.plan.groups import Group
from stylejax.choices import DeviceCount
from stylejax.network.backend import platform
from stylejax.run.devices import devices_for
from stylejax.run.memory.available import memory_budget
from stylejax.run.memory.estimate import batch_size_that_fits, chunk_bytes, least_bytes

USEFUL_ON_CPU, USEFUL = 2, 16
"""On CPUs larger batches are no faster (docs/performance.md), take more memory, and lose more to a kill."""
AMPLE = 64
"""Where there is so many times the least memory of a batch it fits, and no program is compiled to know it."""


def automatic_lanes(group: Group, painter: Worker, wanted: DeviceCount) -> int:
    """As many as fit into the memory of each device and are of use; 1 a device where that cannot be told."""
    devices = len(devices_for(len(group.rows), wanted))
    try:
        return devices * _lanes(group, painter, devices)
    except Exception:  # the compiler's: whatever it is, painting will meet it, and tell it of each row
        return devices


def group_bytes(group: Group, painter: Worker) -> int:
    """The memory that painting a batch of the group takes, by the compiler's own account; 0 where it cannot be told."""
    try:
        model, shape = painter.model_for(group.settings), group.scales[-1]
        return chunk_bytes(model, group.settings, *shape, batch_size=group.lanes, shared=group.shared)
    except Exception:
        return 0


def _lanes(group: Group, painter: Worker, devices: int) -> int:
    most = min(math.ceil(len(group.rows) / devices), USEFUL_ON_CPU if platform() == "cpu" else USEFUL)
    model, budget = painter.model_for(group.settings), memory_budget()
    if budget is None or AMPLE * most * least_bytes(model, group.settings, *group.scales[-1]) <= budget:
        return most
    fit = batch_size_that_fits(model, group.settings, *group.scales[-1], most=most, shared=group.shared)
    return fit if fit == most else 2 ** max(0, fit.bit_length() - 1)  # much the same in each run, however much is free
