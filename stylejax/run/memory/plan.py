"""Which scales of a run are optimized in tiles, and the memory that the run takes."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stylejax.errors import OutOfMemoryError, SettingsError
from stylejax.files.cache import cache_folder
from stylejax.files.disk_arrays import disk_room
from stylejax.losses.tiles.geometry import alignment, check_side, smallest_tile
from stylejax.network.backend import platform
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.inputs.job import Job
from stylejax.run.memory.available import format_bytes, memory_budget
from stylejax.run.memory.check import peak_bytes, shorter_history, smaller_side
from stylejax.run.memory.estimate import least_bytes, most_bytes
from stylejax.run.memory.tiles import history_bytes, host_bytes, preparation_bytes, tiled_bytes
from stylejax.settings.objective_spec import objective_spec
from stylejax.types import Shape

LARGEST = 1024
"""Side of an automatic tile: a larger one has less overlap, which is little already."""


def planned_tiles(
    model: VGG19, jobs: Sequence[Job], shapes: Sequence[Shape], *, shared: Shared | None = None
) -> tuple[int, ...]:
    """For each scale the side of its tiles; 0 where the whole picture is computed at once.

    Args:
        model: the feature network.
        jobs: the pictures of one device.
        shapes: of the scales, coarse to fine.
        shared: which targets the pictures share, where that is known.

    Raises:
        OutOfMemoryError: the largest scale does not fit in tiles, either.
        SettingsError: tiles are asked for and not possible.
    """
    settings, count = jobs[0].settings, len(shapes)
    if settings.tiles == "none":
        return (0,) * count
    if settings.tiles == "auto":
        if len(jobs) > 1 or problem(jobs[0]) or _fits(model, jobs, shapes[-1], shared):
            return (0,) * count
        side = _side_that_fits(model, jobs, shapes[-1])
        beside = preparation_bytes(model, jobs, shapes[-1], side)
        coarse = enumerate(shapes[:-1])
        first = next((number for number, shape in coarse if not _fits(model, jobs, shape, shared, beside=beside)), count - 1)
        return tuple(0 if number < first else side for number in range(count))
    if problem(jobs[0]):
        raise SettingsError(f"tiles is {settings.tiles}, but {problem(jobs[0])}; leave tiles out")
    side = int(settings.tiles)
    check_side(side, objective_spec(settings).layers)
    return tuple(side if max(shape) > side else 0 for shape in shapes)


class TiledMemory(NamedTuple):
    """What a picture in tiles takes."""

    peak: int
    """Bytes of memory."""
    history_on_disk: bool


def check_tiled_memory(model: VGG19, jobs: Sequence[Job], shape: Shape, side: int) -> TiledMemory:
    """What `jobs` take at `shape` in tiles of `side`. The history of the optimizer is on disk if memory demands it.

    Raises:
        OutOfMemoryError: that is more than there is.
    """
    peak, budget = 0, memory_budget()
    for on_disk in _places(jobs, shape):
        peak = tiled_bytes(model, jobs, shape, side, history=not on_disk)
        if budget is None or peak <= budget:
            return TiledMemory(peak, on_disk)
    assert budget is not None
    raise _too_large(jobs, shape, side, peak, budget)


def _fits(model: VGG19, jobs: Sequence[Job], shape: Shape, shared: Shared | None, *, beside: int = 0) -> bool:
    """Whether the whole picture fits, and so many bytes `beside` it; its program is compiled unless that is certain."""
    settings, budget = jobs[0].settings, memory_budget()
    budget = None if budget is None else budget - beside
    if budget is None or most_bytes(model, settings, *shape, batch_size=len(jobs)) <= budget:
        return True
    least = least_bytes(model, settings, *shape) * len(jobs)
    return least <= budget and peak_bytes(model, jobs, shape, shared=shared) <= budget


def problem(job: Job) -> str:
    """Why a picture cannot be computed in tiles; empty if it can."""
    settings = job.settings
    if job.before is not None:
        return "frames of a video are compared with the frame before as a whole"
    if settings.normalize_gradients:
        return "normalize_gradients needs the gradient of the whole picture at once"
    if not isinstance(settings.optimizer, str):
        return "an optimizer of optax may evaluate the whole picture several times a step"
    return ""


def _side_that_fits(model: VGG19, jobs: Sequence[Job], shape: Shape) -> int:
    """The side of the largest tiles that fit.

    Raises:
        OutOfMemoryError: none do.
    """
    layers, peak, budget = objective_spec(jobs[0].settings).layers, 0, memory_budget()
    assert budget is not None  # otherwise the whole picture would fit
    unit, least = alignment(layers), smallest_tile(layers)
    for on_disk in _places(jobs, shape):
        side = max(least, min(LARGEST, max(shape)) // unit * unit)
        peak = fixed = host_bytes(model, jobs, shape, history=not on_disk)
        while fixed < budget and side >= least:
            peak = tiled_bytes(model, jobs, shape, side, history=not on_disk)
            if peak <= budget:
                return side
            share = math.sqrt((budget - fixed) / (peak - fixed))  # what a tile takes grows with its area
            side = math.floor(0.95 * share * side / unit) * unit
    raise _too_large(jobs, shape, least, peak, budget)


def _places(jobs: Sequence[Job], shape: Shape) -> Iterator[bool]:
    """Whether the history of the optimizer may be on disk: at first it is in memory."""
    yield False
    if platform() == "cpu" and 0 < history_bytes(jobs, shape) <= disk_room():
        yield True


def _too_large(jobs: Sequence[Job], shape: Shape, side: int, needed: int, budget: int) -> OutOfMemoryError:
    settings, history = jobs[0].settings, history_bytes(jobs, shape)
    ways = [*smaller_side(settings, shape, budget / needed)]
    if history > disk_room():  # what is needed includes it
        ways = [*shorter_history(settings, shape, len(jobs), excess=needed - budget), *ways]
        ways.append(f"{format_bytes(history)} of room in {cache_folder()}")
    return OutOfMemoryError(
        f"a picture of {shape[1]}×{shape[0]} pixels would take {format_bytes(needed)} of memory, also in tiles of {side} "
        f"pixels, and there are {format_bytes(budget)} to use; "
        + (f"these would about fit: {', '.join(ways)}" if ways else "choose a smaller size")
    )
