"""The style term of one layer: the distance between its statistics and those of the style picture.

With `relative`, each distance is divided by a property of the target, so that one weight means the same for every network,
layer and size. Differs from the paper, whose terms depend on the size of the activations.

    gram, gram+mean    each part by its energy, mean A²
    covariance         |μ - μ'|² by the variance tr Σ', and |Σ - Σ'|² by |Σ'|², both Frobenius
    wasserstein        by the variance tr Σ'
    moments            both parts by the variance, mean σ'²
    gram+moments       the Gram matrix by its energy, the moments by the variance

Energy contains the squared mean, which is most of it for features after a ReLU: relative to energy, a wrong palette costs next
to nothing. Variance is what the style itself varies by.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.choices import StatisticName
from stylejax.losses.statistics import Statistic
from stylejax.losses.wasserstein import regular_root, wasserstein
from stylejax.types import Scalar

FLOOR = 1e-12
"""Keeps a relative loss finite where the target is zero, or the same, everywhere."""


class StyleTarget(NamedTuple):
    """A style's statistic, and what is computed from it once for all steps. Of regions, with a leading axis `regions`."""

    parts: Statistic
    """From `measure`; for `wasserstein` also the `root` of the covariance."""
    divisors: dict[str, Float[Array, "..."]]
    """What the loss of each part is divided by; for `wasserstein` the whole `distance`."""


def style_target(parts: Statistic, statistic: StatisticName, *, relative: bool) -> StyleTarget:
    """The target of `style_loss`.

    Args:
        parts: the style's statistic, from `measure`.
        statistic: which one it is.
        relative: whether distances are divided by a property of the target, as above.
    """
    divisors = _divisors(parts, statistic)
    if not relative:
        divisors = {part: jnp.ones_like(divisor) for part, divisor in divisors.items()}
    if statistic == "wasserstein":
        parts = parts | {"root": regular_root(parts["covariance"])}
    return StyleTarget(parts, divisors)


def style_loss(measured: Statistic, target: StyleTarget, statistic: StatisticName, *, moments: Scalar | float = 1.0) -> Scalar:
    """Distance between two statistics, zero where they are equal.

    Wasserstein: see `wasserstein`; the others: the mean of the squared difference of each part, added up.

    Args:
        measured: the picture's statistic, from `measure`.
        target: the style's, from `style_target`.
        statistic: which one both are.
        moments: factor of the mean and the deviation in `gram+moments`.
    """
    parts, divisors = target
    if statistic == "wasserstein":
        return wasserstein(measured["mean"], measured["covariance"], parts) / divisors["distance"]
    distances = {part: jnp.mean((measured[part] - wanted) ** 2) / divisors[part] for part, wanted in parts.items()}
    if statistic == "gram+moments":
        return distances["gram"] + moments * (distances["mean"] + distances["deviation"])
    return sum(distances.values(), start=jnp.zeros(()))


def _divisors(parts: Statistic, statistic: StatisticName) -> dict[str, Scalar]:
    divisors = {part: jnp.mean(wanted**2) for part, wanted in parts.items()}
    if statistic == "wasserstein":
        divisors = {"distance": jnp.mean(jnp.diagonal(parts["covariance"]))}
    elif statistic == "covariance":
        divisors["mean"] = jnp.mean(jnp.diagonal(parts["covariance"]))
    elif statistic in ("moments", "gram+moments"):
        divisors["mean"] = divisors["deviation"]
    return {part: jnp.maximum(divisor, FLOOR) for part, divisor in divisors.items()}
