"""What one memory has of a batch that several devices paint.

An accelerator has a memory of its own. The devices of a CPU share that of the machine, so that all shares of one process count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax

from stylejax.losses.split.geometry import RowSplit
from stylejax.network.backend import Device, platform
from stylejax.network.vgg import VGG19
from stylejax.run.inputs.job import Job
from stylejax.run.memory.estimate import least_bytes
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings
from stylejax.types import Shape


@dataclass(frozen=True)
class MemoryShare:
    """The share of the first device, and of all that have the same memory. All devices have equally much."""

    jobs: Sequence[Job]
    """The whole batch."""
    shape: Shape
    devices: tuple[Device, ...] = ()
    """Of the whole batch; none for the default device."""
    split: RowSplit | None = None
    """Which device has which rows, where pictures are divided."""

    @property
    def settings(self) -> Settings:
        """Of the first picture: what is static is the same for all."""
        return self.jobs[0].settings

    @property
    def together(self) -> int:
        """How many of the devices have one memory."""
        if len(self.devices) < 2 or platform() != "cpu":
            return 1
        return sum(device.process_index == jax.process_index() for device in self.devices)

    @property
    def amount(self) -> float:
        """How much of the pictures it is: 1.5 for two halves of three pictures."""
        return len(self.jobs) * self.together / max(1, len(self.devices))

    @property
    def pictures(self) -> int:
        """Of how many pictures it has something."""
        each = self.split.devices if self.split else 1
        return math.ceil(self.together / each) * len(self.jobs) * each // max(1, len(self.devices))

    @property
    def pixels(self) -> float:
        """Pixels that are computed, those included that a neighbor computes, too."""
        rows, width = self.shape
        if self.split:
            rows = self.split.devices * max(windows[0].size for windows in self.split.windows(objective_spec(self.settings)))
        return self.amount * rows * width

    def least_bytes(self, model: VGG19) -> int:
        """A lower bound of the bytes."""
        return int(least_bytes(model, self.settings, *self.shape) * self.amount)

    def bytes(self, model: VGG19, each: int | None) -> int:
        """Peak bytes, from those of `each` device; a lower bound where the compiler does not know them."""
        return self.least_bytes(model) if each is None else each * self.together

    def __str__(self) -> str:
        """What it is a share of, and of how many: `2 pictures of 64×48 pixels`, for error messages."""
        what = f"{self.pictures} pictures" if self.pictures > 1 else "a picture"
        return f"{what} of {self.shape[1]}×{self.shape[0]} pixels"

    @property
    def place(self) -> str:
        """Where a divided picture takes so much memory, with a space before; empty where the share is a whole."""
        if not self.split or self.together == len(self.devices):
            return ""
        if platform() == "cpu":
            return f" in each of {jax.process_count()} processes"
        return f" on each of {self.split.devices} devices"
