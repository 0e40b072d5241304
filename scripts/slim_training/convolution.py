"""A batched 3×3 convolution whose gradients are fast on XLA's CPU backend.

Measured on two cores (AVX-512, jax 0.10) with batches of 128: the gradient of the input, written as a forward convolution with
the flipped kernel, uses XLA's fast path; nine small matrix products are faster than autodiff's kernel gradient only for three
input channels; and a convolution over 2×2 pixels takes 25 times as long as an equivalent matrix product.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax

_SHORT_SIDE = 2
_FEW_CHANNELS = 3


def convolve(features: Array, kernel: Array) -> Array:
    """Convolve `[batch, rows, columns, in]` with `[3, 3, in, out]`, with zero padding that preserves rows and columns."""
    if max(features.shape[1:3]) <= _SHORT_SIDE:
        return _as_one_product(features, kernel)
    return _convolve(features, kernel)


def _as_one_product(features: Array, kernel: Array) -> Array:
    """Convolve pictures of at most 2×2 pixels as a dense layer over `pixels * in` values."""
    batch, rows, columns, incoming = features.shape
    outgoing = kernel.shape[3]
    pixels = [(i, j) for i in range(rows) for j in range(columns)]
    # dense[from pixel, in, to pixel, out] = kernel[difference of the two + 1, in, out]
    dense = jnp.stack([jnp.stack([kernel[i - k + 1, j - m + 1] for k, m in pixels], axis=1) for i, j in pixels])
    flat = features.reshape(batch, len(pixels) * incoming) @ dense.reshape(len(pixels) * incoming, len(pixels) * outgoing)
    return flat.reshape(batch, rows, columns, outgoing)


def _direct(features: Array, kernel: Array) -> Array:
    return lax.conv_general_dilated(features, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


@jax.custom_vjp
def _convolve(features: Array, kernel: Array) -> Array:
    return _direct(features, kernel)


def _convolve_forward(features: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return _direct(features, kernel), (features, kernel)


def _convolve_backward(saved: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    features, kernel = saved
    for_features = _direct(gradient, kernel[::-1, ::-1].swapaxes(2, 3))
    if kernel.shape[2] <= _FEW_CHANNELS:
        return for_features, _kernel_gradient_by_products(features, gradient)
    return for_features, jax.vjp(lambda k: _direct(features, k), kernel)[1](gradient)[0]


def _kernel_gradient_by_products(features: Array, gradient: Array) -> Array:
    # dW[i, j] = Σ over pictures, rows and columns of (features shifted by i, j)ᵀ · gradient
    _, rows, columns, incoming = features.shape
    padded = jnp.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
    flat = gradient.reshape(-1, gradient.shape[3])
    shifted = [[padded[:, i : i + rows, j : j + columns].reshape(-1, incoming) for j in range(3)] for i in range(3)]
    return jnp.stack([jnp.stack([each.T @ flat for each in row]) for row in shifted])


_convolve.defvjp(_convolve_forward, _convolve_backward)
