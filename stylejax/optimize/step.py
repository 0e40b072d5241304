"""One optimization step of one picture: pure, unbatched, without I/O.

    g = ∇ total(x)                     the exact gradient of the objective, evaluated once
    x ← the optimizer's next picture   `stylejax.optimize.adam` or `stylejax.optimize.lbfgs`

Under Adam a picture whose loss or gradient stops being finite is frozen as it was before the step, and remembers at which
step. L-BFGS shortens such a step and goes on; it is frozen only where the very first evaluation of a scale is not finite.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.losses.objective import Targets, Terms, Weights, objective
from stylejax.model.vgg import VGG19
from stylejax.optimize import adam, lbfgs
from stylejax.optimize.adam import AdamState
from stylejax.optimize.lbfgs import LBFGSState
from stylejax.optimize.plan import Plan
from stylejax.types import Image, Scalar

RUNNING = -1
"""Value of `LaneState.failed_at` while nothing has failed."""


class LaneState(NamedTuple):
    """All that a picture carries from step to step."""

    variable: Array
    """The picture in the space of the plan, where the objective is evaluated next; under L-BFGS a trial, which may be worse."""
    optimizer: AdamState | LBFGSState
    step: Array
    failed_at: Array


class Trace(NamedTuple):
    """The scalars of one step, at the picture *before* its update: `total` is exactly what was differentiated.

    Under L-BFGS that is the trial of the line search, so that a row may lie above the one before.
    """

    total: Scalar
    terms: Terms


def start(image: Image, plan: Plan) -> LaneState:
    """State before the first step."""
    variable = plan.space.from_image(image)
    optimizer = adam.start(variable, plan) if plan.optimizer == "adam" else lbfgs.start(variable, history=plan.history)
    return LaneState(variable, optimizer, jnp.int32(0), jnp.int32(RUNNING))


def step(
    model: VGG19, lane: LaneState, targets: Targets, weights: Weights, learning_rate: Scalar, plan: Plan
) -> tuple[LaneState, Trace]:
    """Take one step."""

    def loss(variable: Array) -> tuple[Scalar, Terms]:
        return objective(model, plan.space.to_image(variable), targets, weights, plan.objective)

    (total, terms), gradient = jax.value_and_grad(loss, has_aux=True)(lane.variable)
    finite = jnp.isfinite(total) & jnp.isfinite(gradient).all()
    fatal = ~finite & ~_recovers(lane)
    failed_at = jnp.where(fatal & (lane.failed_at == RUNNING), lane.step, lane.failed_at)
    alive = failed_at == RUNNING

    if isinstance(lane.optimizer, LBFGSState):
        told = jnp.where(alive, total, jnp.nan)  # before its first finite evaluation, one that is not changes nothing
        optimizer, variable = lbfgs.tell(lane.optimizer, lane.variable, told, gradient, learning_rate)
    else:
        optimizer, variable = adam.tell(lane.optimizer, lane.variable, gradient, learning_rate, plan, finite=alive)
    return LaneState(variable, optimizer, lane.step + alive, failed_at), Trace(total, terms)


def _recovers(lane: LaneState) -> Array:
    """Whether an evaluation that is not finite can be retreated from."""
    return lane.optimizer.started if isinstance(lane.optimizer, LBFGSState) else jnp.bool_(False)


def picture(lane: LaneState, plan: Plan) -> Image:
    """The picture as it would be kept now: Adam's running average, or the best that L-BFGS has accepted.

    L-BFGS does not clip: its pictures may leave [0, 1] a little, and are clipped where they leave the program.
    """
    if isinstance(lane.optimizer, LBFGSState):
        return plan.space.to_image(lbfgs.best(lane.optimizer))
    return plan.space.to_image(adam.kept(lane.optimizer, lane.variable, plan))
