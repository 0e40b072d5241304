"""Adam, and a running average of the pictures that it passes through.

    x ← clip(x - η · Adam(g), 0, 1)    Kingma and Ba 2015; clipping is safe under Adam (not under L-BFGS)
    a ← running average of x           the picture that is kept, free of the last step's noise

The step size is traced: another one runs the same program.
"""

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jax import Array

from stylejax.optimize.plan import Plan
from stylejax.types import Image, Scalar


class AdamState(NamedTuple):
    """Adam's moments, and the running average."""

    moments: optax.ScaleByAdamState
    average: optax.EmaState


def start(image: Image, plan: Plan) -> AdamState:
    """State before the first step."""
    return AdamState(_direction(plan).init(image), optax.ema(plan.averaging).init(image))  # pyright: ignore


def tell(
    state: AdamState, image: Image, gradient: Image, learning_rate: Scalar, plan: Plan, *, finite: Array
) -> tuple[AdamState, Image]:
    """Take one step from `image`; none at all where the evaluation was not finite."""
    direction, moments = _direction(plan).update(gradient, state.moments)
    moved = jnp.clip(image - learning_rate * cast(Array, direction), 0, 1)
    _, average = optax.ema(plan.averaging).update(moved, state.average)
    new = AdamState(moments, average), moved  # pyright: ignore[reportArgumentType]
    return jax.tree.map(lambda new, old: jnp.where(finite, new, old), new, (state, image))


def picture(state: AdamState, image: Image, plan: Plan) -> Image:
    """The debiased running average, or the start before any step."""
    if plan.averaging == 0:
        return image
    count, average = jnp.asarray(state.average.count), cast(Array, state.average.ema)
    return jnp.where(count > 0, average / jnp.maximum(1 - plan.averaging**count, 1e-6), image)


def resized(state: AdamState, image: Image, plan: Plan) -> AdamState:
    """The state at the next scale, where painting starts from `image`: the moments go along, the average starts anew.

    Source: Crowson, style-transfer-pytorch 2021, resizes Adam's moments; the second ones stay non-negative.
    """
    moments = state.moments._replace(
        mu=jax.image.resize(cast(Array, state.moments.mu), image.shape, "cubic"),  # pyright: ignore[reportArgumentType]
        nu=jnp.maximum(jax.image.resize(cast(Array, state.moments.nu), image.shape, "linear"), 0),  # pyright: ignore
    )
    return start(image, plan)._replace(moments=moments)


def _direction(plan: Plan) -> optax.GradientTransformation:
    """Adam's direction, without its step size, which is traced."""
    return optax.scale_by_adam(plan.beta1, plan.beta2)  # pyright: ignore[reportReturnType]
