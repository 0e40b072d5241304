"""The history of L-BFGS, and the two loops that turn it into a direction.

    s = x' - x,  y = g' - g             the last pairs are remembered
    d = -H·g                            H: the inverse Hessian that they imply, never formed

Source: Nocedal and Wright 2006, algorithm 7.4. The pairs sit in a ring; an empty or cleared place has ρ = 0 and takes no part.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Int

from stylejax.types import Count, Flag, Scalar, Vector

FLATTEST = 1e-7
"""Least cosine between s and y: about the smallest value that float32 distinguishes from zero."""


class History(NamedTuple):
    """The last pairs; batched histories have a leading axis `batch`."""

    steps: Float[Array, "..."]
    """s, `[pairs, *shape]`."""
    changes: Float[Array, "..."]
    """y, `[pairs, *shape]`."""
    rho: Float[Array, "*batch pairs"]
    """1 / s·y; 0 in an empty place."""
    scale: Float[Array, "*batch"]
    """s·y / y·y of the newest pair: the curvature where no pair says otherwise."""
    place: Int[Array, "*batch"]
    """Where the next pair goes."""

    @property
    def empty(self) -> Flag:
        """Whether nothing is remembered."""
        return (self.rho == 0).all()


def dot(a: Vector, b: Vector) -> Scalar:
    """Sum of products in float32 on every device: `jnp.dot` would round its inputs on a GPU or TPU."""
    return jnp.sum(a * b)


def empty_history(like: Vector, size: int) -> History:
    """A history with room for `size` pairs of arrays like `like`."""
    pairs = jnp.zeros((size, *like.shape), like.dtype)
    return History(pairs, pairs, jnp.zeros(size), jnp.float32(1), jnp.int32(0))


def remember(history: History, step: Vector, change: Vector, *, when: Flag) -> History:
    """Add a pair, in place of the oldest, if `when` and if the function curves upwards between its ends.

    Without the second condition a non-convex function makes H indefinite, and its directions lead uphill.
    """
    curvature, square = dot(step, change), dot(change, change)
    upwards = curvature > FLATTEST * jnp.sqrt(dot(step, step)) * jnp.sqrt(square)
    good = when & upwards & jnp.isfinite(square) & jnp.isfinite(1 / curvature)
    place = history.place

    def put(rows: Array, row: Array) -> Array:
        return rows.at[place].set(jnp.where(good, row, rows[place]))  # one row moves, not the whole history

    return History(
        steps=put(history.steps, step),
        changes=put(history.changes, change),
        rho=put(history.rho, 1 / curvature),
        scale=jnp.where(good, curvature / square, history.scale),
        place=jnp.where(good, (place + 1) % history.rho.size, place),
    )


def clear(history: History, *, when: Flag) -> History:
    """Forget all pairs, if `when`."""
    return history._replace(rho=jnp.where(when, 0, history.rho), scale=jnp.where(when, 1, history.scale))


def direction(history: History, gradient: Vector) -> Vector:
    """-H·g; -g where nothing is remembered."""
    size = history.rho.size

    def newest_first(age: Count, carried: tuple[Array, Array]) -> tuple[Array, Array]:
        q, alphas = carried
        i = (history.place - 1 - age) % size
        alpha = history.rho[i] * dot(history.steps[i], q)
        return q - alpha * history.changes[i], alphas.at[i].set(alpha)

    def oldest_first(age: Count, r: Vector) -> Vector:
        i = (history.place + age) % size
        beta = history.rho[i] * dot(history.changes[i], r)
        return r + (alphas[i] - beta) * history.steps[i]

    q, alphas = lax.fori_loop(0, size, newest_first, (gradient, jnp.zeros(size)))
    return -lax.fori_loop(0, size, oldest_first, history.scale * q)
