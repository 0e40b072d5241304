"""The style term of one layer: the distance between its statistics and those of the style picture.

With `relative`, each distance is divided by a property of the target, so that one weight means the same for every network,
layer and size. Differs from the paper, whose terms depend on the size of the activations.

    gram, gram+mean    each part by its energy, mean A²
    covariance         |μ - μ'|² by the variance tr Σ', and |Σ - Σ'|² by |Σ'|², both Frobenius
    wasserstein        by the variance tr Σ'
    moments            both parts by the variance, mean σ'²

Energy contains the squared mean, which is most of it for features after a ReLU: relative to energy, a wrong palette costs next
to nothing. Variance is what the style itself varies by.
"""

import jax.numpy as jnp

from stylejax.choices import StatisticName
from stylejax.losses.statistics import Statistic, Sums, measure
from stylejax.losses.wasserstein import regular_root, wasserstein
from stylejax.types import Scalar

FLOOR = 1e-12
"""Keeps a relative loss finite where the target is zero, or the same, everywhere."""


def style_target(sums: Sums, statistic: StatisticName) -> Statistic:
    """The target of `style_loss`: the style's statistic, and what is computed from it once for all steps."""
    target = measure(sums, statistic)
    return target | {"root": regular_root(target["covariance"])} if statistic == "wasserstein" else target


def style_loss(measured: Statistic, target: Statistic, statistic: StatisticName, *, relative: bool) -> Scalar:
    """Distance between two statistics, zero where they are equal.

    Wasserstein: see `wasserstein`; the others: the mean of the squared difference of each part, added up.

    Args:
        measured: the picture's statistic, from `measure`.
        target: the style's, from `style_target`.
        statistic: which one both are.
        relative: divide by a property of the target, as above.
    """
    if statistic == "wasserstein":
        distance = wasserstein(measured["mean"], measured["covariance"], target)
        variance = jnp.mean(jnp.diagonal(target["covariance"]))
        return distance / jnp.maximum(variance, FLOOR) if relative else distance
    energies = _energies(target, statistic) if relative else dict.fromkeys(target, 1.0)
    differences = {part: jnp.mean((measured[part] - wanted) ** 2) for part, wanted in target.items()}
    return sum((differences[part] / energies[part] for part in target), start=jnp.zeros(()))


def _energies(target: Statistic, statistic: StatisticName) -> dict[str, Scalar]:
    """The divisor of each part's mean squared difference."""
    energies = {part: jnp.mean(wanted**2) for part, wanted in target.items()}
    if statistic == "covariance":
        energies["mean"] = jnp.mean(jnp.diagonal(target["covariance"]))
    elif statistic == "moments":
        energies["mean"] = energies["deviation"]
    return {part: jnp.maximum(energy, FLOOR) for part, energy in energies.items()}
