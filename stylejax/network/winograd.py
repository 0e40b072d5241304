"""The 3×3 convolution by Winograd's F(4×4, 3×3): a quarter of the multiplications, as one batched matrix product.

    Y = Aᵀ [ (G k Gᵀ) ⊙ (Bᵀ d B) ] A          for each tile: d of 6×6 input pixels, Y of 4×4 output pixels

Summed over input channels, the 36 elementwise products become 36 matrix products `[tiles, in] · [in, out]`. The transforms of
tiles are a few additions, along rows and then along columns; that of the kernel is computed once, when the network is built.

On a CPU, where a convolution runs at the speed of a matrix product, this takes less than half of its time with 256 channels.
A GPU or TPU has units for the direct convolution and gains nothing.

Rounding: float32 features differ by about 2e-6 relative a layer from the direct sum, because the transforms multiply by up to
8 and cancel. The gradient for the input is the same algorithm with the kernel of `flipped`.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4.3.
"""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from stylejax.network.batched_matmul import batched_product
from stylejax.types import AnyFeatures, Features

TransformedKernel = Float[Array, "36 _ _"]
"""`[36, in, out]`."""

TILE = 4
_WINDOW = TILE + 2

_B_T = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_A_T = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
_G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24


def transform_kernel(kernel: ArrayLike) -> TransformedKernel:
    """G k Gᵀ of a kernel `[3, 3, in, out]`; its rows and columns are swapped, as `_winograd` reads them."""
    kernel = np.asarray(kernel)  # on the host: a device would compile a program for each step of this
    turned = kernel.swapaxes(0, 1).reshape(9, -1)
    return jax.device_put((np.kron(_G, _G).astype(kernel.dtype) @ turned).reshape(-1, *kernel.shape[2:]))


def flipped(kernel: ArrayLike) -> Float[np.ndarray, "3 3 outgoing incoming"]:
    """The kernel of the gradient for the input: flipped in both directions, input and output channels swapped."""
    return np.asarray(kernel)[::-1, ::-1].swapaxes(2, 3)


def convolve_by_tiles(
    features: Features, kernel: TransformedKernel, gradient_kernel: TransformedKernel, *, zero_padded: bool
) -> AnyFeatures:
    """Convolve features by Winograd's algorithm.

    Args:
        features: the input.
        kernel: from `transform_kernel`, `[36, in, out]`.
        gradient_kernel: `transform_kernel(flipped(kernel))`, `[36, out, in]`. No gradient flows to either.
        zero_padded: pad with zeros so that rows and columns stay; otherwise they shrink by two (the caller has padded).
    """
    return _convolve(features, kernel, gradient_kernel, 1 if zero_padded else 0)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _convolve(features: Features, kernel: TransformedKernel, gradient_kernel: TransformedKernel, margin: int) -> AnyFeatures:
    return _winograd(features, kernel, margin)


def _forward(
    features: Features, kernel: TransformedKernel, gradient_kernel: TransformedKernel, margin: int
) -> tuple[AnyFeatures, TransformedKernel]:
    return _winograd(features, kernel, margin), gradient_kernel


def _backward(margin: int, gradient_kernel: TransformedKernel, gradient: Features) -> tuple[AnyFeatures, None, None]:
    return _winograd(gradient, gradient_kernel, 2 - margin), None, None


_convolve.defvjp(_forward, _backward)


@partial(jax.jit, static_argnums=2, inline=True)  # one program of its own unless the caller is compiled
def _winograd(features: Features, kernel: TransformedKernel, margin: int) -> AnyFeatures:
    rows, columns = (side + 2 * margin - 2 for side in features.shape[:2])
    down, across = -(-rows // TILE), -(-columns // TILE)
    margins = [(margin, margin + TILE * down - rows), (margin, margin + TILE * across - columns), (0, 0)]
    tiles = _input_transform(jnp.pad(features, margins), down, across)
    products = batched_product(tiles.reshape(len(kernel), down * across, -1), kernel)
    output = _output_transform(products.reshape(_WINDOW, _WINDOW, down, across, -1))
    return output[:rows, :columns]


def _input_transform(features: Features, down: int, across: int) -> Float[Array, "6 6 _ _ channels"]:
    """Bᵀ d B of every tile: `[6 along columns, 6 along rows, down, across, channels]`."""
    rows = jnp.stack(_combine(_B_T, [features[i::TILE][:down] for i in range(_WINDOW)]))
    rows = lax.optimization_barrier(rows)  # fused into the next line, each of its values would be computed six times
    return jnp.stack(_combine(_B_T, [rows[:, :, j::TILE][:, :, :across] for j in range(_WINDOW)]))


def _output_transform(products: Float[Array, "6 6 down across channels"]) -> AnyFeatures:
    """Aᵀ m A of every tile, side by side: `[4 · down, 4 · across, channels]`."""
    products = lax.optimization_barrier(products)
    columns = jnp.stack(_combine(_A_T, list(products)), axis=3)
    columns = lax.optimization_barrier(columns)
    output = jnp.stack(_combine(_A_T, list(columns)), axis=1)
    return output.reshape(TILE * output.shape[0], TILE * output.shape[2], -1)


def _combine(matrix: Sequence[Sequence[int]], parts: Sequence[Array]) -> list[Array]:
    """The matrix times a column of arrays, written out: most of its entries are 0 or 1."""
    return [sum(factor * part for factor, part in zip(row, parts, strict=True) if factor) for row in matrix]  # pyright: ignore
