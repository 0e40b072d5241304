"""Gradient normalization: the gradient of each layer has the size of the layer's weight, independent of its loss.

Source: Johnson, neural-style, 2015, `-normalize_gradients`: the gradient of a layer's loss for its features is divided by its
L1 norm, then multiplied by the layer's weight. The value of the loss does not change.
"""

import jax
import jax.numpy as jnp

from stylejax.types import Features, Scalar

_FLOOR = 1e-8


@jax.custom_vjp
def unit_gradient(features: Features, weight: Scalar) -> Features:
    """`features` unchanged; the gradient that flows back to them is scaled to the L1 norm `weight`."""
    return features


def _forward(features: Features, weight: Scalar) -> tuple[Features, Scalar]:
    return features, weight


def _backward(weight: Scalar, gradient: Features) -> tuple[Features, Scalar]:
    size = jnp.abs(gradient).sum(dtype=weight.dtype)
    return (gradient * (weight / (size + _FLOOR))).astype(gradient.dtype), jnp.zeros_like(weight)


unit_gradient.defvjp(_forward, _backward)
