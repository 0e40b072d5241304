"""VGG-19 as a Flax NNX module, from a picture to named features.

The module works on one picture and is pure, so `jax.vmap`, `jax.grad`, `jax.jit` and sharded arrays apply to it as to any
function. Its weights are frozen: they are not `nnx.Param`, so an optimizer of a host program does not pick them up, and no
gradient flows to them. Pass it to a jitted function as an argument; closing over it would copy its weights into the program.

Differs from the paper: Gatys et al. 2016 name the features `conv4_2`; here, as in the published code, that is the value before
the ReLU, and `relu4_2` the value after it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jax.typing import ArrayLike

from stylejax.choices import PoolingName
from stylejax.errors import SettingsError
from stylejax.network.convolution import PrecisionName, convolve
from stylejax.network.im2col import convolve_unfolded
from stylejax.network.layers import CONV_NAMES, FULL_WIDTHS, layers_up_to, smallest_side
from stylejax.network.padding import ZERO, Padding, pad_by_one
from stylejax.network.pooling import pool
from stylejax.network.preprocessing import Preprocessing
from stylejax.network.winograd import convolve_by_tiles, flipped, transform_kernel
from stylejax.types import AnyFeatures, AnyImage, Features


class FrozenParam(nnx.Variable):
    """A weight of the feature network: data, never trained."""


@dataclass(frozen=True)
class NetworkSpec:
    """The static part of a network: everything except its arrays."""

    name: str
    preprocessing: Preprocessing
    widths: tuple[int, ...] = FULL_WIDTHS
    pooling: PoolingName = "max"
    padding: Padding = ZERO
    precision: PrecisionName = "float32"
    winograd: tuple[str, ...] = ()
    """Convolutions that are computed by Winograd's algorithm, which is faster on CPUs; see `stylejax.network.winograd`."""
    unfolded: tuple[str, ...] = ()
    """Convolutions that are computed as one matrix product, likewise; see `stylejax.network.im2col`."""


class VGG19(nnx.Module):
    """The convolutional part of VGG-19, of any width."""

    def __init__(self, spec: NetworkSpec, weights: Mapping[str, ArrayLike]):
        """Hold `weights`, flat names `conv1_1/kernel` (`[3, 3, in, out]`) and `conv1_1/bias` (`[out]`), float32."""
        self.spec = spec
        self.kernels = nnx.Dict({name: FrozenParam(jax.device_put(weights[f"{name}/kernel"])) for name in CONV_NAMES})
        self.biases = nnx.Dict({name: FrozenParam(jax.device_put(weights[f"{name}/bias"])) for name in CONV_NAMES})
        self.winograd_kernels = nnx.Dict(
            {name: FrozenParam(transform_kernel(weights[f"{name}/kernel"])) for name in spec.winograd}
        )
        self.winograd_gradient_kernels = nnx.Dict(
            {name: FrozenParam(transform_kernel(flipped(weights[f"{name}/kernel"]))) for name in spec.winograd}
        )

    def __call__(self, image: AnyImage, layers: Iterable[str], *, winograd: bool = True) -> dict[str, AnyFeatures]:
        """Features of `image` at `layers`, computing no deeper than the deepest of them.

        Args:
            image: sRGB in [0, 1]; the module applies the preprocessing of its weights.
            layers: names such as `relu4_2`, `conv4_2`, `pool3`.
            winograd: False to override the spec and compute none by Winograd's algorithm, which on a small picture saves less
                time than it takes to compile.

        Returns:
            A dictionary from layer to features `[rows, columns, channels]` in float32, or in bfloat16 where that is the
            network's precision.

        Raises:
            SettingsError: a layer does not exist, or the picture is too small for the deepest one or has integer values.
        """
        layers = tuple(layers)
        if not jnp.issubdtype(image.dtype, jnp.floating):
            raise SettingsError(f"got a picture of {image.dtype} numbers; give floats in [0, 1], such as `image / 255`")
        needed = smallest_side(layers)
        if min(image.shape[:2]) < needed:
            raise SettingsError(
                f"a picture of {image.shape[1]}×{image.shape[0]} pixels is too small for {layers_up_to(layers)[-1].name}: "
                f"its short side needs at least {needed} pixels; choose a larger size or shallower layers"
            )
        # Pictures of another precision, as in mixed-precision programs, are converted to that of the weights.
        features, value = {}, self.spec.preprocessing.apply(image.astype(self.kernels["conv1_1"][...].dtype))
        for layer in layers_up_to(layers):
            if layer.kind == "conv":
                value = self._convolve(value, layer.name, winograd and layer.name in self.spec.winograd)
            elif layer.kind == "relu":
                value = _relu(value)
            else:
                value = pool(value, self.spec.pooling, edge=self.spec.padding.rest)
            if layer.name in layers:
                features[layer.name] = value
        return features

    def _convolve(self, value: Features, layer: str, by_tiles: bool) -> AnyFeatures:
        bias = lax.stop_gradient(self.biases[layer][...])[jnp.newaxis, jnp.newaxis]
        kernel = lax.stop_gradient(self.kernels[layer][...])
        mode = self.spec.padding.mode(layer)
        if layer in self.spec.unfolded:
            return convolve_unfolded(pad_by_one(value, mode), kernel) + bias
        padded = value if mode == "zero" else pad_by_one(value, mode)
        if by_tiles:
            kernels = lax.stop_gradient((self.winograd_kernels[layer][...], self.winograd_gradient_kernels[layer][...]))
            return convolve_by_tiles(padded, *kernels, zero_padded=mode == "zero") + bias
        result = convolve(padded, kernel, zero_padded=mode == "zero", precision=self.spec.precision)
        return (result + bias).astype(result.dtype)


@jax.custom_vjp
def _relu(value: Features) -> Features:
    return jnp.maximum(value, 0)


def _relu_forward(value: Features) -> tuple[Features, Features]:
    output = _relu(value)
    return output, output


def _relu_backward(output: Features, gradient: Features) -> tuple[Features]:
    return (jnp.where(output > 0, gradient, 0),)  # read from the output: the value before need not be kept


_relu.defvjp(_relu_forward, _relu_backward)
