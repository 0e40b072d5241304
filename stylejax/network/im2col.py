"""The 3×3 convolution as one matrix product: each window becomes a row, `[rows · columns, 9 · in] · [9 · in, out]`.

Where the input has as few channels as a picture, a row is 27 numbers, and the product runs on a CPU about twice as fast as the
convolution and its gradient, for which XLA has no good kernel there (docs/performance.md). It is the same sum in another order.
"""

import jax.numpy as jnp
from jax import lax

from stylejax.types import AnyFeatures, Features, Kernel


def convolve_unfolded(padded: Features, kernel: Kernel) -> AnyFeatures:
    """Convolve features with a kernel, in the precision of both; rows and columns shrink by two.

    Args:
        padded: the input, from `pad_by_one`.
        kernel: `[3, 3, in, out]`.
    """
    rows, columns = (side - 2 for side in padded.shape[:2])
    across = jnp.concatenate([padded[:, j : j + columns] for j in range(3)], axis=2)
    across = lax.optimization_barrier(across)  # fused into the next line, each of its values would be looked up three times
    windows = jnp.concatenate([across[i : i + rows] for i in range(3)], axis=2)
    products = jnp.matmul(
        windows.reshape(rows * columns, -1), kernel.reshape(-1, kernel.shape[3]), precision=lax.Precision.HIGHEST
    )
    return products.reshape(rows, columns, -1)
