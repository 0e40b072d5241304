"""Products of a batch of matrices, arranged so that a CPU computes small ones on all of its cores.

XLA's library for products on CPUs, YNNPACK, cuts a product into tasks by its size and goes through a batch one by one: a batch
of products that are too small to be cut runs on one core. A sum that follows is cut along the batch, too, and the products
are then made inside of its tasks. So a batch of small products is written as a sum over two halves of the channels, in chunks
of rows that are small enough to be made within a task.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax

TASK_AREA, TASK_COST = 2**16, 2**16
"""A task of YNNPACK has so many numbers in its result, or such a cost, which is (rows + columns) · channels."""

CHUNK_ROWS, CHUNK_AREA = 2**9, 2**14
"""Most rows, and most numbers in the result, of a product within a sum; larger ones are slower than on one core (measured)."""


@jax.custom_batching.custom_vmap
def batched_product(left: Array, right: Array) -> Array:
    """`[batch, rows, channels]` times `[batch, channels, columns]`. Lanes of `left` alone do not copy a large `right`."""
    return _of_lanes(left[jnp.newaxis], right)[0]


@batched_product.def_vmap
def _vmapped(lanes: int, batched: list[bool], left: Array, right: Array) -> tuple[Array, bool]:
    if batched[1]:
        left = left if batched[0] else jnp.broadcast_to(left, (lanes, *left.shape))
        return jnp.matmul(left, right, precision=lax.Precision.HIGHEST), True
    return _of_lanes(left, right), True


def _of_lanes(left: Array, right: Array) -> Array:
    """`[lanes, batch, rows, channels]` times `[batch, channels, columns]`."""
    lanes, batch, rows, channels = left.shape
    columns = right.shape[2]
    chunks = _chunks(rows, channels, columns)
    if chunks:
        left = left.reshape(lanes, batch, chunks, rows // chunks, 2, channels // 2).transpose(1, 0, 2, 4, 3, 5)
        right = right.reshape(batch, 1, 1, 2, channels // 2, columns)
        right = jnp.broadcast_to(right, (batch, lanes, chunks, *right.shape[3:]))
    else:
        left = left.swapaxes(0, 1).reshape(batch, lanes * rows, channels)
    # The barrier has `left` written in this order by whatever makes it, without a copy.
    products = jnp.matmul(lax.optimization_barrier(left), right, precision=lax.Precision.HIGHEST)
    products = products.sum(3) if chunks else products
    return products.reshape(batch, lanes, rows, columns).swapaxes(0, 1)


def _chunks(rows: int, channels: int, columns: int) -> int:
    """Into how many chunks of rows to cut a product; 0 where it is left whole, since it makes two tasks or has no good cut."""
    half = rows // 2
    if channels % 2 or half * columns >= TASK_AREA or (half + columns) * channels >= TASK_COST:
        return 0
    most = min(CHUNK_ROWS, CHUNK_AREA // columns)
    return next((count for count in range(1, 9) if rows % count == 0 and rows // count <= most), 0)
