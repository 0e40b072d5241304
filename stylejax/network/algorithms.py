"""Choose the precision and the algorithm of the convolutions for this device.

`auto` is as fast as possible without a visible difference. On a GPU or TPU that is bfloat16, if a small convolution and its
gradient are correct there; on a CPU it is float32, where Winograd's algorithm saves multiplications.
"""

import math
import warnings
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.choices import ConvolutionName, PrecisionChoice
from stylejax.errors import SettingsError
from stylejax.network import backend
from stylejax.network.convolution import PrecisionName, convolve
from stylejax.network.layers import kernel_shapes
from stylejax.types import Features, Scalar

WORTHWHILE = 512
"""Winograd is faster where a convolution has so many pairs of input and output channels, as measured (docs/performance.md)."""


class Algorithms(NamedTuple):
    """Which convolutions are not computed directly: fields of a `NetworkSpec`."""

    winograd: tuple[str, ...] = ()
    unfolded: tuple[str, ...] = ()


def resolve_precision(choice: PrecisionChoice) -> PrecisionName:
    """The precision to compute convolutions in.

    Raises:
        SettingsError: the device lacks it.
    """
    platform = backend.platform()
    if choice == "auto":
        return "float32" if platform == "cpu" else _best_of_accelerator()
    if choice == "tf32" and platform != "gpu":
        raise SettingsError(f"precision is tf32, which only NVIDIA GPUs have; on this {platform} use float32, bfloat16 or auto")
    if choice == "bfloat16" and bfloat16_problem():
        raise SettingsError(f"precision is bfloat16, and this device fails at it ({bfloat16_problem()}); use tf32 or float32")
    return choice


def resolve_algorithms(choice: ConvolutionName, widths: tuple[int, ...], precision: PrecisionName) -> Algorithms:
    """The algorithms of the convolutions of a network with `widths`.

    Raises:
        SettingsError: Winograd's algorithm is wanted in another precision than float32.
    """
    if choice == "winograd" and precision != "float32":
        raise SettingsError(f"convolution is winograd, which computes in float32, and precision {precision}; give one of them")
    if choice == "direct" or precision != "float32" or (choice == "auto" and backend.platform() != "cpu"):
        return Algorithms()
    pairs = {name: math.prod(shape[2:]) for name, shape in kernel_shapes(widths).items() if name != "conv1_1"}
    if choice == "winograd":
        return Algorithms(winograd=tuple(pairs))
    return Algorithms(winograd=tuple(name for name in pairs if pairs[name] >= WORTHWHILE), unfolded=("conv1_1",))


@cache
def bfloat16_problem() -> str:
    """The problem of a small convolution and its gradient in bfloat16 on this device; empty if there is none."""
    rng = np.random.default_rng(0)
    features = jnp.asarray(rng.random((16, 16, 64), np.float32))
    kernel = jnp.asarray(rng.standard_normal((3, 3, 64, 64), np.float32) / 24)

    def energy(features: Features, precision: PrecisionName) -> Scalar:
        return jnp.sum(convolve(features, kernel, zero_padded=True, precision=precision).astype(jnp.float32) ** 2)

    differentiate = jax.jit(jax.value_and_grad(energy), static_argnums=1)
    try:
        (value, gradient), (wanted, wanted_gradient) = (differentiate(features, name) for name in ("bfloat16", "float32"))
        away = (
            abs(float(value / wanted) - 1),
            float(jnp.linalg.norm(gradient - wanted_gradient) / jnp.linalg.norm(wanted_gradient)),
        )
    except jax.errors.JaxRuntimeError as error:
        return str(error).partition("\n")[0]
    return "" if max(away) < 0.05 else f"it is {max(away):.1%} off"


def _best_of_accelerator() -> PrecisionName:
    problem = bfloat16_problem()
    if not problem:
        return "bfloat16"
    fallback: PrecisionName = "tf32" if backend.platform() == "gpu" else "float32"
    warnings.warn(f"bfloat16 convolutions fail here ({problem}); computing in {fallback}", RuntimeWarning, stacklevel=2)
    return fallback
