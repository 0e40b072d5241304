"""Arithmetic of one picture whose rows are divided among devices (`--split picture`).

    step    = windows · seconds per pixel + 2 · halo bytes / link + 2 · all-reduce
    windows = pixels / devices + 2 · margin · width          what a device computes: its rows, and those it shares
    halo    = 2 · margin · width · 12 bytes                  rows of pixels from both neighbors, and their gradient back
    picture = Σ over scales of steps · step, and once reading and writing at the bandwidth of the storage

A scale with fewer rows a device than the margin runs on as many devices as have enough. An all-reduce passes the sums of all
layers around a ring: twice their bytes over the link, and 2 · (devices - 1) latencies.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stylejax.losses.split.geometry import margin
from stylejax.network.layers import channels
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings

_CHANNEL = 4
"""Bytes of a float32 number."""


@dataclass(frozen=True)
class Mesh:
    """Devices that paint one picture, and what connects them."""

    devices: int
    per_pixel: float
    """Seconds of one device per step and pixel."""
    bytes_per_pixel: float
    """Memory of a device per pixel that it computes."""
    link: float
    """Bytes per second between two neighbors."""
    latency: float
    """Seconds until a message arrives, however short it is."""
    storage: float
    """Bytes per second of the storage, for all devices together."""
    widths: tuple[int, ...]
    """Channels of the network's five blocks."""


@dataclass(frozen=True)
class Outcome:
    """What a picture takes."""

    hours: float
    """From reading to the written picture."""
    step: float
    """Seconds of a step at the largest scale."""
    communicating: float
    """The share of it in which devices exchange rows and sums."""
    memory: float
    """Bytes of a device at the largest scale."""
    files: float
    """Seconds of reading and writing."""


def paint(mesh: Mesh, height: int, width: int, steps: Sequence[int], settings: Settings) -> Outcome:
    """One picture of this size.

    Args:
        mesh: devices and links.
        height: of the picture, in pixels.
        width: likewise.
        steps: at each scale, from coarse to fine; each is twice as large as the one before.
        settings: layers, octaves and statistic.
    """
    seconds, step, communicating, window = 0.0, 0.0, 0.0, 0.0
    for number, count in enumerate(steps):
        scale = 2 ** (len(steps) - 1 - number)
        computing, communicating, window = _step(mesh, height / scale, width / scale, settings)
        step = computing + communicating
        seconds += count * step
    files = 2 * 3 * height * width / mesh.storage  # 8 bits a channel, read and written
    return Outcome((seconds + files) / 3600, step, communicating / step, window * mesh.bytes_per_pixel, files)


def _step(mesh: Mesh, height: float, width: float, settings: Settings) -> tuple[float, float, float]:
    """Seconds of computing and of communicating, and the pixels that a device computes."""
    spec = objective_spec(settings)
    shared = margin(spec)
    devices = max(1, min(mesh.devices, math.floor(height / shared)))
    if devices == 1:
        return height * width * mesh.per_pixel, 0.0, height * width
    window = height * width / devices + 2 * shared * width
    halo = 2 * shared * width * 3 * _CHANNEL
    counts = [3 if layer == "pixels" else channels(layer, widths=mesh.widths) for layer in spec.style_layers]
    sums = spec.octaves * sum(count**2 + count + 1 for count in counts) * _CHANNEL
    reduce = 2 * sums / mesh.link + 2 * (devices - 1) * mesh.latency
    exchanges = 2 * (halo / mesh.link + mesh.latency)
    return window * mesh.per_pixel, exchanges + 2 * reduce, window
