"""Which stretches of clips are painted side by side, and how many at a time."""

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from stylejax.network.backend import platform
from stylejax.optimize.chunk import Shared
from stylejax.run.memory.batch_size import automatic_batch_size
from stylejax.run.targets import shared_targets
from stylejax.video.film import Film
from stylejax.video.lane import Lane
from stylejax.video.steps import FindMotion, scenes_of

USEFUL = 8
"""Stretches side by side that `auto` takes at most; each reads and finds motion in a thread of its own."""


class Lanes(NamedTuple):
    """Stretches that one program can paint side by side."""

    waiting: list[Lane]
    """In the order of their clips."""
    batch_size: int
    shared: Shared
    """Which targets all of them share."""


def lanes_of(films: Sequence[Film], find: FindMotion) -> list[Lanes]:
    """The stretches of all films, those of one shape together.

    One after the other a stretch is a whole clip, whose cuts are found on the way. Side by side it is a scene, and all cuts are
    found beforehand.
    """
    wanted = films[0].inputs.options.batch_size
    if wanted == 1 or (wanted == "auto" and platform() == "cpu"):
        return [Lanes([Lane(film, find) for film in films], 1, Shared())]
    groups: dict[tuple[int, int], list[Lane]] = {}
    with ThreadPoolExecutor() as threads:
        for film, lanes in zip(films, threads.map(partial(_scenes, find=find), films), strict=True):
            groups.setdefault((film.painter.height, film.painter.width), []).extend(lanes)
    return [_group(lanes, shape) for shape, lanes in groups.items()]


def _scenes(film: Film, *, find: FindMotion) -> list[Lane]:
    inputs, shape = film.inputs, (film.painter.height, film.painter.width)
    scenes = scenes_of(inputs.clip, film.selection, shape, inputs.store, inputs.options, find)
    return [Lane(film, find, scene) for scene in scenes]


def _group(lanes: list[Lane], shape: tuple[int, int]) -> Lanes:
    inputs = lanes[0].film.inputs
    jobs = [lane.film.inputs.job for lane in lanes]
    other = dataclasses.replace(jobs[0], content=jobs[0].content.copy())  # no two frames are the same
    shared, wanted = shared_targets([*jobs, other], *shape), inputs.options.batch_size
    if wanted == "auto":
        most = min(USEFUL, len(lanes))
        fit = automatic_batch_size(inputs.network, inputs.job.settings, shape, most=most, shared=shared)
        # Where memory is the limit a power of two, so that runs go on with the same batches although the free memory varies.
        wanted = fit if fit == most else 2 ** (fit.bit_length() - 1)
    return Lanes(lanes, min(wanted, len(lanes)), shared)
