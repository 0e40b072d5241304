"""The memory that a run in tiles takes, computed before it begins.

    on the device    the second pass over the largest tile, by the compiler's analysis
    on the host      the states; the targets; the pictures that a step needs beside them

On a CPU both are one memory. On an accelerator only the first counts here.
"""

import math
from collections.abc import Sequence

import jax
from jaxtyping import PyTree

from stylejax.losses.octaves import halvings
from stylejax.network.backend import platform
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import is_history
from stylejax.run.chunk_program import abstract_states
from stylejax.run.inputs.job import Job
from stylejax.run.single_precision import in_float32
from stylejax.run.targets import layer_shapes
from stylejax.run.tiles.programs import tile_programs
from stylejax.types import Shape


@in_float32
def tiled_bytes(model: VGG19, jobs: Sequence[Job], shape: Shape, side: int, *, history: bool = True) -> int:
    """Peak bytes of `jobs` at `shape` in tiles of `side`, with or without the `history`; the run finds both programs compiled.

    Raises:
        SettingsError: `side` is smaller than the overlap allows.
    """
    return _tile(model, jobs, shape, side) + host_bytes(model, jobs, shape, history=history)


@in_float32
def preparation_bytes(model: VGG19, jobs: Sequence[Job], shape: Shape, side: int) -> int:
    """Bytes of making the targets of `jobs` at `shape` in tiles of `side`, beside the scale that is running meanwhile."""
    return _tile(model, jobs, shape, side) + (_content(model, jobs, shape) if platform() == "cpu" else 0)


@in_float32
def host_bytes(model: VGG19, jobs: Sequence[Job], shape: Shape, *, history: bool = True) -> int:
    """The part of it that does not depend on the tiles; 0 on an accelerator, whose memory it does not take."""
    if platform() != "cpu":
        return 0
    static = StaticConfig.of(jobs[0].settings)
    octaves = sum(4.0**-octave for octave in range(static.objective.octaves))  # each a quarter of the one before
    # The results of the step before; octaves and their gradients, of one picture at a time.
    pictures = math.ceil(4 * 3 * math.prod(shape) * (len(jobs) + 2 * octaves - static.space.is_plain))
    contents = sum(job.content.nbytes for job in jobs)
    targets = _content(model, jobs, shape) + sum(_regions(model, job, shape) for job in jobs)
    states = _bytes(abstract_states(static, *shape, len(jobs))) - (0 if history else history_bytes(jobs, shape))
    return states + targets + pictures + contents


def history_bytes(jobs: Sequence[Job], shape: Shape) -> int:
    """Bytes of the pairs that the optimizer remembers."""
    states = abstract_states(StaticConfig.of(jobs[0].settings), *shape, len(jobs))
    return _bytes([leaf for leaf in jax.tree.leaves(states) if is_history(leaf)])


def _tile(model: VGG19, jobs: Sequence[Job], shape: Shape, side: int) -> int:
    """Bytes of the second pass over the largest tile; 0 on a backend that does not analyze programs."""
    spec = StaticConfig.of(jobs[0].settings).objective
    largest = next(tile_programs(model, spec, shape, side, regions=jobs[0].region_count, octaves=1))
    return largest.program().memory or 0


def _content(model: VGG19, jobs: Sequence[Job], shape: Shape) -> int:
    """Bytes of the content targets."""
    layers = StaticConfig.of(jobs[0].settings).objective.content_layers
    return 4 * len(jobs) * sum(map(math.prod, layer_shapes(model, *shape, layers).values()))


def _regions(model: VGG19, job: Job, shape: Shape) -> int:
    """Bytes of the guides, of which layers of one resolution share theirs, and of the masks that they are made of."""
    if job.regions is None:
        return 0
    spec, padding = StaticConfig.of(job.settings).objective, model.spec.padding
    every = {halvings(layer, octave) for layer in spec.style_layers for octave in range(spec.octaves)}
    positions = math.prod(shape) + sum(math.prod(padding.pooled(side, times) for side in shape) for times in every)
    return job.regions.content.nbytes + 4 * job.region_count * positions


def _bytes(tree: PyTree) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
