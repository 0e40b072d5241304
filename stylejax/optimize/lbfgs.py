"""L-BFGS that is told one evaluation at a time: pure, unbatched, and as many lanes as you like under `jax.vmap`.

    state, trial = start(x), x
    each step:   state, trial = tell(state, trial, f(trial), ∇f(trial), learning_rate)
    at any time: best(state)

The function stands outside, so that a batch evaluates it once a step, for all lanes together and without a branch around it,
while each lane is at its own place in its own line search. A search that accepts a point turns its pair into the memory and
draws the next direction within the same step: no evaluation is lost.

The first search steps by `learning_rate` (root mean square over the coordinates), however large the gradient; the later ones
try the quasi-Newton step 1 first. A search that finds nothing better forgets the memory and starts again downhill.

Source: Nocedal and Wright 2006, algorithm 7.5. Differs from `torch.optim.LBFGS`: its first step is min(1, 1/‖g‖₁), which
depends on the units of the loss; it never stops of its own accord.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.optimize import lbfgs_history as two_loop
from stylejax.optimize import line_search
from stylejax.optimize.lbfgs_history import History, dot
from stylejax.optimize.line_search import Search


class LBFGSState(NamedTuple):
    """All that is known between two evaluations."""

    point: Array
    """Where the line search starts: the last accepted point."""
    gradient: Array
    """At `point`."""
    low_gradient: Array
    """At the best point of the search so far."""
    direction: Array
    search: Search
    history: History

    @property
    def started(self) -> Array:
        """Whether the first evaluation was finite. Before, there is nothing to go back to; later, a bad trial is shortened."""
        return jnp.isfinite(self.search.start.value)


def start(point: Array, *, history: int = 10) -> LBFGSState:
    """The state before the first evaluation, which is at `point`.

    Args:
        point: of any shape.
        history: how many pairs are remembered; each takes twice the memory of `point`.
    """
    zero, nowhere = jnp.zeros_like(point), jnp.float32(0)
    # A search along no direction from an unknown value: any finite evaluation ends it.
    search = line_search.begin(jnp.float32(jnp.inf), nowhere, nowhere)
    state = LBFGSState(point, zero, zero, zero, search, two_loop.nothing(point, history))
    return jax.tree.map(jnp.array, state)  # each array a buffer of its own: a state is donated, and no buffer twice


def tell(
    state: LBFGSState, trial: Array, value: Array, gradient: Array, learning_rate: Array, *, when: Array | bool = True
) -> tuple[LBFGSState, Array]:
    """Take the evaluation at `trial`, and say where to evaluate next.

    Args:
        state: from `start` or the last `tell`.
        trial: where the last `tell` said; the starting point at first.
        value: f(trial). One that is not finite shortens the step; as the very first, it changes nothing.
        gradient: ∇f(trial).
        learning_rate: root mean square of the first step, also after the memory was lost.
        when: whether to take it at all; otherwise everything stays as it is.
    """
    finite = jnp.isfinite(value) & jnp.isfinite(gradient).all()
    gradient = jnp.where(finite, gradient, 0)
    slope = jnp.where(finite, dot(gradient, state.direction), jnp.nan)
    search, verdict = line_search.tell(state.search, value, slope, jnp.abs(state.direction).max())
    counts = (finite | state.started) & when
    done, improved = verdict.done & counts, verdict.improved & counts
    low_gradient = jnp.where(improved, gradient, state.low_gradient)

    step = search.low.step * state.direction
    point = jnp.where(done, state.point + step, state.point)
    origin = jnp.where(done, low_gradient, state.gradient)
    history = two_loop.remember(state.history, step, low_gradient - state.gradient, when=done)
    history = two_loop.forget(history, when=done & (search.low.step == 0))
    direction, history = _downhill(history, origin, when=done)

    first = learning_rate / jnp.maximum(jnp.sqrt(jnp.mean(origin**2)), 1e-15)
    following = line_search.begin(search.low.value, dot(origin, direction), jnp.where(history.empty, first, 1.0))
    search = _select(done, following, _select(counts, search, state.search))
    direction = jnp.where(done, direction, state.direction)
    moved = LBFGSState(point, origin, low_gradient, direction, search, history)
    return moved, jnp.where(counts, point + search.step * direction, trial)


def best(state: LBFGSState) -> Array:
    """The best point that was accepted, by the line search that is under way or by the last one."""
    return state.point + state.search.low.step * state.direction


def _downhill(history: History, gradient: Array, *, when: Array) -> tuple[Array, History]:
    """The quasi-Newton direction; where it does not lead down, the steepest descent and an empty memory."""
    direction = two_loop.direction(history, gradient)
    down = dot(gradient, direction) < 0
    return jnp.where(down, direction, -gradient), two_loop.forget(history, when=when & ~down)


def _select(condition: Array, yes: Search, no: Search) -> Search:
    return jax.tree.map(lambda y, n: jnp.where(condition, y, n), yes, no)
