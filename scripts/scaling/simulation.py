"""Simulation of a fleet: chips, CPU cores for decoding and encoding, a common storage, stragglers, and lost machines.

Each chip with its cores is a pipeline of overlapping stages; a batch takes as long as the slowest stage. The storage serves
transfers one after the other, at its bandwidth. Batches are assigned by a queue (Ray), or in advance as shards (Slurm arrays,
Kubernetes indexed jobs). Machines differ in speed and may be lost; their current batch is then processed again.
"""

import heapq
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Fleet:
    """Parameters of the simulation."""

    chips: int
    pictures: int
    unit: int
    """Pictures per batch; a lost machine loses its current batch."""
    paint: float
    """Seconds per picture on a chip of average speed."""
    files: float
    """Seconds of one core to decode and encode a picture."""
    cores: int
    """Cores per chip."""
    bytes: float
    """Bytes read and written per picture."""
    bandwidth: float
    """Bytes per second of the storage, for all chips together."""
    startup: float = 60.0
    """Seconds of startup, loading and compilation of a machine."""
    spread: float = 0.1
    """Standard deviation of the logarithm of the machines' speeds."""
    lost_per_hour: float = 0.0
    """Rate at which a machine is lost, per hour."""


@dataclass(frozen=True)
class Outcome:
    """Result of a simulation."""

    hours: float
    efficiency: float
    """Fraction of the paid chip time that a chip of average speed would need for the finished pictures."""
    bottleneck: str
    """The slowest stage: `optimize`, `decode, encode` or `storage`."""


def simulate(fleet: Fleet, *, assignment: Literal["queue", "shards"] = "queue", seed: int = 0) -> Outcome:
    """Simulate the processing of all pictures; the whole fleet is paid for until the last picture is written."""
    rng = np.random.default_rng(seed)
    slowness = np.exp(rng.normal(0, fleet.spread, fleet.chips))
    files, transfer = fleet.files / fleet.cores, fleet.bytes / fleet.bandwidth
    units = -(-fleet.pictures // fleet.unit)
    left = [units // fleet.chips + (chip < units % fleet.chips) for chip in range(fleet.chips)]
    free = [(fleet.startup * slowness[chip], chip) for chip in range(fleet.chips)]
    heapq.heapify(free)
    storage, end, remaining = 0.0, 0.0, units
    while remaining and free:
        now, chip = heapq.heappop(free)
        if assignment == "shards" and left[chip] == 0:
            continue
        seconds = fleet.unit * max(fleet.paint, files) * slowness[chip]
        if fleet.lost_per_hour and rng.random() < 1 - np.exp(-fleet.lost_per_hour * seconds / 3600):
            heapq.heappush(free, (now + rng.random() * seconds + fleet.startup * slowness[chip], chip))
            continue
        remaining -= 1
        left[chip] -= 1
        storage = max(storage, now) + fleet.unit * transfer
        done = max(now + seconds, storage)
        end = max(end, done)
        heapq.heappush(free, (done, chip))
    stages = {"optimize": fleet.paint, "decode, encode": files, "storage": transfer * fleet.chips}
    useful = fleet.pictures * fleet.paint
    return Outcome(end / 3600, useful / (fleet.chips * end), max(stages, key=lambda name: stages[name]))
