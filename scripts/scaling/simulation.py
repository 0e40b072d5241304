"""Where a fleet stops scaling: chips, the cores that decode and encode for them, one storage for all, and stragglers.

A chip with its cores is a pipeline of three stations, which overlap: a unit takes as long as the slowest. The storage serves
one transfer after the other, at its bandwidth. Units are handed out one by one (`ray`, or any queue), or dealt out beforehand
(`shares`, as Slurm arrays and Kubernetes indexed jobs do). Some machines are slower than others, and machines of a spot market
go: what they were painting is painted again.
"""

import heapq
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Fleet:
    """What is simulated."""

    chips: int
    pictures: int
    unit: int
    """Pictures painted together; a machine that goes loses so many."""
    paint: float
    """Seconds a picture on a chip of ordinary speed."""
    files: float
    """Seconds of one core to decode and encode a picture."""
    cores: int
    """Beside each chip."""
    bytes: float
    """Of a picture, read and written."""
    bandwidth: float
    """Of the storage, bytes a second, for all together."""
    startup: float = 60.0
    """Seconds until a machine paints: start, network, compilation."""
    spread: float = 0.1
    """Standard deviation of the logarithm of the machines' speeds."""
    lost_per_hour: float = 0.0
    """How often a machine goes, an hour."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    hours: float
    efficiency: float
    """Share of the paid chip time in which a chip of ordinary speed would have been painting something that was kept."""
    bound: str
    """Which station is the slowest: `paint`, `files` or `storage`."""


def simulate(fleet: Fleet, *, handed: Literal["queue", "shares"] = "queue", seed: int = 0) -> Outcome:
    """Paint all pictures; the fleet is paid for until the last is written."""
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
        if handed == "shares" and left[chip] == 0:
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
    stations = {"paint": fleet.paint, "files": files, "storage": transfer * fleet.chips}
    useful = fleet.pictures * fleet.paint
    return Outcome(end / 3600, useful / (fleet.chips * end), max(stations, key=lambda name: stations[name]))
