"""Batched matrix products, arranged so that a CPU computes small ones on all of its cores.

XLA's library for matrix products on CPUs, YNNPACK, cuts a product into tasks by its size and works through a stack one by one:
a stack of products that are too small to be cut runs on one core. A sum that follows is cut along the stack, too, and the
products are then computed inside its tasks. So a stack of small products is written as a sum over two halves of the channels,
in chunks of rows that are small enough to be computed within a task.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

TASK_AREA, TASK_COST = 2**16, 2**16
"""Numbers in the result of a task of YNNPACK, and its cost, which is (rows + columns) · channels."""

CHUNK_ROWS, CHUNK_AREA = 2**9, 2**14
"""Most rows, and most numbers in the result, of a product inside a sum; larger ones are slower than on one core (measured)."""


@jax.custom_batching.custom_vmap
def batched_product(
    left: Float[Array, "stack rows channels"], right: Float[Array, "stack channels columns"]
) -> Float[Array, "stack rows columns"]:
    """The product of each pair of matrices of two stacks. Under `jax.vmap` of `left` alone, a large `right` is not copied."""
    return _of_batch(left[jnp.newaxis], right)[0]


@batched_product.def_vmap
def _vmapped(
    batch: int, batched: list[bool], left: Float[Array, "*axes stack rows channels"], right: Float[Array, "..."]
) -> tuple[Float[Array, "_ stack rows columns"], bool]:
    if batched[1]:
        left = left if batched[0] else jnp.broadcast_to(left, (batch, *left.shape))
        return jnp.matmul(left, right, precision=lax.Precision.HIGHEST), True
    return _of_batch(left, right), True


def _of_batch(
    left: Float[Array, "batch stack rows channels"], right: Float[Array, "stack channels columns"]
) -> Float[Array, "batch stack rows columns"]:
    batch, stack, rows, channels = left.shape
    columns = right.shape[2]
    chunks = _chunks(rows, channels, columns)
    if chunks:
        left = left.reshape(batch, stack, chunks, rows // chunks, 2, channels // 2).transpose(1, 0, 2, 4, 3, 5)
        right = right.reshape(stack, 1, 1, 2, channels // 2, columns)
        right = jnp.broadcast_to(right, (stack, batch, chunks, *right.shape[3:]))
    else:
        left = left.swapaxes(0, 1).reshape(stack, batch * rows, channels)
    # With the barrier the producer of `left` writes it in this order, without a copy.
    products = jnp.matmul(lax.optimization_barrier(left), right, precision=lax.Precision.HIGHEST)
    products = products.sum(3) if chunks else products
    return products.reshape(stack, batch, rows, columns).swapaxes(0, 1)


def _chunks(rows: int, channels: int, columns: int) -> int:
    """Into how many chunks of rows to cut a product; 0 to leave it whole, where it has two tasks anyway or no good cut."""
    half = rows // 2
    if channels % 2 or half * columns >= TASK_AREA or (half + columns) * channels >= TASK_COST:
        return 0
    most = min(CHUNK_ROWS, CHUNK_AREA // columns)
    return next((count for count in range(1, 9) if rows % count == 0 and rows // count <= most), 0)
