"""One optimization step of one picture: pure, unbatched, without I/O.

    g = ∇ total(x)                     the exact gradient of the objective
    x ← clip(x - η · Adam(g), 0, 1)    Kingma and Ba 2015; clipping is safe under Adam (not under L-BFGS)
    a ← running average of x           the picture that is kept, free of the last step's noise

A picture whose loss or gradient stops being finite is frozen as it was before the step, and remembers at which step.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from stylejax.losses.objective import Targets, Terms, Weights, objective
from stylejax.model.vgg import VGG19
from stylejax.optimize.plan import Plan
from stylejax.types import Image, Scalar

RUNNING = -1
"""Value of `LaneState.failed_at` while nothing has failed."""


class LaneState(NamedTuple):
    """All that a picture carries from step to step."""

    image: Image
    moments: optax.ScaleByAdamState
    average: optax.EmaState
    step: Array
    failed_at: Array


class Trace(NamedTuple):
    """The scalars of one step, at the picture *before* its update: `total` is exactly what was differentiated."""

    total: Scalar
    terms: Terms


def adam(plan: Plan) -> optax.GradientTransformation:
    """Adam's direction, without its step size, which is traced."""
    return optax.scale_by_adam(plan.beta1, plan.beta2)  # pyright: ignore[reportReturnType]


def start(image: Image, plan: Plan) -> LaneState:
    """State before the first step."""
    moments = adam(plan).init(image)
    return LaneState(image, moments, optax.ema(plan.averaging).init(image), jnp.int32(0), jnp.int32(RUNNING))  # pyright: ignore


def step(
    model: VGG19, lane: LaneState, targets: Targets, weights: Weights, learning_rate: Scalar, plan: Plan
) -> tuple[LaneState, Trace]:
    """Take one step."""
    loss = jax.value_and_grad(objective, argnums=1, has_aux=True)
    (total, terms), gradient = loss(model, lane.image, targets, weights, plan.objective)
    direction, moments = adam(plan).update(gradient, lane.moments)
    image = jnp.clip(lane.image - learning_rate * direction, 0, 1)
    _, average = optax.ema(plan.averaging).update(image, lane.average)
    moved = LaneState(image, moments, average, lane.step + 1, lane.failed_at)  # pyright: ignore[reportArgumentType]

    finite = jnp.isfinite(total) & jnp.isfinite(gradient).all()
    failed_at = jnp.where(finite | (lane.failed_at != RUNNING), lane.failed_at, lane.step)
    alive = failed_at == RUNNING
    kept = jax.tree.map(lambda new, old: jnp.where(alive, new, old), moved, lane)
    return kept._replace(failed_at=failed_at), Trace(total, terms)


def picture(lane: LaneState, plan: Plan) -> Image:
    """The picture as it would be kept now: the debiased running average, or the start before any step."""
    if plan.averaging == 0:
        return lane.image
    debias = 1 - plan.averaging**lane.average.count
    return jnp.where(lane.average.count > 0, lane.average.ema / jnp.maximum(debias, 1e-6), lane.image)
