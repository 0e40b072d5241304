"""Adam, and a running average of the pictures that it passes through.

    x ← clip(x - η · Adam(g))          Kingma and Ba 2015; clipping is safe under Adam (not under L-BFGS)
    a ← running average of x           the picture that is kept, free of the last step's noise

The step size is traced: another one runs the same program.
"""

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jax import Array

from stylejax.optimize.plan import Plan
from stylejax.types import Scalar


class AdamState(NamedTuple):
    """Adam's moments, and the running average."""

    moments: optax.ScaleByAdamState
    average: optax.EmaState


def start(variable: Array, plan: Plan) -> AdamState:
    """State before the first step."""
    return AdamState(_direction(plan).init(variable), optax.ema(plan.averaging).init(variable))  # pyright: ignore


def tell(
    state: AdamState, variable: Array, gradient: Array, learning_rate: Scalar, plan: Plan, *, when: Array
) -> tuple[AdamState, Array]:
    """Take one step from `variable`, if `when`; otherwise everything stays as it is."""
    direction, moments = _direction(plan).update(gradient, state.moments)
    moved = variable - learning_rate * cast(Array, direction)
    moved = plan.space.clip(moved) if plan.clamp else moved
    _, average = optax.ema(plan.averaging).update(moved, state.average)
    new = AdamState(moments, average), moved  # pyright: ignore[reportArgumentType]
    return jax.tree.map(lambda new, old: jnp.where(when, new, old), new, (state, variable))


def kept(state: AdamState, variable: Array, plan: Plan) -> Array:
    """The debiased running average, or the start before any step."""
    if plan.averaging == 0:
        return variable
    count, average = jnp.asarray(state.average.count), cast(Array, state.average.ema)
    return jnp.where(count > 0, average / jnp.maximum(1 - plan.averaging**count, 1e-6), variable)


def resized(state: AdamState, variable: Array, plan: Plan) -> AdamState:
    """The state at the next scale, where painting starts from `variable`: the moments go along, the average starts anew.

    Source: Crowson, style-transfer-pytorch 2021, resizes Adam's moments; the second ones stay non-negative.
    """
    moments = state.moments._replace(
        mu=jax.image.resize(cast(Array, state.moments.mu), variable.shape, "cubic"),  # pyright: ignore[reportArgumentType]
        nu=jnp.maximum(jax.image.resize(cast(Array, state.moments.nu), variable.shape, "linear"), 0),  # pyright: ignore
    )
    return start(variable, plan)._replace(moments=moments)


def _direction(plan: Plan) -> optax.GradientTransformation:
    """Adam's direction, without its step size, which is traced."""
    return optax.scale_by_adam(plan.beta1, plan.beta2)  # pyright: ignore[reportReturnType]
