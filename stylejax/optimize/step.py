"""One optimization step of one picture: pure, unbatched, without I/O.

    g = ∇ total(x)                     the exact gradient of the objective, evaluated once
    x ← the optimizer's next picture   `stylejax.optimize.adam` or `stylejax.optimize.lbfgs`

Under Adam a picture whose loss or gradient stops being finite is frozen as it was before the step, and remembers at which
step. L-BFGS shortens such a step and goes on; it is frozen only where the very first evaluation of a scale is not finite.
A picture that has converged (`stylejax.optimize.convergence`) is frozen for the rest of the scale.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.losses.objective import LossWeights, Targets, Terms, objective
from stylejax.network.vgg import VGG19
from stylejax.optimize import adam, convergence, lbfgs
from stylejax.optimize.adam import AdamState
from stylejax.optimize.config import StaticConfig, TracedConfig
from stylejax.optimize.convergence import Convergence
from stylejax.optimize.lbfgs import LBFGSState
from stylejax.types import Image, Scalar


class Position(NamedTuple):
    """A place in a run. Scale 0, which there is not, stands for never."""

    scale: Array
    """Counted from 1."""
    step: Array
    """Steps of that scale that were taken before."""


class PictureState(NamedTuple):
    """All that a picture carries from step to step."""

    variable: Array
    """The picture in the space of the plan, where the objective is evaluated next; under L-BFGS a trial, which may be worse."""
    optimizer: AdamState | LBFGSState
    now: Position
    failed: Position
    """When the loss stopped being finite; never while it is."""
    convergence: Convergence

    @property
    def frozen(self) -> Array:
        """Whether no step changes anything any more, at this scale or at all."""
        return (self.failed.scale > 0) | self.convergence.done


class Trace(NamedTuple):
    """The scalars of one step, at the picture *before* its update: `total` is exactly what was differentiated.

    Under L-BFGS that is the trial of the line search, so that a row may lie above the one before.
    """

    total: Scalar
    terms: Terms


def start(image: Image, plan: StaticConfig) -> PictureState:
    """State before the first step."""
    variable = plan.space.from_image(image)
    optimizer = adam.start(variable) if plan.optimizer == "adam" else lbfgs.start(variable, history=plan.history)
    now, never = Position(jnp.int32(1), jnp.int32(0)), Position(jnp.int32(0), jnp.int32(0))
    return PictureState(variable, optimizer, now, never, convergence.start())


def step(
    model: VGG19,
    lane: PictureState,
    targets: Targets,
    weights: LossWeights,
    learning_rate: Scalar,
    numbers: TracedConfig,
    plan: StaticConfig,
) -> tuple[PictureState, Trace]:
    """Take one step; none where the lane is frozen."""

    def loss(variable: Array) -> tuple[Scalar, Terms]:
        return objective(model, plan.space.to_image(variable), targets, weights, plan.objective)

    (total, terms), gradient = jax.value_and_grad(loss, has_aux=True)(lane.variable)
    finite = jnp.isfinite(total) & jnp.isfinite(gradient).all()
    fails = ~finite & ~_recovers(lane) & ~lane.frozen
    failed = Position(*(jnp.where(fails, new, old) for new, old in zip(lane.now, lane.failed, strict=True)))
    moves = ~lane.frozen & ~fails

    if isinstance(lane.optimizer, LBFGSState):
        optimizer, variable = lbfgs.tell(lane.optimizer, lane.variable, total, gradient, learning_rate, when=moves)
        kept_loss = optimizer.search.low.value
    else:
        optimizer, variable = adam.tell(lane.optimizer, lane.variable, gradient, learning_rate, numbers, plan, when=moves)
        kept_loss = total
    settled = convergence.tell(lane.convergence, kept_loss, numbers.stop_when, when=moves)
    return PictureState(variable, optimizer, lane.now._replace(step=lane.now.step + moves), failed, settled), Trace(
        total, terms
    )


def _recovers(lane: PictureState) -> Array:
    """Whether an evaluation that is not finite can be retreated from."""
    return lane.optimizer.started if isinstance(lane.optimizer, LBFGSState) else jnp.bool_(False)


def picture(lane: PictureState, numbers: TracedConfig, plan: StaticConfig) -> Image:
    """The picture as it would be kept now: Adam's running average, or the best that L-BFGS has accepted.

    L-BFGS does not clip: its pictures may leave [0, 1] a little, and are clipped where they leave the program.
    """
    if isinstance(lane.optimizer, LBFGSState):
        return plan.space.to_image(lbfgs.best(lane.optimizer))
    return plan.space.to_image(adam.kept(lane.optimizer, lane.variable, numbers.averaging))
