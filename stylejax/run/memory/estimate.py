"""The memory that painting takes, known before it begins.

    peak = arguments + results + temporaries - what is donated          by the compiler's own analysis of one chunk's program

Asking compiles that program from shapes alone and runs nothing. The run that follows finds it compiled, so a question about
the program that is run in the end costs nothing; any other costs one compilation.
"""

import math
from functools import partial
from typing import Any

import jax
import numpy as np

from stylejax.choices import PIXELS
from stylejax.losses.objective import LossWeights
from stylejax.network.layers import layers_up_to
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared, run_chunk
from stylejax.optimize.config import StaticConfig, TracedConfig
from stylejax.optimize.step import PictureState, start
from stylejax.run.memory.available import memory_budget
from stylejax.run.single_precision import in_float32
from stylejax.run.targets import abstract_targets, layer_shapes
from stylejax.settings.settings import Settings


@in_float32
def chunk_bytes(
    model: VGG19,
    settings: Settings,
    height: int,
    width: int,
    *,
    lanes: int = 1,
    shared: Shared | None = None,
    regions: int = 0,
) -> int:
    """Peak bytes of painting `lanes` pictures of `height` and `width` together.

    Args:
        model: the feature network.
        settings: of every lane; only what is static counts.
        height: of the pictures as they are painted, in pixels.
        width: likewise.
        lanes: how many are painted together.
        shared: which targets the lanes have in common; by default none, and all where there is one lane.
        regions: with styles of their own.
    """
    plan = StaticConfig.of(settings)
    shared = shared or Shared(*[lanes == 1] * 3)
    program = run_chunk.lower(
        _shapes_of(model),
        abstract_lanes(plan, height, width, lanes),
        abstract_targets(model, height, width, plan.objective, lanes=lanes, shared=shared, regions=regions),
        _abstract_weights(plan, lanes),
        jax.ShapeDtypeStruct((plan.chunk, lanes), np.float32),
        TracedConfig(*[jax.ShapeDtypeStruct((lanes,), np.float32)] * 4),  # pyright: ignore[reportArgumentType]
        jax.ShapeDtypeStruct((), np.int32),
        plan=plan,
        shared=shared,
    )
    stats = program.compile().memory_analysis()
    if stats is None:  # a backend that does not tell
        return least_bytes(model, settings, height, width) * lanes
    donated = stats.alias_size_in_bytes
    return stats.argument_size_in_bytes + stats.output_size_in_bytes + stats.temp_size_in_bytes - donated


@in_float32
def least_bytes(model: VGG19, settings: Settings, height: int, width: int) -> int:
    """Bytes without which one picture cannot be painted: its optimizer's state and its largest features, in half precision.

    Nothing is compiled. The peak is several times as much.
    """
    plan = StaticConfig.of(settings)
    state = jax.tree.leaves(abstract_lanes(plan, height, width, 1))
    inside = plan.objective.network_layers
    layers = [layer.name for layer in layers_up_to(inside)] if inside else [PIXELS]
    features = layer_shapes(model, height, width, layers)
    return sum(leaf.size * leaf.dtype.itemsize for leaf in state) + 2 * max(map(math.prod, features.values()))


def lanes_that_fit(
    model: VGG19,
    settings: Settings,
    height: int,
    width: int,
    *,
    most: int = 64,
    budget: int | None = None,
    shared: Shared | None = None,
    regions: int = 0,
) -> int:
    """How many pictures can be painted together in `budget` bytes, from 0 to `most`.

    Where `most` fit, that is found by compiling the program for `most`, which is then the one to run. Otherwise the programs
    for one and two pictures tell how much each more takes, and the program for the answer is asked once more.

    Args:
        model: the feature network.
        settings: of every picture; only what is static counts.
        height: of the pictures as they are painted, in pixels: the last of `scale_shapes`.
        width: likewise.
        most: no more are wanted.
        budget: by default what the device has to give, see `stylejax.run.memory.available`.
        shared: which targets the pictures have in common; by default none.
        regions: with styles of their own.
    """
    budget = memory_budget() if budget is None else budget
    if budget is None:
        return most
    most = min(most, budget // least_bytes(model, settings, height, width))
    if most < 1:
        return 0

    def peak(lanes: int) -> int:
        return chunk_bytes(model, settings, height, width, lanes=lanes, shared=shared, regions=regions)

    if peak(most) <= budget:
        return most
    one, two = peak(1), peak(2)
    lanes = max(0, min(1 + (budget - one) // max(two - one, 1), most - 1))
    while lanes > 2 and peak(lanes) > budget:
        lanes -= 1
    return lanes


def _shapes_of(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)


def abstract_lanes(plan: StaticConfig, height: int, width: int, lanes: int) -> PictureState:
    """Shapes and types of the state of so many lanes before the first step, and after any."""
    images = jax.ShapeDtypeStruct((lanes, height, width, 3), np.float32)
    return jax.eval_shape(jax.vmap(partial(start, plan=plan)), images)


def _abstract_weights(plan: StaticConfig, lanes: int) -> LossWeights:
    counts = (len(plan.objective.content_layers),), (len(plan.objective.style_layers),), ()
    return LossWeights(*(jax.ShapeDtypeStruct((lanes, *count), np.float32) for count in counts))  # pyright: ignore
