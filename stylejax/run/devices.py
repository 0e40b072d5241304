"""Many devices in one machine: lanes are spread over them, everything that lanes share is held by each.

Lanes do not depend on each other, so plain sharding annotations suffice: the same program runs on every device with its share
of the lanes, and no device ever waits for another (a test reads the compiled program and finds no collective in it). Each
process of a fleet uses its own devices alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from stylejax.choices import DeviceCount
from stylejax.errors import SettingsError
from stylejax.losses.objective import Targets
from stylejax.network.backend import Device, local_devices
from stylejax.optimize.chunk import Shared

_Lane = TypeVar("_Lane")


def devices_for(lanes: int, wanted: DeviceCount = "all") -> tuple[Device, ...]:
    """The local devices that so many lanes are spread over: as few as keep the fullest of them as empty as it can be.

    Args:
        lanes: pictures of a batch.
        wanted: at most so many devices.

    Raises:
        SettingsError: there are not as many as wanted.
    """
    present = local_devices()
    if wanted != "all" and not 1 <= wanted <= len(present):
        raise SettingsError(f"devices is {wanted}; this machine has {len(present)}: give a number up to that, or `all`")
    most = len(present) if wanted == "all" else wanted
    each = math.ceil(lanes / most)
    return tuple(present[: math.ceil(lanes / each)])


def padded(lanes: Sequence[_Lane], devices: Sequence[Device]) -> list[_Lane]:
    """The lanes, with copies of the last one up to a multiple of the number of devices."""
    return [*lanes, *[lanes[-1]] * (-len(lanes) % max(1, len(devices)))]


@dataclass(frozen=True)
class Placement:
    """Where the arrays of a batch go; on one device they stay where they are."""

    devices: tuple[Device, ...] = ()

    def each(self, lanes: int) -> int:
        """How many of the lanes each device has."""
        return lanes // max(1, len(self.devices))

    def everywhere(self, tree: Any) -> Any:
        """A copy on every device: the network."""
        return self._put(tree, PartitionSpec())

    def lanes(self, tree: Any, *, axis: int = 0) -> Any:
        """Arrays with a number of lanes along `axis` that the number of devices divides, spread over the devices."""
        return self._put(tree, PartitionSpec(*[None] * axis, "lanes"))

    def targets(self, targets: Targets, shared: Shared) -> Targets:
        """Those that all lanes share everywhere, the others with their lanes."""
        return Targets(
            *(self.everywhere(part) if all_ else self.lanes(part) for part, all_ in zip(targets, shared, strict=True))
        )

    def _put(self, tree: Any, spec: PartitionSpec) -> Any:
        if len(self.devices) < 2:
            return tree
        return jax.device_put(tree, NamedSharding(Mesh(np.array(self.devices), ("lanes",)), spec))
