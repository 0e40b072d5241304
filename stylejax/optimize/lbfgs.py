"""L-BFGS as an ask-and-tell state machine: pure and unbatched, so that `jax.vmap` makes it a batch.

    state, trial = init(x), x
    each step:   state, trial = update(state, trial, f(trial), ∇f(trial), learning_rate)
    at any time: best(state)

The caller evaluates the function, so that a batch evaluates it once a step, for all pictures together and without a branch
around it, while each picture is at its own place in its own line search. A search that accepts a point adds its pair to the
history and draws the next direction within the same step: no evaluation is lost.

The first search steps by `learning_rate` (root mean square over the coordinates), however large the gradient; the later ones
try the quasi-Newton step 1 first. A search that ends without a trial that is good enough clears the history and restarts
downhill from the best that it has found.

Source: Nocedal and Wright 2006, algorithm 7.5. Differs from `torch.optim.LBFGS`: its first step is min(1, 1/‖g‖₁), which
depends on the units of the loss; it never stops of its own accord.
"""

from functools import cache
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float

from stylejax.choices import ResamplingName
from stylejax.optimize import lbfgs_history as two_loop
from stylejax.optimize import line_search
from stylejax.optimize.lbfgs_history import DIRECTION, GRADIENT, History, Products
from stylejax.optimize.line_search import Search
from stylejax.optimize.optimizer import Evaluation, Optimizer
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import Upsample
from stylejax.settings.pixel_space import Space
from stylejax.types import AnyImage, AnyVariable, Flag, Scalar, Variable, Vector

Tree = TypeVar("Tree")


class LBFGSState(NamedTuple):
    """All that is known between two evaluations; batched states have a leading axis `batch`."""

    point: Float[Array, "*batch_and_shape"]
    """Where the line search starts: the last accepted point."""
    gradient: Float[Array, "*batch_and_shape"]
    """At `point`."""
    low_gradient: Float[Array, "*batch_and_shape"]
    """At the best point of the search so far."""
    direction: Float[Array, "*batch_and_shape"]
    search: Search
    history: History

    @property
    def started(self) -> Bool[Array, "*batch"]:
        """Whether the first evaluation was finite. Before, there is nothing to go back to; later, a bad trial is shortened."""
        return jnp.isfinite(self.search.start.value)


@cache
def lbfgs(*, space: Space, history: int, resampling: ResamplingName) -> Optimizer:
    """L-BFGS on a picture; the same arguments give the same object.

    Args:
        space: in which the picture is optimized.
        history: how many pairs are remembered; each takes twice the memory of the picture.
        resampling: how the picture is enlarged. Each scale begins with an empty history.
    """

    def start(variable: Variable) -> LBFGSState:
        return init(variable, history=history)

    def move(
        state: LBFGSState,
        variable: Variable,
        evaluation: Evaluation,
        learning_rate: Scalar,
        traced: TracedConfig,
        *,
        when: Flag,
    ) -> tuple[LBFGSState, Variable]:
        value, gradient, sums = evaluation.value, evaluation.gradient, evaluation.sums
        return update(state, variable, value, gradient, learning_rate, sums=sums, when=when)

    def current(state: LBFGSState, variable: Variable, traced: TracedConfig) -> Variable:
        return best(state)

    def resize(
        state: LBFGSState, variable: Variable, traced: TracedConfig, *, upsample: Upsample, detail: AnyImage | None
    ) -> tuple[LBFGSState, AnyVariable]:
        image = upsample(space.to_image(best(state)), resampling)
        variable = space.from_image(image if detail is None else image + detail)
        return start(variable), variable

    def loss(state: LBFGSState, value: Scalar) -> Scalar:
        return state.search.low.value

    def recovers(state: LBFGSState) -> Flag:
        return state.started

    name = f"l-bfgs {space} {history} {resampling}"
    options = {"loss": loss, "recovers": recovers, "measure": measure, "history": history, "name": name}
    return Optimizer(start, move, current, resize, **options)


