"""The memory that a run in tiles takes, computed before it begins.

    on the device    the second pass over the largest tile, by the compiler's analysis
    on the host      the states and their update, by the same; the content targets; the picture, its octaves and gradients

On a CPU both are one memory. On an accelerator only the first counts here.
"""

import math
from collections.abc import Sequence

import jax
import numpy as np
from jax.stages import Lowered

from stylejax.losses.objective import ObjectiveSpec
from stylejax.losses.tiles.geometry import tiles_of
from stylejax.losses.tiles.objective import Owned, TileInput, tile_sums
from stylejax.network.backend import platform
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.chunk_program import abstract_states
from stylejax.run.inputs.job import Job
from stylejax.run.single_precision import in_float32
from stylejax.run.targets import layer_shapes
from stylejax.run.tiles.chunk import tiled_update
from stylejax.run.tiles.gradient import jitted_tile_gradient
from stylejax.types import Shape

_PICTURES = 6
"""Copies of a picture that a step takes: content, octaves, gradients of octaves and of the variable, result."""


@in_float32
def tiled_bytes(model: VGG19, jobs: Sequence[Job], shape: Shape, side: int) -> int:
    """Peak bytes of `jobs` at `shape` in tiles of `side`; the run finds both programs compiled.

    Raises:
        SettingsError: `side` is smaller than the overlap allows.
    """
    static = StaticConfig.of(jobs[0].settings)
    device = _tile(model, static.objective, shape, side, regions=_regions(jobs[0]))
    return device + host_bytes(model, jobs, shape)


@in_float32
def host_bytes(model: VGG19, jobs: Sequence[Job], shape: Shape) -> int:
    """The part of it that does not depend on the tiles; 0 on an accelerator, whose memory it does not take."""
    if platform() != "cpu":
        return 0
    static = StaticConfig.of(jobs[0].settings)
    count, layers = len(jobs), static.objective.content_layers
    content = sum(map(math.prod, layer_shapes(model, *shape, layers).values())) if layers else 0
    pictures = 4 * 3 * math.prod(shape) * _PICTURES
    return _update(static, shape, count) + count * (4 * content + pictures)


def _tile(model: VGG19, spec: ObjectiveSpec, shape: Shape, side: int, *, regions: int) -> int:
    tile = max(tiles_of(*shape, side, spec.layers), key=lambda tile: tile.rows.size * tile.columns.size)
    height, width = tile.rows.size, tile.columns.size
    owned = Owned(*[jax.ShapeDtypeStruct((), np.int32)] * 4)  # pyright: ignore[reportArgumentType]
    shapes = layer_shapes(model, height, width, spec.layers)
    content = {layer: jax.ShapeDtypeStruct(shapes[layer], np.float32) for layer in spec.content_layers}
    guides = None
    if regions:
        guides = {layer: jax.ShapeDtypeStruct((regions, *shapes[layer][:2]), np.float32) for layer in spec.style_layers}
    window = TileInput(jax.ShapeDtypeStruct((height, width, 3), np.float32), owned, content, guides)  # pyright: ignore
    weights = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), model)
    sums = jax.eval_shape(lambda model, window: tile_sums(model, window, spec, octave=0), weights, window)
    centers = jax.eval_shape(lambda sums: sums.centers, sums)
    return _bytes(jitted_tile_gradient.lower(weights, window, centers, sums, spec=spec, octave=0))


def _update(static: StaticConfig, shape: Shape, count: int) -> int:
    """Bytes of the states of so many pictures and of their update."""
    one = jax.ShapeDtypeStruct((count,), np.float32)
    gradients = [jax.ShapeDtypeStruct((*shape, 3), np.float32)] * count
    states = abstract_states(static, *shape, count)
    traced = TracedConfig(*[one] * len(TracedConfig._fields))  # pyright: ignore[reportArgumentType]
    return _bytes(tiled_update.lower(states, one, gradients, one, traced, static=static))


def _bytes(program: Lowered) -> int:
    """Peak bytes of a program, which is compiled; 0 on a backend without this analysis."""
    stats = program.compile().memory_analysis()
    if stats is None:
        return 0
    donated = stats.alias_size_in_bytes
    return stats.argument_size_in_bytes + stats.output_size_in_bytes + stats.temp_size_in_bytes - donated


def _regions(job: Job) -> int:
    return 0 if job.regions is None else len(job.regions.content)
