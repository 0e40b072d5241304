"""The 3×3 convolution as one matrix product: every window is written out as a row, `[rows · columns, 9 · in] · [9 · in, out]`.

Where the input has as few channels as a picture, a row is 27 numbers, and the product runs on a CPU about twice as fast as the
convolution and its gradient, for which XLA has no good kernel there (docs/performance.md). It is the same sum in another order.
"""

import jax.numpy as jnp
from jax import Array, lax


def convolve_unfolded(features: Array, kernel: Array, *, zero_padded: bool) -> Array:
    """Convolve `[rows, columns, in]` with a kernel `[3, 3, in, out]`, in the precision of both.

    Args:
        features: the input.
        kernel: height, width, input channels, output channels.
        zero_padded: pad with zeros so that rows and columns stay; otherwise they shrink by two (the caller has padded).
    """
    padded = jnp.pad(features, ((1, 1), (1, 1), (0, 0))) if zero_padded else features
    rows, columns = (side - 2 for side in padded.shape[:2])
    across = jnp.concatenate([padded[:, j : j + columns] for j in range(3)], axis=2)
    across = lax.optimization_barrier(across)  # fused into the next line, each of its values would be looked up three times
    windows = jnp.concatenate([across[i : i + rows] for i in range(3)], axis=2)
    products = jnp.matmul(
        windows.reshape(rows * columns, -1), kernel.reshape(-1, kernel.shape[3]), precision=lax.Precision.HIGHEST
    )
    return products.reshape(rows, columns, -1)
