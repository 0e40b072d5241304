"""When a picture has stopped changing (`Settings.stop_when`): told one loss a step, pure, and without branches.

    |Lₙ - Lₙ₋₁| < tolerance · |Lₙ₋₁|        Lₙ: the lowest loss of the n-th `WINDOW` steps of a scale

The lowest of many steps, because Adam's losses go up and down around their trend. The tolerance is traced, and 0 never stops.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stylejax.types import Scalar

WINDOW = 20
"""Steps whose lowest loss is compared with that of as many steps before: no scale stops before its 40th step."""


class Convergence(NamedTuple):
    """What is remembered of the losses of one scale."""

    lowest: Array
    """The lowest loss of this window."""
    before: Array
    """That of the window before; infinite in the first."""
    steps: Array
    """Steps of this window."""
    done: Array
    """Whether the scale is over for this picture."""


def start() -> Convergence:
    """Before the first step of a scale."""
    return Convergence(jnp.float32(jnp.inf), jnp.float32(jnp.inf), jnp.int32(0), jnp.bool_(False))


def tell(state: Convergence, loss: Scalar, tolerance: Scalar, *, when: Array) -> Convergence:
    """Take the loss of one more step, if `when`."""
    lowest, steps = jnp.minimum(state.lowest, jnp.where(when, loss, jnp.inf)).astype(jnp.float32), state.steps + when
    full = when & (steps == WINDOW)
    settled = jnp.abs(lowest - state.before) < tolerance * jnp.abs(state.before)  # false while `before` is infinite
    return Convergence(
        lowest=jnp.where(full, jnp.inf, lowest),
        before=jnp.where(full, lowest, state.before),
        steps=jnp.where(full, 0, steps),
        done=state.done | (full & settled),
    )
