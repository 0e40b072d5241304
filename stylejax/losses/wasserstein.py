"""Wasserstein-2 distance between two normal distributions, the style statistic of Crowson 2021.

Per channel: mean of (μ - μ')² + mean of the diagonal of Σ + Σ' - 2 (Σ'^½ Σ Σ'^½)^½.

Square roots come from a fixed number of Newton-Schulz iterations, matrix products only, so the value is differentiable and
runs well on accelerators. Twelve iterations are *not* converged for covariances with a wide spectrum; the count is part of
the published recipe, and it is what this module reproduces.

The derivative is the exact one of those twelve iterations. The authors of the published program instead solve the Lyapunov
equation of the converged root, S·dS + dS·S = dA, by as many iterations of its own (Lin and Maji 2017): where the root has not
converged, that is the slope of another function than the value, and disagrees with finite differences.
"""

import jax
import jax.numpy as jnp
from jax import lax

from stylejax.losses.statistics import Statistic
from stylejax.types import Count, Gram, Mean, Scalar

ITERATIONS = 12
DIAGONAL = 1e-4  # added to both covariances: flat features have singular ones, whose root has no derivative


def wasserstein(mean: Mean, covariance: Gram, target: Statistic) -> Scalar:
    """Distance between two normal distributions.

    Args:
        mean: of one.
        covariance: of one.
        target: the `mean`, the `covariance` and the `root`, from `regular_root`, of the other.
    """
    covariance, target_covariance = _regular(covariance), _regular(target["covariance"])
    cross = square_root(_product(_product(target["root"], covariance), target["root"]))
    means = jnp.mean((mean - target["mean"]) ** 2)
    return means + jnp.mean(jnp.diagonal(covariance + target_covariance - 2 * cross))


def regular_root(covariance: Gram) -> Gram:
    """Σ'^½ of a covariance, which is the same for every picture that is compared with it."""
    return square_root(_regular(covariance))


def _regular(covariance: Gram) -> Gram:
    return covariance + DIAGONAL * jnp.eye(covariance.shape[0], dtype=covariance.dtype)


def square_root(matrix: Gram, *, iterations: int = ITERATIONS) -> Gram:
    """Square root of a positive definite matrix by coupled Newton-Schulz iterations from `matrix / ‖matrix‖_F`.

    Source: Higham, "Functions of Matrices", 2008, eq. 6.35, in its product form.
    """
    norm = jnp.sqrt(jnp.sum(matrix**2))
    return _newton_schulz(matrix / norm, iterations) * jnp.sqrt(norm)


def _iterate(matrix: Gram, iterations: int) -> Gram:
    """Y after as many iterations of Y ← Y·T, Z ← T·Z, T = (3I - Z·Y)/2, from Y = `matrix`, Z = I."""
    identity = jnp.eye(matrix.shape[0], dtype=matrix.dtype)

    def body(_: Count | int, pair: tuple[Gram, Gram]) -> tuple[Gram, Gram]:
        y, z = pair
        t = (3 * identity - _product(z, y)) / 2
        return _product(y, t), _product(t, z)

    return lax.fori_loop(0, iterations, body, (matrix, identity))[0]


# Y is a polynomial p of the matrix A. The derivative of Aᵏ is E ↦ Σᵢ Aⁱ·E·Aᵏ⁻¹⁻ⁱ, whose adjoint is the same with Aᵀ for A. So
# the pullback of a cotangent is the *forward* derivative of p at Aᵀ in its direction: one loop, in which no iterate is kept.
_newton_schulz = jax.custom_vjp(_iterate, nondiff_argnums=(1,))


def _forward(matrix: Gram, iterations: int) -> tuple[Gram, Gram]:
    return _iterate(matrix, iterations), matrix


def _backward(iterations: int, matrix: Gram, cotangent: Gram) -> tuple[Gram]:
    return (jax.jvp(lambda a: _iterate(a, iterations), (matrix.T,), (cotangent,))[1],)


_newton_schulz.defvjp(_forward, _backward)


def _product(a: Gram, b: Gram) -> Gram:
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)
