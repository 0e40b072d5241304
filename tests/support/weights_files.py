"""Small VGG-19 weight files in every layout that is converted, written as their own programs write them."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save_file

from stylejax.network.layers import CONV_NAMES
from stylejax.weights.array_check import expected_shapes

WIDTHS = (2, 3, 4, 5, 5)
TORCHVISION_INDICES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)


def random_arrays(widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> dict[str, np.ndarray]:
    """Float32 arrays by flat name; no two are equal."""
    generator = np.random.default_rng(seed)
    return {name: generator.normal(size=shape).astype(np.float32) for name, shape in expected_shapes(widths).items()}


def block_name(name: str) -> str:
    """`block1_conv2` for `conv1_2`."""
    return f"block{name[4]}_conv{name[6]}"


def legacy_h5(
    path: Path,
    arrays: dict[str, np.ndarray],
    *,
    layer: Callable[[str], str] = block_name,
    kernel: str = "{layer}_W_1:0",
    bias: str = "{layer}_b_1:0",
    group: str = "",
    chunks: int = 0,
    others: Iterable[str] = (),
) -> Path:
    """A Keras 1 or 2 file: groups and datasets found through the attributes `layer_names` and `weight_names`."""
    with h5py.File(path, "w") as file:
        root = file.create_group(group) if group else file
        names = ["input_1"]
        for name in CONV_NAMES:
            names.append(layer(name))
            if name.endswith("_2") and name[4] in "12":
                names.append(f"block{name[4]}_pool")
        names += others
        for name in names:
            root.create_group(name).attrs["weight_names"] = np.array([], "S1")
        for name in CONV_NAMES:
            of_layer = {kernel: arrays.get(f"{name}/kernel"), bias: arrays.get(f"{name}/bias")}
            entries = {key.format(layer=layer(name)): array for key, array in of_layer.items() if array is not None}
            for key, array in entries.items():
                root[layer(name)][key] = array
            root[layer(name)].attrs["weight_names"] = np.array([key.encode() for key in entries])
        for name in others:  # a dense layer of the classifier
            root[name][kernel.format(layer=name)] = np.ones((7, 4), np.float32)
            root[name][bias.format(layer=name)] = np.ones(4, np.float32)
        encoded = np.array([name.encode() for name in names])
        if not chunks:
            root.attrs["layer_names"] = encoded
        for index, chunk in enumerate(np.array_split(encoded, chunks) if chunks else ()):
            root.attrs[f"layer_names{index}"] = chunk
        root.attrs["backend"] = b"tensorflow"
    return path


def keras3_h5(path: Path, arrays: dict[str, np.ndarray], *, named: bool, prefix: str = "layers") -> Path:
    """A Keras 3 `.weights.h5`: numbered classes of layers, the layers' own names as attributes when `named`."""
    with h5py.File(path, "w") as file:
        file.create_group("vars")
        for index, name in enumerate(CONV_NAMES):
            group = file.create_group(f"{prefix}/conv2d" + (f"_{index}" if index else "") + "/vars")
            group["0"], group["1"] = arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
            if named:
                group.attrs["name"] = block_name(name)
        for index in range(5):
            file.create_group(f"{prefix}/max_pooling2d" + (f"_{index}" if index else "") + "/vars")
        dense = file.create_group("layers/dense/vars")
        dense["0"], dense["1"] = np.ones((5, 4), np.float32), np.ones(4, np.float32)
        file["optimizer/vars/1"] = np.ones((3, 3, 3, 2), np.float32)
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
    return path


def torch_state(arrays: dict[str, np.ndarray], *, gatys: bool = False) -> dict[str, np.ndarray]:
    """PyTorch's names and `[out, in, height, width]` kernels."""
    state = {}
    for index, name in zip(TORCHVISION_INDICES, CONV_NAMES, strict=True):
        prefix = name if gatys else f"features.{index}"
        state[f"{prefix}.weight"] = np.ascontiguousarray(arrays[f"{name}/kernel"].transpose(3, 2, 0, 1))
        state[f"{prefix}.bias"] = arrays[f"{name}/bias"]
    return state


def torchvision_safetensors(path: Path, arrays: dict[str, np.ndarray], **changes: np.ndarray) -> Path:
    """What timm publishes: the convolutions, its own head, and `changes` by their names in the file."""
    head = {"head.fc.weight": np.ones((6, 4)), "pre_logits.fc1.weight": np.ones((4, 5, 7, 7)), "head.fc.bias": np.ones(6)}
    state = torch_state(arrays) | {name: array.astype(np.float32) for name, array in head.items()} | changes
    save_file(state, path, {"format": "pt"})
    return path


def edit_header(path: Path, **changes: str | None) -> None:
    """Change strings in the header of a safetensors file, or remove them with None."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    strings = header.pop("__metadata__", {}) | changes
    header["__metadata__"] = {key: value for key, value in strings.items() if value is not None}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[end:])
