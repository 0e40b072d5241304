"""A line search for the strong Wolfe conditions as a state machine: `update` takes one evaluation and asks for the next.

    φ(t) = f(x + t·d)
    φ(t) ≤ φ(0) + c₁·t·φ'(0)        the value falls enough      (Armijo)
    |φ'(t)| ≤ c₂·|φ'(0)|            and the slope flattens      (curvature)

First the step grows until it brackets such a point, then the bracket shrinks by cubic interpolation. The state is scalars, and
nothing branches: under `jax.vmap` every picture is at its own place in its own search while the function itself is evaluated
once a step for all of them. An infinite or undefined value counts as one that is too high, and halves the bracket.

Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6; the interpolation and its safeguards as in Schmidt's minFunc, which
PyTorch follows too. Differs from PyTorch: the low end of the bracket always satisfies the Armijo condition, so that only its
gradient need be kept; the search ends after `MOST_EVALUATIONS`, not when the budget of the whole run is spent.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from stylejax.types import Flag, Scalar

ARMIJO = 1e-4
CURVATURE = 0.9
MOST_EVALUATIONS = 25
NARROWEST = 1e-8
"""A bracket whose ends differ by less than this, in the largest coordinate, is not searched any further."""


class Point(NamedTuple):
    """φ at one step length: scalars, or `[batch]`."""

    step: Float[Array, "*batch"]
    value: Float[Array, "*batch"]
    slope: Float[Array, "*batch"]


class Search(NamedTuple):
    """The state of a search: scalars, or `[batch]`."""

    start: Point
    """φ at 0."""
    low: Point
    """The best point so far that satisfies the Armijo condition; the start at first. What is accepted in the end."""
    high: Point
    """The other end of the bracket, once there is one: on either side of `low`."""
    step: Float[Array, "*batch"]
    """The step length to evaluate next."""
    bracketed: Bool[Array, "*batch"]
    hesitant: Bool[Array, "*batch"]
    """The last trial fell close to an end of the bracket."""
    evaluations: Int[Array, "*batch"]


class Verdict(NamedTuple):
    """What the last evaluation did."""

    improved: Flag
    """The trial has become `low`."""
    done: Flag
    """The search is over, and `low` is its result; at step 0 it has failed."""


def begin(value: Scalar, slope: Scalar, step: Scalar) -> Search:
    """A new search from φ(0) = `value`, φ'(0) = `slope`, that asks for `step` first."""
    start = Point(jnp.zeros_like(step), value, slope)
    return Search(start, start, start, step, jnp.bool_(False), jnp.bool_(False), jnp.int32(0))


def update(search: Search, value: Scalar, slope: Scalar, reach: Scalar) -> tuple[Search, Verdict]:
    """Take φ and φ' at `search.step`.

    Args:
        search: from `begin` or the last `update`.
        value: φ(search.step); may be infinite or not a number.
        slope: φ'(search.step).
        reach: the largest coordinate of the direction.

    Returns:
        The search with the next step to evaluate, and what this evaluation has decided.
    """
    start, low, high, step = search.start, search.low, search.high, search.step
    finite = jnp.isfinite(value) & jnp.isfinite(slope)
    trial = Point(step, jnp.where(finite, value, jnp.inf), jnp.where(finite, slope, 0))
    evaluations = search.evaluations + 1

    enough = finite & (trial.value <= start.value + ARMIJO * step * start.slope)
    improved = enough & ((trial.value < low.value) | (search.evaluations == 0))
    wolfe = improved & (jnp.abs(trial.slope) <= -CURVATURE * start.slope)
    # Past the minimum: downhill from the trial lies back where `low` is, which then closes the bracket from the other side.
    onward = jnp.where(search.bracketed, high.step - low.step, 1.0)
    turned = improved & (trial.slope * onward >= 0)

    new_high = _select(improved, _select(turned, low, high), trial)
    new_low = _select(improved, trial, low)
    bracketed = search.bracketed | ~improved | turned
    width = jnp.abs(new_high.step - new_low.step)
    exhausted = (evaluations >= MOST_EVALUATIONS) | (bracketed & ~(width * reach >= NARROWEST))

    farther = _expand(low, trial)
    inside, hesitant = _shrink(new_low, new_high, search.hesitant)
    asked = jnp.where(bracketed, inside, farther)
    moved = Search(start, new_low, new_high, asked, bracketed, bracketed & hesitant, evaluations)
    return moved, Verdict(improved, wolfe | exhausted)


def _expand(last: Point, trial: Point) -> Scalar:
    """A longer step than `trial`, at most ten times as long."""
    shortest = trial.step + 0.01 * (trial.step - last.step)
    return _cubic_minimum(last, trial, shortest, 10 * trial.step)


def _shrink(low: Point, high: Point, hesitant: Flag) -> tuple[Scalar, Flag]:
    """A step inside the bracket, kept a tenth away from its ends when the last one was already close to them."""
    left, right = jnp.minimum(low.step, high.step), jnp.maximum(low.step, high.step)
    step = _cubic_minimum(low, high, left, right)
    margin = 0.1 * (right - left)
    close = jnp.minimum(right - step, step - left) < margin
    push = close & (hesitant | (step >= right) | (step <= left))
    pushed = jnp.where(right - step < step - left, right - margin, left + margin)
    return jnp.where(push, pushed, step), close & ~push


def _cubic_minimum(a: Point, b: Point, least: Scalar, most: Scalar) -> Scalar:
    """Minimum of the cubic through two points and their slopes, within bounds; their middle where there is none."""
    left, right = _select(a.step <= b.step, a, b), _select(a.step <= b.step, b, a)
    # d₁ = φ'ₗ + φ'ᵣ - 3 (φₗ - φᵣ)/(l - r);  d₂ = √(d₁² - φ'ₗφ'ᵣ);  t = r - (r - l)(φ'ᵣ + d₂ - d₁)/(φ'ᵣ - φ'ₗ + 2d₂)
    d1 = left.slope + right.slope - 3 * (left.value - right.value) / (left.step - right.step)
    size = jnp.maximum(jnp.abs(d1), jnp.maximum(jnp.abs(left.slope), jnp.abs(right.slope)))
    inside = (d1 / size) ** 2 - (left.slope / size) * (right.slope / size)  # squares of the values themselves could overflow
    d2 = size * jnp.sqrt(jnp.maximum(inside, 0))
    step = right.step - (right.step - left.step) * (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
    sound = (inside >= 0) & jnp.isfinite(step)
    return jnp.where(sound, jnp.clip(step, least, most), (least + most) / 2)


def _select(condition: Flag, yes: Point, no: Point) -> Point:
    return jax.tree.map(lambda y, n: jnp.where(condition, y, n), yes, no)
