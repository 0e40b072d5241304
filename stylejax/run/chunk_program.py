"""The program of the steps (`stylejax.optimize.chunk`) for pictures of one shape, from shapes alone."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jax import Array
from jaxtyping import Float

from stylejax.losses.objective import LossWeights
from stylejax.losses.targets import Targets
from stylejax.network.backend import platform
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared, run_chunk
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.devices import Placement
from stylejax.run.programs.effort import Effort
from stylejax.run.programs.program import Compilation, compiled
from stylejax.run.targets import abstract_targets
from stylejax.types import Count

_ONE_DEVICE = Placement()


class ChunkArguments(NamedTuple):
    """The positional arguments of `run_chunk`, or their shapes and types."""

    model: VGG19
    states: PictureState
    targets: Targets
    weights: LossWeights
    learning_rates: Float[Array, "chunk batch"] | jax.ShapeDtypeStruct
    traced: TracedConfig
    steps: Count | jax.ShapeDtypeStruct


def chunk_program(
    model: VGG19,
    static: StaticConfig,
    height: int,
    width: int,
    *,
    batch_size: int,
    shared: Shared,
    regions: int,
    temporal: bool = False,
    effort: Effort = "best",
    placement: Placement = _ONE_DEVICE,
) -> Compilation:
    """The program of `run_chunk`; it takes the positional arguments of `run_chunk`.

    Args:
        model: the feature network.
        static: of the batch.
        height: of the pictures as they are painted, in pixels.
        width: likewise.
        batch_size: how many are painted together.
        shared: which targets they have in common.
        regions: how many have a style of their own.
        temporal: whether they are frames of a video.
        effort: of the compiler.
        placement: the devices over which the batch is spread.
    """
    options = {"batch_size": batch_size, "shared": shared, "regions": regions, "temporal": temporal}
    whole = chunk_arguments(model, static, height, width, **options)
    one_by_one = platform() == "cpu" and len(placement.devices) < 2
    name = f"{static.name} {shared} {one_by_one}" if static.name else ""
    options = {"effort": effort, "name": name, "static": static, "shared": shared, "one_by_one": one_by_one}
    return compiled(run_chunk, *_spread(whole, shared, placement), donated=(1,), **options)


def chunk_arguments(
    model: VGG19,
    static: StaticConfig,
    height: int,
    width: int,
    *,
    batch_size: int,
    shared: Shared,
    regions: int,
    temporal: bool = False,
) -> ChunkArguments:
    """Shapes and types of the arguments of `run_chunk`; see `chunk_program`."""
    options = {"batch_size": batch_size, "shared": shared, "regions": regions, "temporal": temporal}
    return ChunkArguments(
        jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), model),
        abstract_states(static, height, width, batch_size),
        abstract_targets(model, height, width, static.objective, **options),
        _abstract_weights(static, batch_size, temporal=temporal),
        jax.ShapeDtypeStruct((static.chunk, batch_size), np.float32),
        TracedConfig(*[jax.ShapeDtypeStruct((batch_size,), np.float32)] * len(TracedConfig._fields)),  # pyright: ignore
        jax.ShapeDtypeStruct((), np.int32),
    )


def _spread(whole: ChunkArguments, shared: Shared, placement: Placement) -> ChunkArguments:
    return ChunkArguments(
        placement.replicate(whole.model),
        placement.spread(whole.states),
        placement.targets(whole.targets, shared),
        placement.spread(whole.weights),
        placement.spread(whole.learning_rates, axis=1),
        placement.spread(whole.traced),
        placement.replicate(whole.steps),
    )


def abstract_states(static: StaticConfig, height: int, width: int, batch_size: int) -> PictureState:
    """Shapes and types of the batched states before the first step, and after any."""
    images = jax.ShapeDtypeStruct((batch_size, height, width, 3), np.float32)
    return jax.eval_shape(jax.vmap(partial(start, static=static)), images)


def _abstract_weights(static: StaticConfig, batch_size: int, *, temporal: bool) -> LossWeights:
    def weights(*shape: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((batch_size, *shape), np.float32)

    spec = static.objective
    content, style = weights(len(spec.content_layers)), weights(len(spec.style_layers))
    moments = style if spec.statistic == "gram+moments" else None
    return LossWeights(content, style, weights(), weights() if temporal else None, moments)  # pyright: ignore
