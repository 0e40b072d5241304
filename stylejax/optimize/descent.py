"""Gradient descent on a picture: a step, a clamp, and a running average of the pictures that it passes through.

    x ← clip(move(x, g))        by Adam, or by any gradient transformation of optax
    a ← running average of x    the picture that is kept, free of the last step's noise

The decay of the average is traced. With 0 the last step is kept as it is.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import optax

from stylejax.choices import CarryName, ResamplingName
from stylejax.optimize.optimizer import Evaluation, Optimizer, State, Sums
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import Upsample
from stylejax.settings.pixel_space import Space
from stylejax.types import AnyImage, AnyVariable, Flag, Scalar, Variable


class DescentState(NamedTuple):
    """What the descent remembers of a picture."""

    moments: State
    """What `move` remembers of the gradients."""
    average: optax.EmaState


@runtime_checkable
class Move(Protocol):
    """One unclamped step from `variable`."""

    def __call__(
        self, moments: State, variable: Variable, evaluation: Evaluation, learning_rate: Scalar, traced: TracedConfig
    ) -> tuple[State, Variable]:
        """Return the new moments and the new variable."""
        ...


def descent(
    init: Callable[[Variable], State],
    move: Move,
    resize_moments: Callable[[State, Variable, Upsample], State],
    *,
    space: Space,
    clamp: bool,
    carry: CarryName,
    resampling: ResamplingName,
    elementwise: bool = False,
    name: str = "",
) -> Optimizer:
    """The optimizer that takes the steps of `move`.

    Args:
        init: the moments before the first step from a variable.
        move: one step.
        resize_moments: the moments at the next scale, from the last ones, the variable that the scale starts from, and what
            enlarges them.
        space: in which the picture is optimized.
        clamp: keep the picture in [0, 1] after each step.
        carry: what the next scale starts from: the `last` picture, or the running `average`, which then counts the start, too.
        resampling: how the picture is enlarged.
        elementwise: whether `move` moves each value of the picture by itself.
        name: of the `Optimizer`, without the arguments that are named here.
    """

    def start(variable: Variable) -> DescentState:
        return DescentState(init(variable), optax.ema(0.0).init(variable))  # pyright: ignore[reportArgumentType]

    def update(
        state: DescentState,
        variable: Variable,
        evaluation: Evaluation,
        learning_rate: Scalar,
        traced: TracedConfig,
        *,
        when: Flag,
    ) -> tuple[DescentState, Variable]:
        moments, moved = move(state.moments, variable, evaluation, learning_rate, traced)
        moved = space.clip(moved) if clamp else moved
        average = state.average
        if carry == "average":
            average = _select(jnp.asarray(average.count) == 0, _averaged(average, variable, traced.averaging), average)
        average = _averaged(average, moved, traced.averaging)
        return _select(when, (DescentState(moments, average), moved), (state, variable))

    def resize(
        state: DescentState, variable: Variable, traced: TracedConfig, *, upsample: Upsample, detail: AnyImage | None
    ) -> tuple[DescentState, AnyVariable]:
        carried = _current(state, variable, traced) if carry == "average" else variable
        variable = upsample(carried, resampling)
        variable = variable if detail is None else space.add(variable, detail)
        variable = space.clip(variable) if clamp else variable
        return start(variable)._replace(moments=resize_moments(state.moments, variable, upsample)), variable

    name = name and f"{name} {space} {clamp} {carry} {resampling}"
    measure = _nothing if elementwise else None
    return Optimizer(start, update, _current, resize, loss=_last_loss, recovers=_never, measure=measure, name=name)


def _averaged(average: optax.EmaState, variable: Variable, decay: Scalar) -> optax.EmaState:
    _, average = optax.ema(decay).update(variable, average)  # pyright: ignore[reportArgumentType, reportAssignmentType]
    return average


def _current(state: DescentState, variable: Variable, traced: TracedConfig) -> Variable:
    """The debiased running average, or the start before any step."""
    count, average = jnp.asarray(state.average.count), jnp.asarray(state.average.ema)
    return jnp.where(count > 0, average / jnp.maximum(1 - traced.averaging**count, 1e-6), variable)


def _last_loss(state: DescentState, value: Scalar) -> Scalar:
    return value


def _nothing(state: DescentState, gradient: Variable) -> Sums:
    return ()


def _never(state: DescentState) -> Flag:
    return jnp.bool_(False)


def _select(condition: Flag, yes: State, no: State) -> State:
    return jax.tree.map(lambda y, n: jnp.where(condition, y, n), yes, no)
