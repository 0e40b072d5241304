"""Adam, and a running average of the pictures that it passes through.

    x ← clip(x - η · Adam(g))          Kingma and Ba 2015; clipping is safe under Adam (not under L-BFGS)
    a ← running average of x           the picture that is kept, free of the last step's noise

Step size and decays are traced: others run the same program.
"""

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jax import Array

from stylejax.choices import ResamplingName
from stylejax.optimize.config import StaticConfig, TracedConfig
from stylejax.optimize.resize_state import enlarged
from stylejax.types import Scalar


class AdamState(NamedTuple):
    """Adam's moments, and the running average."""

    moments: optax.ScaleByAdamState
    average: optax.EmaState


def start(variable: Array) -> AdamState:
    """State before the first step."""
    return AdamState(optax.scale_by_adam().init(variable), optax.ema(0.0).init(variable))  # pyright: ignore


def tell(
    state: AdamState,
    variable: Array,
    gradient: Array,
    learning_rate: Scalar,
    numbers: TracedConfig,
    plan: StaticConfig,
    *,
    when: Array,
) -> tuple[AdamState, Array]:
    """Take one step from `variable`, if `when`; otherwise everything stays as it is."""
    direction, moments = optax.scale_by_adam(numbers.beta1, numbers.beta2).update(gradient, state.moments)  # pyright: ignore
    moved = variable - learning_rate * cast(Array, direction)
    moved = plan.space.clip(moved) if plan.clamp else moved
    averaged = optax.ema(numbers.averaging)
    average = state.average
    if plan.carry == "average":
        _, with_start = averaged.update(variable, average)  # pyright: ignore[reportArgumentType]
        average = jax.tree.map(lambda new, old: jnp.where(jnp.asarray(state.average.count) == 0, new, old), with_start, average)
    _, average = averaged.update(moved, average)  # pyright: ignore[reportArgumentType]
    new = AdamState(moments, average), moved  # pyright: ignore[reportArgumentType]
    return jax.tree.map(lambda new, old: jnp.where(when, new, old), new, (state, variable))


def kept(state: AdamState, variable: Array, averaging: Scalar) -> Array:
    """The debiased running average, or the start before any step."""
    count, average = jnp.asarray(state.average.count), cast(Array, state.average.ema)
    return jnp.where(count > 0, average / jnp.maximum(1 - averaging**count, 1e-6), variable)


def resized(state: AdamState, variable: Array, resampling: ResamplingName) -> AdamState:
    """The state at the next scale, where painting starts from `variable`: the moments go along, the average starts anew.

    Source: Crowson, style-transfer-pytorch 2021, resizes Adam's moments; the second ones stay non-negative.
    """
    shape = (variable.shape[0], variable.shape[1])
    moments = state.moments._replace(
        mu=enlarged(cast(Array, state.moments.mu), shape, resampling),  # pyright: ignore[reportArgumentType]
        nu=jnp.maximum(enlarged(cast(Array, state.moments.nu), shape, "bilinear"), 0),  # pyright: ignore
    )
    return start(variable)._replace(moments=moments)
