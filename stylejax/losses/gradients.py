"""Gradient normalization: every layer pulls with the strength of its weight, whatever the size of its loss.

Source: Johnson, neural-style, 2015, `-normalize_gradients`: the gradient of a layer's loss for its features is divided by its
L1 norm, then multiplied by the layer's weight. The value of the loss does not change.
"""

import jax
import jax.numpy as jnp
from jax import Array

_FLOOR = 1e-8


@jax.custom_vjp
def unit_gradient(features: Array, weight: Array) -> Array:
    """`features` as they are; the gradient that comes back for them has the L1 norm `weight`."""
    return features


def _forward(features: Array, weight: Array) -> tuple[Array, Array]:
    return features, weight


def _backward(weight: Array, gradient: Array) -> tuple[Array, Array]:
    size = jnp.abs(gradient).sum(dtype=weight.dtype)
    return (gradient * (weight / (size + _FLOOR))).astype(gradient.dtype), jnp.zeros_like(weight)


unit_gradient.defvjp(_forward, _backward)
