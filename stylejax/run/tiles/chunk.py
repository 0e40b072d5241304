"""The steps of pictures in tiles: what `stylejax.optimize.chunk` does, with the states in host memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, PyTree

from stylejax.losses.objective import LossWeights, Terms
from stylejax.losses.targets import Targets
from stylejax.network.backend import Device
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, Trace, advance_once, picture
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.tiles.gradient import tiled_value_and_gradient
from stylejax.types import Count, Images, Variable


@contextmanager
def in_host_memory() -> Iterator[Device]:
    """New arrays are made in host memory, and computed there."""
    host = jax.local_devices(backend="cpu")[0]
    with jax.default_device(host):
        yield host


def run_tiled_chunk(
    model: VGG19,
    states: PictureState,
    targets: Sequence[Targets],
    weights: LossWeights,
    learning_rates: Float[Array, "chunk batch"],
    traced: TracedConfig,
    steps: Count,
    *,
    static: StaticConfig,
    side: int,
) -> tuple[PictureState, Trace, Images]:
    """Run `steps` steps of every picture, one picture after the other in each.

    Args:
        model: the feature network.
        states: batched, in host memory; donated.
        targets: of each picture, from `tiled_targets`.
        weights: batched.
        learning_rates: of each step and picture.
        traced: batched.
        steps: how many.
        static: of the whole batch.
        side: most pixels along each side of a tile with its overlap.

    Returns:
        As `run_chunk`.
    """
    rows = np.zeros((4, *learning_rates.shape), np.float32)  # total and terms
    for step in range(int(steps)):
        variables = np.asarray(states.variable)  # not copied
        seen = [
            tiled_value_and_gradient(model, variables[index], own, _of(weights, index), static, side=side)
            for index, own in enumerate(targets)
        ]
        rows[:, step] = np.transpose([(each.total, *each.terms) for each in seen])
        gradients, totals = [each.gradient for each in seen], jnp.asarray(rows[0, step])
        del seen, variables  # the states are donated
        states = tiled_update(states, totals, gradients, learning_rates[step], traced, static=static)
    total, *terms = map(jnp.asarray, rows)
    return states, Trace(total, Terms(*terms)), _pictures(states, traced, static=static)


@partial(jax.jit, static_argnames="static", donate_argnames="states")
def tiled_update(
    states: PictureState,
    totals: Float[Array, " batch"],
    gradients: list[Variable],
    learning_rates: Float[Array, " batch"],
    traced: TracedConfig,
    *,
    static: StaticConfig,
) -> PictureState:
    """The batched states after one step, from each picture's objective and gradient."""
    update = jax.vmap(partial(advance_once, static=static))
    return update(states, totals, jnp.stack(gradients), learning_rates, traced)


@partial(jax.jit, static_argnames="static")
def _pictures(states: PictureState, traced: TracedConfig, *, static: StaticConfig) -> Images:
    return jax.vmap(partial(picture, static=static))(states, traced)


def _of(tree: PyTree, index: int) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[index], tree)
