"""Random weights and pictures for both programs, float32, from NumPy with fixed seeds."""

from pathlib import Path

import h5py
import numpy as np

FULL = (64, 128, 256, 512, 512)
DEPTHS = (2, 2, 4, 4, 4)


def convolution_names() -> list[str]:
    """Names of the convolutions, `conv1_1` to `conv5_4`."""
    return [f"conv{block}_{index}" for block, depth in enumerate(DEPTHS, 1) for index in range(1, depth + 1)]


def weights(widths: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    """Kernels `[3, 3, in, out]` of variance 2 / fan-in (He et al. 2015), which preserves activations, and small biases."""
    rng = np.random.default_rng(seed)
    arrays, incoming = {}, 3
    for name in convolution_names():
        outgoing = widths[int(name[4]) - 1]
        kernel = rng.standard_normal((3, 3, incoming, outgoing), np.float32) * np.sqrt(2 / (9 * incoming))
        arrays[f"{name}/kernel"] = kernel.astype(np.float32)
        arrays[f"{name}/bias"] = 0.1 * rng.standard_normal(outgoing, np.float32)
        incoming = outgoing
    return arrays


def picture(height: int, width: int, seed: int) -> np.ndarray:
    """A random picture of smooth color waves and noise, sRGB `[height, width, 3]` in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = sum(
        rng.uniform(0.05, 0.2, 3) * np.sin(x[..., None] * rng.uniform(0.05, 0.5) + y[..., None] * rng.uniform(-0.5, 0.5) + k)
        for k in range(4)
    )
    return np.clip(0.5 + waves + 0.05 * rng.standard_normal((height, width, 3)), 0, 1).astype(np.float32)


def write_keras(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write weights in the layout of the file published by Keras 1 (`..._tf_dim_ordering_tf_kernels_notop.h5`)."""
    with h5py.File(path, "w") as file:
        layers = ["input_1"]
        for block, depth in enumerate(DEPTHS, 1):
            layers += [f"block{block}_conv{index}" for index in range(1, depth + 1)] + [f"block{block}_pool"]
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer in layers:
            group, names = file.create_group(layer), []
            if "_conv" in layer:
                ours = f"conv{layer[5]}_{layer[-1]}"
                for part, suffix in (("kernel", "W"), ("bias", "b")):
                    names.append(f"{layer}_{suffix}_1:0".encode())
                    group.create_dataset(names[-1].decode(), data=arrays[f"{ours}/{part}"])
            group.attrs["weight_names"] = names
