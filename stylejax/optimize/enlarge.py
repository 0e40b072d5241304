"""From pictures to states, and from one scale to the next, larger one.

A coarse picture lets strokes grow larger than the network's receptive field at the final size; each following scale starts
from the last one, enlarged, and from the details of the start that only the larger one can show. Optimizers start afresh,
since their memory describes another function; Adam's moments can be enlarged instead, as Crowson 2021 does.
"""

from functools import partial

import jax
import jax.numpy as jnp

from stylejax.optimize import convergence
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, Position, start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import Upsample, upsampled
from stylejax.types import AnyImage, Images, Shape


@partial(jax.jit, static_argnames="static")
def begin(images: Images, *, static: StaticConfig) -> PictureState:
    """The batched states before the first step, from the pictures `[batch, height, width, 3]`."""
    return jax.vmap(partial(start, static=static))(images)


@partial(jax.jit, static_argnames=("shape", "static"))
def enlarge(
    states: PictureState, traced: TracedConfig, detail: Images | None, *, shape: Shape, static: StaticConfig
) -> PictureState:
    """Bring batched states to `shape`.

    Args:
        states: every array with a leading axis `batch`.
        traced: of each picture, `[batch]`.
        detail: `[batch, *shape, 3]`, added to the pictures, from `starts.added_detail`.
        shape: height and width.
        static: of the whole batch.
    """
    return jax.vmap(partial(enlarge_one, upsample=partial(upsampled, shape=shape), static=static))(states, traced, detail)


def enlarge_one(
    state: PictureState, traced: TracedConfig, detail: AnyImage | None, *, upsample: Upsample, static: StaticConfig
) -> PictureState:
    """Bring the state of one picture to the shape that `upsample` makes; arguments as for `enlarge`."""
    optimizer, variable = static.optimizer.resize(state.optimizer, state.variable, traced, upsample=upsample, detail=detail)
    return PictureState(variable, optimizer, Position(state.now.scale + 1, jnp.int32(0)), state.failed, convergence.init())
