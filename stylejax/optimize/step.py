"""One optimization step of one picture in two functions: pure, unbatched, without I/O.

    g = ∇ total(x)                     the exact gradient of the objective, evaluated once
    x ← the optimizer's next picture   `stylejax.optimize.optimizer`

A picture whose loss or gradient stops being finite is frozen as it was before the step, and remembers at which step, unless
the optimizer recovers: L-BFGS shortens such a step, and is frozen only where the first evaluation of a scale is not finite.
A picture that has converged (`stylejax.optimize.convergence`) is frozen for the rest of the scale.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from stylejax.losses.objective import FrameTerms, LossWeights, Terms, objective
from stylejax.losses.targets import Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize import convergence
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.convergence import Convergence
from stylejax.optimize.optimizer import Evaluation, State, Sums
from stylejax.optimize.traced_config import TracedConfig
from stylejax.types import Image, Scalar, Variable


class Position(NamedTuple):
    """A place in a run: scalars, or `[batch]`. Scale 0 does not exist and stands for never."""

    scale: Int[Array, "*batch"]
    """Counted from 1."""
    step: Int[Array, "*batch"]
    """Steps of that scale that were taken before."""


class PictureState(NamedTuple):
    """All that a picture carries from step to step; batched states have a leading axis `batch`."""

    variable: Float[Array, "*batch height width 3"]
    """Where the objective is evaluated next, in the space of the run; under L-BFGS a trial, which may be worse."""
    optimizer: State
    now: Position
    failed: Position
    """When the loss stopped being finite; never while it is."""
    convergence: Convergence

    @property
    def frozen(self) -> Bool[Array, "*batch"]:
        """Whether no step changes anything any more, at this scale or at all."""
        return (self.failed.scale > 0) | self.convergence.done


Leaf = Array | np.ndarray | jax.ShapeDtypeStruct
"""An array of a state, wherever it is, or its shape and type."""


def has_rows(leaf: Leaf) -> bool:
    """Whether an array of a batched state is of pictures, `[batch, ..., height, width, 3]`."""
    return leaf.ndim >= 4


def is_history(leaf: Leaf) -> bool:
    """Whether an array of a batched state is of the pairs that an optimizer remembers, `[batch, pairs, height, width, 3]`."""
    return leaf.ndim == 5


class Trace(NamedTuple):
    """The scalars of one step, at the picture *before* its update: `total` is exactly what was differentiated.

    Under L-BFGS that is the trial of the line search, so that a row may lie above the one before.
    """

    total: Float[Array, "*steps_and_batch"]
    terms: Terms | FrameTerms


def start(image: Image, static: StaticConfig) -> PictureState:
    """State before the first step."""
    variable = static.space.from_image(image)
    now, never = Position(jnp.int32(1), jnp.int32(0)), Position(jnp.int32(0), jnp.int32(0))
    return PictureState(variable, static.optimizer.init(variable), now, never, convergence.init())


def evaluate(
    model: VGG19, targets: Targets, weights: LossWeights, state: PictureState, static: StaticConfig
) -> tuple[Trace, Variable]:
    """The first half of a step: the objective and its gradient."""
    loss = _loss(model, targets, weights, static)
    (total, terms), gradient = jax.value_and_grad(loss, has_aux=True)(state.variable)
    return Trace(total, terms), gradient


def move(
    model: VGG19,
    targets: Targets,
    weights: LossWeights,
    state: PictureState,
    trace: Trace,
    gradient: Variable,
    learning_rate: Scalar,
    traced: TracedConfig,
    static: StaticConfig,
) -> PictureState:
    """The second half of a step, from what `evaluate` returned for the same state; frozen pictures do not move."""
    loss = _loss(model, targets, weights, static)
    evaluation = Evaluation(trace.total, gradient, lambda variable: loss(variable)[0], measure(state, gradient, static))
    return advance(state, evaluation, learning_rate, traced, static)


def measure(state: PictureState, gradient: Variable, static: StaticConfig) -> Sums:
    """The sums over the picture, or over a band of it, that `advance` needs."""
    optimizer = static.optimizer
    return () if optimizer.measure is None else optimizer.measure(state.optimizer, gradient)


def advance(
    state: PictureState, evaluation: Evaluation, learning_rate: Scalar, traced: TracedConfig, static: StaticConfig
) -> PictureState:
    """The state after one step, from the objective at `state.variable`; of a band of rows, given the sums of the picture."""
    optimizer, total, gradient = static.optimizer, evaluation.value, evaluation.gradient
    finite = jnp.isfinite(total) & jnp.isfinite(gradient).all()
    fails = ~finite & ~optimizer.recovers(state.optimizer) & ~state.frozen
    failed = Position(*(jnp.where(fails, new, old) for new, old in zip(state.now, state.failed, strict=True)))
    moves = ~state.frozen & ~fails

    moved, variable = optimizer.update(state.optimizer, state.variable, evaluation, learning_rate, traced, when=moves)
    settled = convergence.update(state.convergence, optimizer.loss(moved, total), traced.stop_when, when=moves)
    now = state.now._replace(step=state.now.step + moves)
    return PictureState(variable, moved, now, failed, settled)


def advance_once(
    state: PictureState,
    total: Scalar,
    gradient: Variable,
    learning_rate: Scalar,
    traced: TracedConfig,
    static: StaticConfig,
    *,
    sums: Sums | None = None,
) -> PictureState:
    """`advance`, for an optimizer that evaluates the objective no more than once a step; `sums` by default of what is given."""

    def again(variable: Variable) -> Scalar:
        raise AssertionError("Adam and L-BFGS evaluate the objective once a step")

    sums = measure(state, gradient, static) if sums is None else sums
    return advance(state, Evaluation(total, gradient, again, sums), learning_rate, traced, static)


def picture(state: PictureState, traced: TracedConfig, static: StaticConfig) -> Image:
    """The picture as it would be kept now: the running average of a descent, or the best that L-BFGS has accepted.

    L-BFGS does not clip: its pictures may leave [0, 1] a little, and are clipped where they leave the program.
    """
    return static.space.to_image(static.optimizer.current(state.optimizer, state.variable, traced))


def _loss(
    model: VGG19, targets: Targets, weights: LossWeights, static: StaticConfig
) -> Callable[[Variable], tuple[Scalar, Terms | FrameTerms]]:
    return lambda variable: objective(model, static.space.to_image(variable), targets, weights, static.objective)