class LBFGSSums(NamedTuple):
    """What an update needs to know of the whole picture."""

    size: Scalar
    """How many coordinates it has."""
    products: Products
    low_square: Scalar
    """Of the gradient at the best point."""


def init(point: Vector, *, history: int = 10) -> LBFGSState:
    """The state before the first evaluation, which is at `point`.

    Args:
        point: of any shape.
        history: how many pairs are remembered; each takes twice the memory of `point`.
    """
    zero, nowhere = jnp.zeros_like(point), jnp.float32(0)
    # A search along no direction from an unknown value: any finite evaluation ends it.
    search = line_search.begin(jnp.float32(jnp.inf), nowhere, nowhere)
    state = LBFGSState(point, zero, zero, zero, search, two_loop.empty_history(point, history))
    return jax.tree.map(jnp.array, state)  # each array a buffer of its own: a state is donated, and no buffer twice


def update(
    state: LBFGSState,
    trial: Vector,
    value: Scalar,
    gradient: Vector,
    learning_rate: Scalar,
    *,
    sums: LBFGSSums | None = None,
    when: Flag | bool = True,
) -> tuple[LBFGSState, Vector]:
    """Take the evaluation at `trial`, and return where to evaluate next.

    Args:
        state: from `init` or the last `update`.
        trial: what the last `update` returned; the starting point at first.
        value: f(trial). One that is not finite shortens the step; as the very first, it changes nothing.
        gradient: ∇f(trial).
        learning_rate: root mean square of the first step, also after the history was cleared.
        sums: those of the whole picture, where the vectors are a part of it.
        when: whether to take the evaluation at all; otherwise everything stays as it is.
    """
    sums = measure(state, gradient) if sums is None else sums
    products = sums.products
    finite = jnp.isfinite(value) & jnp.isfinite(products.vectors[GRADIENT, GRADIENT])
    slope = jnp.where(finite, products.vectors[DIRECTION, GRADIENT], jnp.nan)
    reach = jnp.sqrt(products.vectors[DIRECTION, DIRECTION] / sums.size)
    search, verdict = line_search.update(state.search, value, slope, reach)
    counts = (finite | state.started) & when
    done, improved = verdict.done & counts, verdict.improved & counts
    low_gradient = jnp.where(improved, gradient, state.low_gradient)

    length = search.low.step
    step, change = length * state.direction, gradient - state.gradient
    history, products = two_loop.remember(state.history, step, change, products, length=length, when=done & improved)
    downhill = two_loop.direction(history, products)
    slope, leads_down = downhill.slope(products), improved & (downhill.slope(products) < 0)
    square = jnp.where(improved, products.vectors[GRADIENT, GRADIENT], sums.low_square)
    downhill, slope = _select(leads_down, (downhill, slope), (two_loop.steepest(history), -square))
    history = two_loop.clear(history, when=done & ~leads_down)

    first = learning_rate / jnp.maximum(jnp.sqrt(square / sums.size), 1e-15)
    following = line_search.begin(search.low.value, slope, jnp.where(history.empty, first, 1.0))
    search = _select(done, following, _select(counts, search, state.search))
    point = jnp.where(done, state.point + step, state.point)
    origin = jnp.where(done, low_gradient, state.gradient)
    direction = jnp.where(done, downhill.of(origin, history), state.direction)
    moved = LBFGSState(point, origin, low_gradient, direction, search, history)
    return moved, jnp.where(counts, point + search.step * direction, trial)


def measure(state: LBFGSState, gradient: Vector) -> LBFGSSums:
    """The sums over all coordinates, or over a part of them, that `update` needs."""
    products = two_loop.products_of(state.history, state.direction, gradient, gradient - state.gradient)
    return LBFGSSums(jnp.float32(gradient.size), products, two_loop.dot(state.low_gradient, state.low_gradient))


def best(state: LBFGSState) -> Vector:
    """The best point that was accepted, by the current line search or the last one."""
    return state.point + state.search.low.step * state.direction


def _select(condition: Flag, yes: Tree, no: Tree) -> Tree:
    return jax.tree.map(lambda y, n: jnp.where(condition, y, n), yes, no)
