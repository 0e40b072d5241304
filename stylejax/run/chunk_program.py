"""The program of the steps (`stylejax.optimize.chunk`) for pictures of one shape."""

from functools import partial

import jax
import numpy as np

from stylejax.losses.objective import LossWeights
from stylejax.network.backend import platform
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared, run_chunk
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.programs.effort import Effort
from stylejax.run.programs.program import Compilation, compiled
from stylejax.run.targets import abstract_targets


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
) -> Compilation:
    """The program of `run_chunk` on one device, from shapes alone; it takes the positional arguments of `run_chunk`.

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
    """
    options = {"batch_size": batch_size, "shared": shared, "regions": regions, "temporal": temporal}
    arguments = (
        model,
        abstract_states(static, height, width, batch_size),
        abstract_targets(model, height, width, static.objective, **options),
        _abstract_weights(static, batch_size, temporal=temporal),
        jax.ShapeDtypeStruct((static.chunk, batch_size), np.float32),
        TracedConfig(*[jax.ShapeDtypeStruct((batch_size,), np.float32)] * len(TracedConfig._fields)),  # pyright: ignore
        jax.ShapeDtypeStruct((), np.int32),
    )
    name = f"{static.name} {shared}" if static.name else ""
    options = {"effort": effort, "name": name, "static": static, "shared": shared, "one_by_one": platform() == "cpu"}
    return compiled(run_chunk, *arguments, donated=(1,), **options)


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
