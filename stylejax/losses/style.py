"""The style term of one layer: how far its statistics are from those of the style picture."""

import jax.numpy as jnp
from jax import Array

from stylejax.losses.wasserstein import wasserstein
from stylejax.types import Scalar

ENERGY_FLOOR = 1e-12
"""Keeps a relative loss finite where the target is zero everywhere."""


def style_loss(measured: dict[str, Array], target: dict[str, Array], *, relative: bool) -> Scalar:
    """Distance between two measured statistics, zero where they are equal.

    Gram and moments: the mean of the squared difference of each part, added up. Wasserstein: `wasserstein`.

    Args:
        measured: the picture's statistic, from `measure`.
        target: the style's.
        relative: divide by the target's own energy (its distance from nothing), so that one weight means the same for every
            network, layer and size. Differs from the paper, whose terms depend on the size of the activations.
    """
    if "covariance" in target:
        energy = jnp.mean(target["mean"] ** 2) + jnp.mean(jnp.diagonal(target["covariance"]))
        distance = wasserstein(measured["mean"], measured["covariance"], target["mean"], target["covariance"])
        return distance / jnp.maximum(energy, ENERGY_FLOOR) if relative else distance
    total = jnp.zeros(())
    for part, wanted in target.items():
        distance = jnp.mean((measured[part] - wanted) ** 2)
        energy = jnp.mean(wanted**2) if relative else 1.0
        total += distance / jnp.maximum(energy, ENERGY_FLOOR)
    return total
