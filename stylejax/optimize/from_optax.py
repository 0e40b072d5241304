"""Any gradient transformation of optax as an optimizer of pictures."""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

import jax
import jax.numpy as jnp
import optax
from jax import Array

from stylejax.choices import CarryName, ResamplingName
from stylejax.errors import SettingsError, one_line
from stylejax.optimize.descent import Move, descent
from stylejax.optimize.optimizer import Evaluation, Optimizer, State
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import Upsample
from stylejax.settings.pixel_space import Space
from stylejax.settings.transformation import Transformation, describe
from stylejax.types import Scalar, Variable


@lru_cache(maxsize=256)
def from_optax(
    transformation: Transformation, *, space: Space, clamp: bool, carry: CarryName, resampling: ResamplingName
) -> Optimizer:
    """The optimizer that adds the updates of `transformation` to the picture; the same arguments give the same object.

    The transformation has its own learning rate, in units of `space`. Its state starts afresh at each scale. It gets what
    optax passes to transformations with extra arguments: `value`, `grad` and `value_fn`; one that calls `value_fn`, as line
    searches do, evaluates the objective more than once a step.

    Args:
        transformation: an `optax.GradientTransformation`, compared by the identity of its functions: the same object runs the
            same program, and an equal one that was made again compiles another.
        space: in which the picture is optimized.
        clamp: as for `descent`, like the other arguments.
        carry: as for `descent`.
        resampling: as for `descent`.

    Raises:
        SettingsError: the transformation needs other arguments, or its state changes its shape or type from step to step.
    """
    extended = optax.with_extra_args_support(cast(optax.GradientTransformation, transformation))

    def init(variable: Variable) -> State:
        return jax.tree.map(_owned, extended.init(variable))

    def move(
        moments: State, variable: Variable, evaluation: Evaluation, learning_rate: Scalar, traced: TracedConfig
    ) -> tuple[State, Variable]:
        extra = {"value": evaluation.value, "grad": evaluation.gradient, "value_fn": evaluation.function}
        updates, moments = extended.update(evaluation.gradient, moments, variable, **extra)
        return jax.tree.map(_owned, moments), cast(Array, optax.apply_updates(variable, updates))

    def resize_moments(moments: State, variable: Variable, upsample: Upsample) -> State:
        return init(variable)

    _check(transformation, init, move)
    return descent(init, move, resize_moments, space=space, clamp=clamp, carry=carry, resampling=resampling)


def _owned(leaf: Array) -> Array:
    """A copy of the leaf, since states are donated, whose type does not depend on what it is combined with."""
    leaf = jnp.asarray(leaf)
    return jnp.array(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.extended) else jnp.array(leaf, leaf.dtype)


def _check(transformation: Transformation, init: Callable[[Variable], State], move: Move) -> None:
    """Raise SettingsError unless a step is possible and leaves the state as it was in shapes and types."""
    name = describe(transformation)

    def one(variable: Variable) -> tuple[State, State]:
        state, number = init(variable), jnp.float32(0)
        evaluation = Evaluation(number, variable, lambda variable: jnp.sum(variable**2))
        return state, move(state, variable, evaluation, number, TracedConfig(number, number, number, number))[0]

    try:
        before, after = jax.eval_shape(one, jax.ShapeDtypeStruct((8, 8, 3), jnp.float32))
    except Exception as problem:
        raise SettingsError(f"optimizer is {name}, which cannot take a step: {one_line(problem)}") from problem
    if before != after:
        raise SettingsError(f"optimizer is {name}, whose state changes shapes or types from step to step; use another")
