"""The history of L-BFGS, and the direction that it implies, found from inner products alone.

    s = x' - x,  y = g' - g             the last pairs are remembered
    d = -H·g                            H: the inverse Hessian that they imply, never formed
      = -(c·g + Σ aᵢsᵢ + Σ bᵢyᵢ)        the two loops run on these coefficients

Inner products are sums over positions: those of bands of rows add up, so that a large picture takes a step band by band.

Source: Nocedal and Wright 2006, algorithm 7.4, in the form of Chen, Wang and Zhou 2014, Large-scale L-BFGS using MapReduce.
The pairs sit in a ring; an empty or cleared place has ρ = 0 and takes no part.
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
    steps_changes: Float[Array, "*batch pairs pairs"]
    """sᵢ·yⱼ"""
    changes_changes: Float[Array, "*batch pairs pairs"]
    """yᵢ·yⱼ"""
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


DIRECTION, GRADIENT, CHANGE = range(3)
"""Of the vectors whose products are taken: the direction that was searched, the gradient there, and its change since."""


class Products(NamedTuple):
    """The inner products of these vectors with each other and with the pairs; those of parts of a picture add up."""

    vectors: Float[Array, "3 3"]
    steps: Float[Array, "pairs 3"]
    changes: Float[Array, "pairs 3"]


class Combination(NamedTuple):
    """The coefficients of the gradient and of the pairs."""

    gradient: Scalar
    steps: Float[Array, " pairs"]
    changes: Float[Array, " pairs"]

    def of(self, gradient: Vector, history: History) -> Vector:
        """The vector."""

        def add(i: Count, sum_: Vector) -> Vector:
            return sum_ + (self.steps[i] * history.steps[i] + self.changes[i] * history.changes[i])

        return lax.fori_loop(0, history.rho.size, add, self.gradient * gradient)

    def slope(self, products: Products) -> Scalar:
        """Its inner product with the gradient."""
        pairs = self.steps * products.steps[:, GRADIENT] + self.changes * products.changes[:, GRADIENT]
        return self.gradient * products.vectors[GRADIENT, GRADIENT] + jnp.sum(pairs)


def dot(a: Vector, b: Vector) -> Scalar:
    """Sum of products in float32 on every device: `jnp.dot` would round its inputs on a GPU or TPU."""
    return jnp.sum(a * b)


def empty_history(like: Vector, size: int) -> History:
    """A history with room for `size` pairs of arrays like `like`."""
    pairs, products = jnp.zeros((size, *like.shape), like.dtype), jnp.zeros((size, size))
    return History(pairs, pairs, products, products, jnp.zeros(size), jnp.float32(1), jnp.int32(0))


def products_of(history: History, direction: Vector, gradient: Vector, change: Vector) -> Products:
    """The inner products that a step needs, from vectors of one shape."""
    vectors = direction, gradient, change

    def with_vectors(vector: Vector) -> Float[Array, "3"]:
        return jnp.stack([dot(vector, each) for each in vectors])

    steps, changes = lax.map(lambda pair: tuple(map(with_vectors, pair)), (history.steps, history.changes))
    return Products(jnp.stack([*map(with_vectors, vectors)]), steps, changes)


def remember(
    history: History, step: Vector, change: Vector, products: Products, *, length: Scalar, when: Flag
) -> tuple[History, Products]:
    """Add a pair, in place of the oldest, if `when` and if the function curves upwards between its ends.

    Without the second condition a non-convex function makes H indefinite, and its directions lead uphill.

    Args:
        history: so far.
        step: s, `length` times the direction.
        change: y.
        products: of the whole picture; `step` and `change` may be a part of it.
        length: of the step.
        when: whether there is a pair to add.

    Returns:
        The history with the pair, and the products with its pairs.
    """
    place = history.place
    square, curvature = products.vectors[CHANGE, CHANGE], length * products.vectors[DIRECTION, CHANGE]
    distance = jnp.abs(length) * jnp.sqrt(products.vectors[DIRECTION, DIRECTION])
    upwards = curvature > FLATTEST * distance * jnp.sqrt(square)
    finite = jnp.isfinite(products.steps).all() & jnp.isfinite(products.changes).all()
    good = when & upwards & finite & jnp.isfinite(square) & jnp.isfinite(1 / curvature)

    def put(rows: Array, row: Array) -> Array:
        return rows.at[place].set(jnp.where(good, row, rows[place]))  # one row moves, not the whole history

    steps = put(products.steps, length * products.vectors[DIRECTION])
    changes = put(products.changes, products.vectors[CHANGE])
    steps_changes = put(history.steps_changes.T, steps[:, CHANGE]).T
    changes_changes = put(history.changes_changes.T, changes[:, CHANGE]).T
    moved = History(
        steps=put(history.steps, step),
        changes=put(history.changes, change),
        steps_changes=put(steps_changes, length * changes[:, DIRECTION]),
        changes_changes=put(changes_changes, changes[:, CHANGE]),
        rho=put(history.rho, 1 / curvature),
        scale=jnp.where(good, curvature / square, history.scale),
        place=jnp.where(good, (place + 1) % history.rho.size, place),
    )
    return moved, Products(products.vectors, steps, changes)


def clear(history: History, *, when: Flag) -> History:
    """Forget all pairs, if `when`."""
    return history._replace(rho=jnp.where(when, 0, history.rho), scale=jnp.where(when, 1, history.scale))


def direction(history: History, products: Products) -> Combination:
    """-H·g; -g where nothing is remembered."""
    size = history.rho.size
    steps, changes = products.steps[:, GRADIENT], products.changes[:, GRADIENT]

    def newest_first(age: Count, alphas: Array) -> Array:
        i = (history.place - 1 - age) % size
        return alphas.at[i].set(history.rho[i] * (steps[i] - jnp.sum(alphas * history.steps_changes[i])))

    def oldest_first(age: Count, a: Array) -> Array:
        i = (history.place + age) % size
        known = jnp.sum(b * history.changes_changes[i]) + jnp.sum(a * history.steps_changes[:, i])
        beta = history.rho[i] * (history.scale * changes[i] + known)
        return a.at[i].set(alphas[i] - beta)

    none = jnp.zeros(size)
    alphas = lax.fori_loop(0, size, newest_first, none)
    b = -history.scale * alphas
    a = lax.fori_loop(0, size, oldest_first, none)
    return Combination(-history.scale, -a, -b)


def steepest(history: History) -> Combination:
    """-g."""
    none = jnp.zeros(history.rho.size)
    return Combination(jnp.float32(-1), none, none)
