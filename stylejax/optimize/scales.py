"""Painting from coarse to fine: which sizes, and what moves from one to the next.

A coarse picture lets strokes grow larger than the network's receptive field at the final size; each following scale starts
from the last one, enlarged, and from the details of the start that only the larger one can show (`optimize.starts`). Optimizers
start anew, since their memory describes another function; Adam's moments can be enlarged instead, as Crowson 2021 does.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.errors import SettingsError
from stylejax.optimize import adam, convergence, lbfgs
from stylejax.optimize.adam import AdamState
from stylejax.optimize.enlarged import enlarged
from stylejax.optimize.numbers import Numbers
from stylejax.optimize.plan import Plan
from stylejax.optimize.settings import Settings
from stylejax.optimize.step import LaneState, Moment, start
from stylejax.types import Images


def scale_shapes(height: int, width: int, settings: Settings) -> list[tuple[int, int]]:
    """Shapes (height, width) of the scales, coarse to fine, for a content picture of this shape.

    The last has the side that `size_rule` names at `settings.size`; each before it is `scale_factor` smaller, down to
    `coarsest`. Coarse scales whose short side is too small for the deepest layer and octave are left out.

    Raises:
        SettingsError: even the largest is too small for the layers.
    """
    needed = settings.objective_spec().smallest_side
    largest = side_of(height, width, settings) if settings.size == "native" else settings.size
    shapes = [fit_side(height, width, largest, settings)]
    if min(shapes[0]) < needed:
        size = "×".join(map(str, shapes[0][::-1]))
        raise SettingsError(
            f"size {largest} makes a picture of {size} pixels, {settings.objective_spec().too_small('a larger size')}"
        )
    side = largest / settings.scale_factor
    while round(side) >= settings.coarsest:
        shape = fit_side(height, width, round(side), settings)
        if min(shape) < needed:
            break
        shapes.insert(0, shape)
        side /= settings.scale_factor
    return shapes


def side_of(height: int, width: int, settings: Settings) -> int:
    """The side that `settings.size_rule` measures."""
    return max(height, width) if settings.size_rule == "long" else min(height, width)


def fit_side(height: int, width: int, side: int, settings: Settings) -> tuple[int, int]:
    """The shape with the same aspect whose side, by `settings.size_rule`, is `side`."""
    measured = side_of(height, width, settings)
    half = measured // 2 if settings.size_rounding == "nearest" else 0
    return max(1, (side * height + half) // measured), max(1, (side * width + half) // measured)


@partial(jax.jit, static_argnames=("shape", "plan"))
def enlarge(
    lanes: LaneState, numbers: Numbers, detail: Images | None = None, *, shape: tuple[int, int], plan: Plan
) -> LaneState:
    """Carry `[lanes, ...]` states to `shape`: the picture is resized, and what Adam knows unless it starts anew.

    Args:
        lanes: every array with a leading axis of lanes.
        numbers: of each lane, `[lanes]`.
        detail: `[lanes, *shape, 3]`, added to the picture, from `starts.added_detail`.
        shape: height and width.
        plan: static.
    """
    return jax.vmap(partial(_enlarge_lane, shape=shape, plan=plan))(lanes, numbers, detail)


def _enlarge_lane(lane: LaneState, numbers: Numbers, detail: Array | None, *, shape: tuple[int, int], plan: Plan) -> LaneState:
    now = Moment(lane.now.scale + 1, jnp.int32(0))
    if isinstance(lane.optimizer, AdamState):
        carried = adam.kept(lane.optimizer, lane.variable, numbers.averaging) if plan.carry == "average" else lane.variable
        variable = enlarged(carried, shape, plan.resampling)
        variable = variable if detail is None else variable + detail / jnp.asarray(plan.space.scale)
        variable = plan.space.clip(variable) if plan.clamp else variable
        optimizer = adam.start(variable) if plan.restart else adam.resized(lane.optimizer, variable, plan.resampling)
        return LaneState(variable, optimizer, now, lane.failed, convergence.start())
    image = enlarged(plan.space.to_image(lbfgs.best(lane.optimizer)), shape, plan.resampling)
    image = image if detail is None else image + detail
    return start(image, plan)._replace(now=now, failed=lane.failed)
