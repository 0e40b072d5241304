"""The steps of pictures in tiles: what `stylejax.optimize.chunk` does, with the states in host memory."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from stylejax.losses.objective import LossWeights, Terms
from stylejax.losses.targets import Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, Trace
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.tiles.gradient import tiled_value_and_gradient
from stylejax.run.tiles.update import kept_pictures, of_picture, update_in_bands
from stylejax.types import Count, HostImages


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
) -> tuple[PictureState, Trace, HostImages]:
    """Run `steps` steps of every picture, one picture after the other in each.

    Args:
        model: the feature network.
        states: batched, from `in_host_memory`; changed in place.
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
        for index, own in enumerate(targets):
            seen = tiled_value_and_gradient(model, states.variable[index], own, of_picture(weights, index), static, side=side)
            rows[:, step, index] = seen.total, *seen.terms
            value, rate = float(seen.total if seen.finite else np.nan), learning_rates[step, index]
            update_in_bands(states, index, value, seen.gradient, rate, of_picture(traced, index), static=static)
            del seen
    total, *terms = map(jnp.asarray, rows)
    return states, Trace(total, Terms(*terms)), kept_pictures(states, traced, static=static)
