"""Whether a picture has stopped changing (`Settings.stop_when`): a pure function of one loss a step, without branches.

    |Lₙ - Lₙ₋₁| < tolerance · |Lₙ₋₁|        Lₙ: the lowest loss of the n-th `WINDOW` steps of a scale

It compares the lowest of many losses, because Adam's losses go up and down around their trend. The tolerance is traced, and 0
never stops.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from stylejax.types import Flag, Scalar

WINDOW = 20
"""Steps whose lowest loss is compared with that of as many steps before: no scale stops before its 40th step."""


class Convergence(NamedTuple):
    """What is remembered of the losses of one scale: scalars, or `[batch]`."""

    lowest: Float[Array, "*batch"]
    """The lowest loss of this window."""
    before: Float[Array, "*batch"]
    """That of the window before; infinite in the first."""
    steps: Int[Array, "*batch"]
    """Steps of this window."""
    done: Bool[Array, "*batch"]
    """Whether the scale is over for this picture."""


def init() -> Convergence:
    """The state before the first step of a scale."""
    return Convergence(jnp.float32(jnp.inf), jnp.float32(jnp.inf), jnp.int32(0), jnp.bool_(False))


def update(state: Convergence, loss: Scalar, tolerance: Scalar, *, when: Flag) -> Convergence:
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
