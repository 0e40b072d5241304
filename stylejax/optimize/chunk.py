"""The compiled loop: many steps of many pictures in one program.

One program serves every number that people sweep: weights, learning rate, Adam's decays and the count of steps are traced.
Another shape, layer, statistic or optimizer is another `StaticConfig` or another array shape, and compiles another program.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from stylejax.losses.objective import FrameTerms, LossWeights, Targets, Terms
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, Trace, picture, step
from stylejax.optimize.traced_config import TracedConfig
from stylejax.types import Count, Images


class Shared(NamedTuple):
    """Which targets all pictures of a batch share: those are held once and have no axis `batch`."""

    content: bool = False
    style: bool = False
    guides: bool = False

    @property
    def axes(self) -> Targets:
        """`in_axes` of the targets for `jax.vmap`."""
        return Targets(*(None if shared else 0 for shared in self), temporal=0)  # pyright: ignore[reportArgumentType]


@partial(jax.jit, static_argnames=("static", "shared"), donate_argnames="states")
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

    Returns:
        The new states, the trace `[chunk, batch]` of which the first `steps` rows are filled, and the pictures as they would
        be kept now.
    """
    batched = jax.vmap(partial(step, static=static), in_axes=(None, 0, shared.axes, 0, 0, 0))

    def body(index: Count, carried: tuple[PictureState, Trace]) -> tuple[PictureState, Trace]:
        states, trace = carried
        states, row = batched(model, states, targets, weights, learning_rates[index], traced)
        return states, jax.tree.map(lambda rows, new: rows.at[index].set(new), trace, row)

    empty = jnp.zeros_like(learning_rates)
    unfilled = Trace(empty, Terms(*[empty] * 3) if targets.temporal is None else FrameTerms(*[empty] * 4))
    states, trace = lax.fori_loop(0, steps, body, (states, unfilled))
    return states, trace, jax.vmap(partial(picture, static=static))(states, traced)
