"""What moves from one scale to the next, larger one.

A coarse picture lets strokes grow larger than the network's receptive field at the final size; each following scale starts
from the last one, enlarged, and from the details of the start that only the larger one can show. Optimizers start anew, since
their memory describes another function; Adam's moments can be enlarged instead, as Crowson 2021 does.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.optimize import adam, convergence, lbfgs
from stylejax.optimize.adam import AdamState
from stylejax.optimize.config import StaticConfig, TracedConfig
from stylejax.optimize.resize_state import enlarged
from stylejax.optimize.step import PictureState, Position, start
from stylejax.types import Images


@partial(jax.jit, static_argnames=("shape", "plan"))
def enlarge(
    lanes: PictureState, numbers: TracedConfig, detail: Images | None = None, *, shape: tuple[int, int], plan: StaticConfig
) -> PictureState:
    """Carry `[lanes, ...]` states to `shape`: the picture is resized, and what Adam knows unless it starts anew.

    Args:
        lanes: every array with a leading axis of lanes.
        numbers: of each lane, `[lanes]`.
        detail: `[lanes, *shape, 3]`, added to the picture, from `starts.added_detail`.
        shape: height and width.
        plan: static.
    """
    return jax.vmap(partial(_enlarge_lane, shape=shape, plan=plan))(lanes, numbers, detail)


def _enlarge_lane(
    lane: PictureState, numbers: TracedConfig, detail: Array | None, *, shape: tuple[int, int], plan: StaticConfig
) -> PictureState:
    now = Position(lane.now.scale + 1, jnp.int32(0))
    if isinstance(lane.optimizer, AdamState):
        carried = adam.kept(lane.optimizer, lane.variable, numbers.averaging) if plan.carry == "average" else lane.variable
        variable = enlarged(carried, shape, plan.resampling)
        variable = variable if detail is None else variable + detail / jnp.asarray(plan.space.scale)
        variable = plan.space.clip(variable) if plan.clamp else variable
        optimizer = adam.start(variable) if plan.restart else adam.resized(lane.optimizer, variable, plan.resampling)
        return PictureState(variable, optimizer, now, lane.failed, convergence.start())
    image = enlarged(plan.space.to_image(lbfgs.best(lane.optimizer)), shape, plan.resampling)
    image = image if detail is None else image + detail
    return start(image, plan)._replace(now=now, failed=lane.failed)
