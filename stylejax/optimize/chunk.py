"""The compiled loop: many steps of many pictures in one program.

One program serves every number that people sweep: weights, learning rate, Adam's decays and the count of steps are traced.
Another shape, layer, statistic or optimizer is another `StaticConfig` or another array shape, and compiles another program.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from stylejax.losses.objective import LossWeights, Targets, Terms
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig, TracedConfig
from stylejax.optimize.step import PictureState, Trace, picture, step
from stylejax.types import Images


class Shared(NamedTuple):
    """Which targets all lanes share: those are held once and have no lane axis."""

    content: bool = False
    style: bool = False
    guides: bool = False

    @property
    def axes(self) -> Targets:
        """`in_axes` of the targets for `jax.vmap`."""
        return Targets(*(None if shared else 0 for shared in self))  # pyright: ignore[reportArgumentType]


@partial(jax.jit, static_argnames=("plan", "shared"), donate_argnames="lanes")
def run_chunk(
    model: VGG19,
    lanes: PictureState,
    targets: Targets,
    weights: LossWeights,
    learning_rates: Array,
    numbers: TracedConfig,
    steps: Array,
    *,
    plan: StaticConfig,
    shared: Shared,
) -> tuple[PictureState, Trace, Images]:
    """Run `steps` steps, at most `plan.chunk`, of every lane.

    Args:
        model: the feature network, not batched.
        lanes: state of each lane, every array with a leading axis of lanes; donated.
        targets: with a leading axis of lanes, but for what `shared` names.
        weights: every array with a leading axis of lanes.
        learning_rates: `[plan.chunk, lanes]`, of each step.
        numbers: of each lane, `[lanes]`.
        steps: scalar integer.
        plan: static.
        shared: static.

    Returns:
        The new state, the trace `[plan.chunk, lanes]` of which the first `steps` rows are filled, and the pictures as they
        would be kept now.
    """
    batched = jax.vmap(partial(step, plan=plan), in_axes=(None, 0, shared.axes, 0, 0, 0))

    def body(index: Array, carried: tuple[PictureState, Trace]) -> tuple[PictureState, Trace]:
        lanes, trace = carried
        lanes, row = batched(model, lanes, targets, weights, learning_rates[index], numbers)
        return lanes, jax.tree.map(lambda rows, new: rows.at[index].set(new), trace, row)

    empty = jnp.zeros_like(learning_rates)
    unfilled = Trace(empty, Terms(empty, empty, empty))
    lanes, trace = lax.fori_loop(0, steps, body, (lanes, unfilled))
    return lanes, trace, jax.vmap(partial(picture, plan=plan))(lanes, numbers)
