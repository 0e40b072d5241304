"""How many pictures of a group are optimized together, and the memory that takes."""

import math
from collections.abc import Callable

from stylejax.batch.plan.groups import Group
from stylejax.choices import DeviceCount, SplitName
from stylejax.network.backend import platform
from stylejax.network.vgg import VGG19
from stylejax.run.devices import devices_for, side_by_side
from stylejax.run.memory.batch_size import automatic_batch_size
from stylejax.run.memory.estimate import chunk_bytes
from stylejax.settings.settings import Settings

USEFUL_ON_CPU, USEFUL = 1, 16
"""On CPUs larger batches are no faster (docs/performance.md), and lose more work when a process is killed."""

NetworkFor = Callable[[Settings], VGG19]
"""The network that settings name, loaded."""


def batch_size_of(group: Group, network_for: NetworkFor, devices: DeviceCount, *, split: SplitName = "none") -> int:
    """The automatic batch size of a group, spread over `devices`; 1 per device where it cannot be determined.

    Where memory is the limit it is a power of two, so that runs continue with the same batches, and the same bits, although the
    free memory varies. Of pictures that are divided, there are as many as groups of devices.
    """
    if split != "none":
        return side_by_side(len(group.rows), wanted=devices, split=split)
    count = len(devices_for(len(group.rows), wanted=devices))
    most = min(math.ceil(len(group.rows) / count), USEFUL_ON_CPU if platform() == "cpu" else USEFUL)
    try:
        network = network_for(group.settings)
        fit = automatic_batch_size(network, group.settings, group.scales[-1], most=most, shared=group.shared)
    except Exception:  # the compiler's own; executing the group meets it again, and reports it for each row
        return count
    return count * (fit if fit == most else 2 ** (fit.bit_length() - 1))


def bytes_of(group: Group, network_for: NetworkFor) -> int:
    """The memory that a batch of the group takes, by the compiler's analysis; 0 where it cannot be determined."""
    try:
        network = network_for(group.settings)
        return chunk_bytes(network, group.settings, *group.scales[-1], batch_size=group.batch_size, shared=group.shared)
    except Exception:
        return 0
