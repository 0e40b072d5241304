"""One training step, with the batch split over the devices."""

from functools import cache
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.sharding import Mesh, PartitionSpec

from slim_training.network import Arrays, initial_parameters, initial_statistics, logits
from stylejax.network.preprocessing import TORCHVISION

STATISTICS_DECAY = 0.98
"""Decay of the running mean and variance of batch norm."""


class State(NamedTuple):
    """State that a training step updates."""

    parameters: Arrays
    statistics: Arrays
    optimizer: Any


@cache
def make_optimizer(peak: float, total_steps: int, warmup_steps: int, weight_decay: float) -> optax.GradientTransformation:
    """SGD with Nesterov momentum, warmup to `peak`, cosine decay to zero, and weight decay of kernels."""
    rate = optax.warmup_cosine_decay_schedule(peak / 20, peak, warmup_steps, total_steps, 0.0)
    decay = optax.add_decayed_weights(weight_decay, mask=_kernels)
    return optax.chain(decay, optax.sgd(rate, momentum=0.9, nesterov=True))


def _kernels(parameters: Arrays) -> dict[str, bool]:
    return {name: name.endswith("/kernel") for name in parameters}


def initial_state(optimizer: optax.GradientTransformation, seed: int, widths: tuple[int, ...], classes: int) -> State:
    """Initialize the state."""
    parameters = initial_parameters(seed, widths, classes)
    return State(parameters, initial_statistics(widths), optimizer.init(parameters))


@cache
def make_step(optimizer: optax.GradientTransformation, smoothing: float, mesh: Mesh):
    """Compile the step `(state, images uint8, labels) -> (state, loss)`; batch norm statistics are those of each device."""

    def loss_of(parameters: Arrays, images: Array, labels: Array) -> tuple[Array, Arrays]:
        scores, statistics = logits(parameters, prepare(images))
        targets = optax.smooth_labels(jax.nn.one_hot(labels, scores.shape[1]), smoothing)
        return optax.softmax_cross_entropy(scores, targets).mean(), statistics

    def step(state: State, images: Array, labels: Array) -> tuple[State, Array]:
        (loss, statistics), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.parameters, images, labels)
        loss, statistics, gradient = jax.lax.pmean((loss, statistics, gradient), "batch")
        updates, moments = optimizer.update(gradient, state.optimizer, state.parameters)
        running = jax.tree.map(lambda old, new: old + (1 - STATISTICS_DECAY) * (new - old), state.statistics, statistics)
        parameters = cast(Arrays, optax.apply_updates(cast(optax.Params, state.parameters), updates))
        return State(parameters, running, moments), loss

    split, whole = PartitionSpec("batch"), PartitionSpec()
    shared = jax.shard_map(step, mesh=mesh, in_specs=(whole, split, split), out_specs=(whole, whole), check_vma=False)
    return jax.jit(shared, donate_argnums=0)


def prepare(images: Array) -> Array:
    """Preprocess uint8 pictures."""
    return TORCHVISION.apply(images.astype(jnp.float32) / 255)
