"""Several devices in one machine: a batch is spread over them, and each holds a copy of what its pictures share.

Pictures do not depend on each other, so plain sharding annotations suffice: the same program runs on every device with its part
of the batch, and no device ever waits for another (a test reads the compiled program and finds no collective in it). Each
process of a fleet uses only its own devices.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from stylejax.choices import DeviceCount, SplitName
from stylejax.errors import SettingsError
from stylejax.losses.targets import Targets
from stylejax.network.backend import Device, local_devices
from stylejax.optimize.chunk import Shared

_Item = TypeVar("_Item")


def devices_for(batch_size: int, *, wanted: DeviceCount = "all") -> tuple[Device, ...]:
    """The local devices for a batch: the fewest that minimize the largest batch of one device.

    Args:
        batch_size: pictures of the batch.
        wanted: at most so many devices.

    Raises:
        SettingsError: the machine has fewer devices than `wanted`.
    """
    present = local_devices()
    if wanted != "all" and not 1 <= wanted <= len(present):
        raise SettingsError(f"devices is {wanted}; this machine has {len(present)}: give a number up to that, or `all`")
    most = len(present) if wanted == "all" else wanted
    each = math.ceil(batch_size / most)
    return tuple(present[: math.ceil(batch_size / each)])


def devices_for_rows(batch_size: int, *, wanted: DeviceCount = "all", split: SplitName) -> tuple[tuple[Device, ...], int]:
    """The devices of all processes for a batch whose pictures are divided, and how many of them each picture has.

    Args:
        batch_size: pictures of the batch.
        wanted: at most so many devices.
        split: how many of them each picture has; `picture` for all.

    Raises:
        SettingsError: `split` is something else, there are fewer devices, or some processes would have none of the batch.
    """
    local_devices()  # a platform that does not exist is reported in one line
    present = jax.devices()
    if wanted != "all" and not 1 <= wanted <= len(present):
        raise SettingsError(f"devices is {wanted}; there are {len(present)}: give a number up to that, or `all`")
    most = len(present) if wanted == "all" else wanted
    if split != "picture" and not (isinstance(split, int) and split > 0):
        raise SettingsError(f"split is {split}; it must be a number of devices, picture or none")
    each = most if split == "picture" else split
    if each < 2:
        raise SettingsError(f"split is {split}, which divides a picture among devices, and there is one; leave it out")
    if each > most:
        raise SettingsError(f"split is {split}, and there are {most} devices to use; give a number up to that, or `picture`")
    used = each * min(most // each, batch_size)
    if jax.process_count() > 1 and used < len(present):
        raise SettingsError(
            f"split divides a batch of {batch_size} among {used} devices, and the processes have {len(present)}; use all"
        )
    return tuple(present[:used]), each


def devices_of(batch_size: int, *, wanted: DeviceCount = "all", split: SplitName = "none") -> tuple[tuple[Device, ...], int]:
    """The devices for a batch, and how many of them each picture has: 1 where `split` is `none`; see the functions above."""
    if split == "none":
        return devices_for(batch_size, wanted=wanted), 1
    return devices_for_rows(batch_size, wanted=wanted, split=split)


def side_by_side(pictures: int, *, wanted: DeviceCount = "all", split: SplitName) -> int:
    """How many of so many pictures, each divided among several devices, are painted at once; the arguments are as above."""
    devices, each = devices_of(pictures, wanted=wanted, split=split)
    return len(devices) // each


def padded(items: Sequence[_Item], batch_size: int) -> list[_Item]:
    """The items of a batch, filled up with copies of the last one to `batch_size`."""
    return [*items, *[items[-1]] * (batch_size - len(items))]


def divisible(batch_size: int, devices: int) -> int:
    """The batch size, rounded up to a multiple of the number of devices."""
    return batch_size + -batch_size % max(1, devices)


@dataclass(frozen=True)
class Placement:
    """Where the arrays of a batch are stored; with a single device they stay where they are.

    Given shapes and types, the methods say of them where their arrays will be.
    """

    devices: tuple[Device, ...] = ()

    def per_device(self, batch_size: int) -> int:
        """How many pictures of a batch each device has."""
        return batch_size // max(1, len(self.devices))

    def replicate(self, tree: PyTree) -> PyTree:
        """A copy on every device, as of the network."""
        return self._put(tree, PartitionSpec())

    def spread(self, tree: PyTree, *, axis: int = 0) -> PyTree:
        """Spread arrays over the devices, whose number divides the size of their batch `axis`."""
        return self._put(tree, PartitionSpec(*[None] * axis, "batch"))

    def targets(self, targets: Targets, shared: Shared) -> Targets:
        """Replicate the targets that all pictures share, and spread the others."""
        axes = zip(targets, shared.axes, strict=True)
        return Targets(*(self.replicate(part) if axis is None else self.spread(part) for part, axis in axes))

    def _put(self, tree: PyTree, spec: PartitionSpec) -> PyTree:
        if len(self.devices) < 2:
            return tree
        return placed(tree, NamedSharding(Mesh(np.array(self.devices), ("batch",)), spec))


def placed(tree: PyTree, sharding: NamedSharding) -> PyTree:
    """Arrays on a mesh, or shapes and types with the sharding of such arrays."""

    def place(leaf: jax.Array | np.ndarray | jax.ShapeDtypeStruct) -> jax.Array | jax.ShapeDtypeStruct:
        if isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf.update(sharding=sharding)
        return jax.device_put(leaf, sharding)

    return jax.tree.map(place, tree)
