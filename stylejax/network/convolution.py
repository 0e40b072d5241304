"""The 3×3 convolution, with a gradient that compilers run fast.

The precision names what the hardware multiplies; every sum is in float32:

float32    exact on every device
tf32       10 bits of mantissa, on NVIDIA GPUs from Ampere on
bfloat16   7 bits of mantissa, on GPUs and TPUs; features are in bfloat16, too, at half the memory traffic

The gradient for the input of a convolution is itself a convolution, of the output's gradient with the kernel flipped in
both directions and its channel axes swapped. Written as such it is an ordinary forward convolution; left to autodiff it is
one with an unusual kernel layout, which XLA's CPU backend runs 2.5 times slower inside a loop.
"""

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import lax

from stylejax.types import AnyFeatures, Features, Kernel

PrecisionName = Literal["float32", "tf32", "bfloat16"]

_LAYOUT = ("NHWC", "HWIO", "NHWC")


def convolve(features: Features, kernel: Kernel, *, zero_padded: bool, precision: PrecisionName = "float32") -> AnyFeatures:
    """Convolve features with a kernel.

    Args:
        features: the input.
        kernel: `[3, 3, in, out]`.
        zero_padded: pad with zeros so that rows and columns stay; otherwise they shrink by two (the caller has padded).
        precision: what is multiplied.

    Returns:
        Features of the type of `features`, or bfloat16.
    """
    exact = lax.Precision.HIGHEST if precision == "float32" else lax.Precision.DEFAULT
    if precision == "bfloat16":
        features, kernel = features.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16)
    return _convolve(features, kernel, 1 if zero_padded else 0, exact)


def _direct(features: AnyFeatures, kernel: Kernel, margin: int, precision: lax.Precision) -> AnyFeatures:
    return lax.conv_general_dilated(
        features[None], kernel, (1, 1), [(margin, margin)] * 2, dimension_numbers=_LAYOUT, precision=precision
    )[0]


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _convolve(features: AnyFeatures, kernel: Kernel, margin: int, precision: lax.Precision) -> AnyFeatures:
    return _direct(features, kernel, margin, precision)


def _convolve_forward(features: Any, kernel: Any, margin: int, precision: lax.Precision):
    # The input is kept only where the kernel is differentiated; frozen weights never are.
    saved = (features.value if kernel.perturbed else None, kernel.value)
    return _direct(features.value, kernel.value, margin, precision), saved


def _convolve_backward(margin: int, precision: lax.Precision, saved: tuple[AnyFeatures | None, Kernel], gradient: AnyFeatures):
    features, kernel = saved
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    for_features = _direct(gradient, flipped, 2 - margin, precision)
    if features is None:
        return for_features, None
    return for_features, jax.vjp(lambda k: _direct(features, k, margin, precision), kernel)[1](gradient)[0]


_convolve.defvjp(_convolve_forward, _convolve_backward, symbolic_zeros=True)
