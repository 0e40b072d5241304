"""The compiled loop: many steps of many pictures in one program.

One program serves every number that people sweep: weights, learning rate, Adam's decays and the count of steps are traced.
Another shape, layer, statistic or optimizer is another `StaticConfig` or another array shape, and compiles another program.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, PyTree

from stylejax.losses.objective import FrameTerms, LossWeights, Terms
from stylejax.losses.targets import Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, Trace, evaluate, move, picture
from stylejax.optimize.traced_config import TracedConfig
from stylejax.types import Count, Flag, Images, Variable


class Shared(NamedTuple):
    """Which targets all pictures of a batch share: those are held once and have no axis `batch`."""

    content: bool = False
    style: bool = False
    guides: bool = False

    @property
    def axes(self) -> Targets:
        """`in_axes` of the targets for `jax.vmap`."""
        return Targets(*(None if shared else 0 for shared in self), temporal=0)  # pyright: ignore[reportArgumentType]

    def parted(self, targets: Targets) -> tuple[Targets, Targets]:
        """The targets that all pictures share, and those that each has of its own; None where they are in the other."""
        pairs = [(None, part) if axis == 0 else (part, None) for part, axis in zip(targets, self.axes, strict=True)]
        together, own = zip(*pairs, strict=True)
        return Targets(*together), Targets(*own)  # pyright: ignore[reportArgumentType]


@partial(jax.jit, static_argnames=("static", "shared", "one_by_one"), donate_argnames="states")
def run_chunk(
    model: VGG19,
    states: PictureState,
    targets: Targets,
    weights: LossWeights,
    learning_rates: Float[Array, "chunk batch"],
    traced: TracedConfig,
    steps: Count,
    *,
    static: StaticConfig,
    shared: Shared,
    one_by_one: bool = False,
) -> tuple[PictureState, Trace, Images]:
    """Run `steps` steps, at most `static.chunk`, of every picture.

    Args:
        model: the feature network, not batched.
        states: every array with a leading axis `batch`; donated.
        targets: with a leading axis `batch`, except what `shared` names.
        weights: every array with a leading axis `batch`.
        learning_rates: of each step and picture.
        traced: of each picture, `[batch]`.
        steps: how many.
        static: of the whole batch.
        shared: which targets have no axis `batch`.
        one_by_one: evaluate the pictures in turn, as suits a single CPU, which computes many no faster than one. The arrays of
            a batch that is spread over devices have to be evaluated together.

    Returns:
        The new states, the trace `[chunk, batch]` of which the first `steps` rows are filled, and the pictures as they would
        be kept now.
    """
    together, own = shared.parted(targets)

    def evaluated(picture: tuple[Targets, LossWeights, PictureState]) -> tuple[Trace, Variable]:
        targets, weights, state = picture
        every = Targets(*(a if b is None else b for a, b in zip(together, targets, strict=True)))  # pyright: ignore
        return evaluate(model, every, weights, state, static)

    moved = jax.vmap(partial(move, static=static), in_axes=(None, shared.axes, 0, 0, 0, 0, 0, 0))

    def body(index: Count, carried: tuple[PictureState, Trace]) -> tuple[PictureState, Trace]:
        states, trace = carried
        batch = own, weights, states
        if one_by_one:
            results = jax.tree.map(lambda rows: rows[index], trace), states.variable
            row, gradients = _in_turn(evaluated, batch, results, when=index < steps)
        else:
            row, gradients = jax.vmap(evaluated)(batch)
        states = moved(model, targets, weights, states, row, gradients, learning_rates[index], traced)
        return states, jax.tree.map(lambda rows, new: rows.at[index].set(new), trace, row)

    empty = jnp.zeros_like(learning_rates)
    unfilled = Trace(empty, Terms(*[empty] * 3) if targets.temporal is None else FrameTerms(*[empty] * 4))
    states, trace = lax.fori_loop(0, steps, body, (states, unfilled))
    return states, trace, jax.vmap(partial(picture, static=static))(states, traced)


def _in_turn(function: Callable[[PyTree], PyTree], batch: PyTree, results: PyTree, *, when: Flag) -> PyTree:
    """`jax.vmap(function)(batch)`, with the memory of one picture.

    XLA's CPU compiler repeats the last operations of a result in every kernel that reads it, and removes
    `lax.optimization_barrier` before it forms kernels. It forms none across the border of a loop, so results are computed once
    here; but it would remove the border from a loop that runs once.

    Args:
        function: of one picture.
        batch: arrays with a leading axis `batch`.
        results: arrays of the shapes and types of the results, with any values.
        when: a flag that is true, though the compiler cannot know; otherwise `results` are returned as they are.
    """
    count = jax.tree.leaves(results)[0].shape[0]

    def body(index: Count, results: PyTree) -> PyTree:
        one = function(jax.tree.map(lambda leaf: leaf[index], batch))
        return jax.tree.map(lambda all_, new: all_.at[index].set(new), results, one)

    return lax.fori_loop(0, when * count, body, results)
