"""Adam (Kingma and Ba 2015), whose step size and decays are traced: other values run the same program.

Clamping the picture after each step is safe under Adam, and is not under L-BFGS.
"""

from functools import cache
from typing import cast

import jax.numpy as jnp
import optax
from jax import Array

from stylejax.choices import CarryName, ResamplingName
from stylejax.optimize.descent import descent
from stylejax.optimize.optimizer import Evaluation, Optimizer
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import Upsample
from stylejax.settings.pixel_space import Space
from stylejax.types import Scalar, Variable


@cache
def adam(*, space: Space, clamp: bool, restart: bool, carry: CarryName, resampling: ResamplingName) -> Optimizer:
    """Adam on a picture; the same arguments give the same object.

    Args:
        space: in which the picture is optimized.
        clamp: keep the picture in [0, 1] after each step.
        restart: forget the moments at each scale. Otherwise they are enlarged with the picture, as Crowson,
            style-transfer-pytorch 2021, does.
        carry: what the next scale starts from, as for `descent`.
        resampling: how pictures and moments are enlarged.
    """

    def resize_moments(moments: optax.ScaleByAdamState, variable: Variable, upsample: Upsample) -> optax.ScaleByAdamState:
        if restart:
            return _init(variable)
        mu, nu = cast(Array, moments.mu), cast(Array, moments.nu)
        return moments._replace(
            mu=upsample(mu, resampling),
            nu=jnp.maximum(upsample(nu, "bilinear"), 0),  # a cubic could overshoot below zero
        )

    options = {"space": space, "clamp": clamp, "carry": carry, "resampling": resampling}
    return descent(_init, _move, resize_moments, **options, elementwise=True, name=f"adam {restart}")


def _init(variable: Variable) -> optax.ScaleByAdamState:
    return cast(optax.ScaleByAdamState, optax.scale_by_adam().init(variable))


def _move(
    moments: optax.ScaleByAdamState, variable: Variable, evaluation: Evaluation, learning_rate: Scalar, traced: TracedConfig
) -> tuple[optax.ScaleByAdamState, Variable]:
    transformation = optax.scale_by_adam(traced.beta1, traced.beta2)  # pyright: ignore[reportArgumentType]
    direction, moments = transformation.update(evaluation.gradient, moments)  # pyright: ignore[reportAssignmentType]
    return moments, variable - learning_rate * cast(Array, direction)
