"""Conversion of a trained network to a weight file: fold batch norm, normalize the layers, round, write.

A ReLU network computes the same function if the kernel and bias of one layer are divided by a positive number and the kernel of
the next layer is multiplied by it. Exported layers are divided by their mean activation, which makes activations of different
layers comparable; the ratios of channels within a layer do not change. (Gatys et al. 2016 normalized each channel, which
would amplify channels that are almost never active.)
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from slim_training.network import EPSILON, Arrays, pools
from stylejax.network.layers import CONV_NAMES, LAYERS
from stylejax.network.pooling import pool
from stylejax.network.preprocessing import TORCHVISION
from stylejax.weights.weight_set import WeightSet, write_weights

_DEAD = 1e-6
_LAYOUT = ("NHWC", "HWIO", "NHWC")


@jax.jit
def fold(parameters: Arrays, statistics: Arrays) -> Arrays:
    """Fold batch norm into the kernels and biases of the convolutions; the head is unchanged."""
    folded = {name: parameters[name] for name in ("head/kernel", "head/bias")}
    for name in CONV_NAMES:
        gain = parameters[f"{name}/scale"] / jnp.sqrt(statistics[f"{name}/variance"] + EPSILON)
        folded[f"{name}/kernel"] = parameters[f"{name}/kernel"] * gain
        folded[f"{name}/bias"] = parameters[f"{name}/shift"] - statistics[f"{name}/mean"] * gain
    return folded


@jax.jit
def run_folded(folded: Arrays, images: Array) -> tuple[Array, Arrays]:
    """Logits `[batch, classes]` of preprocessed `images`, and the mean activation after the ReLU of every convolution."""
    means: Arrays = {}
    features = images
    for layer in LAYERS:
        name = layer.name.replace("relu", "conv")
        if layer.kind == "conv":
            features = lax.conv_general_dilated(features, folded[f"{name}/kernel"], (1, 1), "SAME", dimension_numbers=_LAYOUT)
            features = features + folded[f"{name}/bias"]
        elif layer.kind == "relu":
            features = jnp.maximum(features, 0)
            means[name] = features.mean()
        elif pools(layer.name, features):
            features = jax.vmap(lambda each: pool(each, "max"))(features)
    return features.mean((1, 2)) @ folded["head/kernel"] + folded["head/bias"], means


@jax.jit
def normalize(folded: Arrays, means: Arrays) -> Arrays:
    """Scale the layers to a mean activation of one after every ReLU; dead layers are not scaled."""
    even = dict(folded)
    before: Array | float = 1.0
    for name in CONV_NAMES:
        after = jnp.where(means[name] > _DEAD, means[name], 1.0)
        even[f"{name}/kernel"] = folded[f"{name}/kernel"] * (before / after)
        even[f"{name}/bias"] = folded[f"{name}/bias"] / after
        before = after
    even["head/kernel"] = folded["head/kernel"] * before
    return even


def round_to_half(folded: Arrays) -> Arrays:
    """Round the convolutions to float16; the result is float32."""
    return {
        name: array if name.startswith("head/") else jnp.asarray(np.asarray(array, np.float16), jnp.float32)
        for name, array in folded.items()
    }


def write_network(path: Path, folded: Arrays, name: str, provenance: dict[str, str]) -> None:
    """Write the sixteen convolutions as float16 in stylejax's format, without the head."""
    arrays = {f"{conv}/{part}": np.asarray(folded[f"{conv}/{part}"]) for conv in CONV_NAMES for part in ("kernel", "bias")}
    firsts = [f"conv{block}_1/bias" for block in range(1, 6)]
    widths = tuple(len(arrays[first]) for first in firsts)
    about = {"pooling": "max", "padding": "zero", **provenance}
    write_weights(path, WeightSet(name, widths, TORCHVISION, arrays, about), dtype=np.float16)
