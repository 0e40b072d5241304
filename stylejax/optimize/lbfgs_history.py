"""The memory of L-BFGS, and the two loops that turn it into a direction.

    s = x' - x,  y = g' - g             the last pairs are remembered
    d = -H·g                            H: the inverse Hessian that they imply, never formed

Source: Nocedal and Wright 2006, algorithm 7.4. The pairs sit in a ring; one that is not remembered, or that was forgotten, has
ρ = 0 and takes no part.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from stylejax.types import Scalar

FLATTEST = 1e-7
"""Least cosine between s and y: about what float32 can tell from zero."""


class History(NamedTuple):
    """The last pairs."""

    steps: Array
    """s, `[size, ...]`."""
    changes: Array
    """y, `[size, ...]`."""
    rho: Array
    """1 / s·y, `[size]`."""
    scale: Scalar
    """s·y / y·y of the newest pair: the curvature where no pair says otherwise."""
    place: Array
    """Where the next pair goes."""

    @property
    def empty(self) -> Array:
        """Whether nothing is remembered."""
        return (self.rho == 0).all()


def dot(a: Array, b: Array) -> Scalar:
    """Sum of products in float32 on every device: `jnp.dot` would round its inputs on a GPU or TPU."""
    return jnp.sum(a * b)


def nothing(like: Array, size: int) -> History:
    """A memory of `size` pairs that holds none yet."""
    pairs = jnp.zeros((size, *like.shape), like.dtype)
    return History(pairs, pairs, jnp.zeros(size), jnp.float32(1), jnp.int32(0))


def remember(history: History, step: Array, change: Array, *, when: Array) -> History:
    """Add a pair, in place of the oldest, if `when` and if the function curves upwards between its ends.

    Without the second condition a non-convex function makes H indefinite, and its directions lead uphill.
    """
    curvature, square = dot(step, change), dot(change, change)
    upwards = curvature > FLATTEST * jnp.sqrt(dot(step, step)) * jnp.sqrt(square)
    good = when & upwards & jnp.isfinite(square) & jnp.isfinite(1 / curvature)
    place = history.place

    def put(rows: Array, row: Array) -> Array:
        return rows.at[place].set(jnp.where(good, row, rows[place]))  # one row moves, not the whole memory

    return History(
        steps=put(history.steps, step),
        changes=put(history.changes, change),
        rho=put(history.rho, 1 / curvature),
        scale=jnp.where(good, curvature / square, history.scale),
        place=jnp.where(good, (place + 1) % history.rho.size, place),
    )


def forget(history: History, *, when: Array) -> History:
    """Hold nothing any more, if `when`."""
    return history._replace(rho=jnp.where(when, 0, history.rho), scale=jnp.where(when, 1, history.scale))


def direction(history: History, gradient: Array) -> Array:
    """-H·g; -g where nothing is remembered."""
    size = history.rho.size

    def newest_first(age: Array, carried: tuple[Array, Array]) -> tuple[Array, Array]:
        q, alphas = carried
        i = (history.place - 1 - age) % size
        alpha = history.rho[i] * dot(history.steps[i], q)
        return q - alpha * history.changes[i], alphas.at[i].set(alpha)

    def oldest_first(age: Array, r: Array) -> Array:
        i = (history.place + age) % size
        beta = history.rho[i] * dot(history.changes[i], r)
        return r + (alphas[i] - beta) * history.steps[i]

    q, alphas = lax.fori_loop(0, size, newest_first, (gradient, jnp.zeros(size)))
    return -lax.fori_loop(0, size, oldest_first, history.scale * q)
