"""Load a network by name or path."""

import dataclasses
from pathlib import Path

from stylejax.choices import ConvolutionName, PaddingName, PoolingName, PrecisionChoice
from stylejax.network.algorithms import resolve_algorithms, resolve_precision
from stylejax.network.padding import Padding
from stylejax.network.vgg import VGG19, NetworkSpec
from stylejax.weights.sources import resolve, resolve_auto
from stylejax.weights.weight_set import WeightSet, read_weights


def load_model(
    name: str | Path = "auto",
    *,
    pooling: PoolingName = "max",
    padding: PaddingName = "replicate",
    precision: PrecisionChoice = "auto",
    convolution: ConvolutionName = "auto",
) -> VGG19:
    """Load a feature network.

    Args:
        name: `vgg19`, `vgg19-torchvision`, `vgg19-slim`, the path of a converted file, or `auto`: the full VGG-19 if it is
            in the cache, otherwise the small network that comes with stylejax.
        pooling: of all five pooling layers.
        padding: of the convolutions.
        precision: of the convolutions: `float32`, `tf32`, `bfloat16`, or `auto`, the fastest one on this device without visible
            difference.
        convolution: `direct`, `winograd`, or `auto`, the faster one for each layer on this device; see
            `stylejax.network.winograd`.

    Raises:
        SettingsError: the device does not support the precision, or the convolution does not.
        WeightsError: the set is not installed (the message says how to get it) or its file is damaged.
    """
    path = resolve_auto()[1] if name == "auto" else resolve(str(name))
    return build_model(read_weights(path), pooling=pooling, padding=padding, precision=precision, convolution=convolution)


def build_model(
    weights: WeightSet,
    *,
    pooling: PoolingName = "max",
    padding: PaddingName = "replicate",
    precision: PrecisionChoice = "auto",
    convolution: ConvolutionName = "auto",
) -> VGG19:
    """Build a network from weights in memory."""
    resolved = resolve_precision(precision)
    spec = NetworkSpec(
        name=weights.name,
        preprocessing=weights.preprocessing,
        widths=weights.widths,
        pooling=pooling,
        padding=Padding.named(padding),
        precision=resolved,
        **resolve_algorithms(convolution, weights.widths, resolved)._asdict(),
    )
    return VGG19(spec, weights.arrays)


def reconfigured(model: VGG19, **changes: object) -> VGG19:
    """A network with `changes` to its spec, sharing the weights without copying them."""
    weights = {f"{name}/kernel": kernel[...] for name, kernel in model.kernels.items()}
    weights |= {f"{name}/bias": bias[...] for name, bias in model.biases.items()}
    return VGG19(dataclasses.replace(model.spec, **changes), weights)  # pyright: ignore[reportArgumentType]
