"""Keras weight files: HDF5 as written by Keras 1, 2 and 3, and the `.keras` archive around it.

- Keras 1 and 2: groups in the order of the attribute `layer_names` (or `layer_names0`, `layer_names1`, ... if it is
  long), below `model_weights` if the whole model was saved: `block1_conv1/block1_conv1_W_1:0`, later
  `block1_conv1/block1_conv1/kernel:0`, or `vgg19/block1_conv1/kernel:0` if VGG-19 is a part of a model.
- Keras 3: `layers/conv2d/vars/0` (kernel) and `/1` (bias), `layers/conv2d_1/...`, numbered in the order of the network;
  newer versions add the layer's own name as an attribute of `vars`.

All of them store kernels as `[3, 3, in, out]`. A layer is identified by the name `block1_conv1` (or `conv1_1`) in its path
or in that attribute, or, if no layer has such a name, by its position among the convolutions. Kernel and bias differ in
rank.
"""

import io
import re
import zipfile
from functools import partial
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from stylejax.network.layers import CONV_NAMES
from stylejax.weights.convert.hdf5_checks import check_dataset, check_own
from stylejax.weights.convert.tensors import Tensors

_LAYER_NAME = re.compile(r"(?:block(\d)_conv|conv(\d)_)(\d)(?!\d)")
_NOT_LAYERS = ("optimizer", "optimizer_weights")


def read_keras_archive(path: Path, member: str) -> Tensors:
    """Read the HDF5 file `member` of a `.keras` archive, never the model description."""
    with zipfile.ZipFile(path) as archive:
        return read_keras(path, content=io.BytesIO(archive.read(member)))


def read_keras(path: Path, *, content: BinaryIO | None = None) -> Tensors:
    """Read a Keras HDF5 file, from `content` if given.

    Dense layers, the optimizer's state and state that is not floating point are skipped. Any other array that is not one of the
    convolutions is in the result under its own name, for the caller to report.

    Raises:
        WeightsError: an array is in another file, or is larger than any of a VGG-19.
        Exception: the file is damaged.
    """
    with h5py.File(content or path, "r") as file:
        check_own(file, "model_weights")
        weights = file.get("model_weights", file)
        if not isinstance(weights, h5py.Group):
            raise ValueError("model_weights is not a group")
        layers = _layers(weights)
        names = _convolutions(layers, _layer_names(weights))
        tensors = Tensors("oxford")
        for layer, datasets in layers.items():
            for dataset in datasets:
                part = {4: "kernel", 1: "bias"}.get(dataset.ndim, "unknown")
                tensors.add(
                    names.get(layer),
                    part,
                    str(dataset.name).lstrip("/"),
                    shape=dataset.shape,
                    kind=dataset.dtype.name,
                    read=partial(_read, dataset),
                )
        return tensors.load()


def _layers(weights: h5py.Group) -> dict[str, list[h5py.Dataset]]:
    """The arrays of every layer that may be a convolution, by its VGG name if it has one and by its path otherwise."""
    layers: dict[str, list[h5py.Dataset]] = {}

    def visit(path: str, item: h5py.Group | h5py.Dataset) -> None:
        inside = path.split("/", 1)[0] not in _NOT_LAYERS
        if not inside or not isinstance(item, h5py.Dataset) or not item.shape:
            return
        name = _vgg_name(path, item)
        if name or item.dtype.kind in "fcV":
            layers.setdefault(name or path.rpartition("/")[0], []).append(item)

    weights.visititems(visit)
    return {layer: datasets for layer, datasets in layers.items() if not any(item.ndim == 2 for item in datasets)}


def _vgg_name(path: str, dataset: h5py.Dataset) -> str | None:
    """`conv1_1` from `block1_conv1` or `conv1_1` in a path or in Keras 3's attribute; the innermost one wins."""
    given = dataset.parent.attrs.get("name", "")
    found = [*_LAYER_NAME.finditer(path), *_LAYER_NAME.finditer(_text(given))]
    if not found:
        return None
    block, other, index = found[-1].groups()
    return f"conv{block or other}_{index}"


def _convolutions(layers: dict[str, list[h5py.Dataset]], order: list[str]) -> dict[str, str]:
    """The convolution that each layer is: by name, or by position if no layer has a name."""
    named = {layer: layer for layer in layers if layer in CONV_NAMES}
    if named:
        return named

    def place(layer: str) -> tuple[int, list[str | int]]:
        top = layer.split("/", 1)[0]
        numbers = [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", layer)]
        return (order.index(top) if top in order else len(order)), numbers

    unnamed = [layer for layer, datasets in layers.items() if any(item.ndim == 4 for item in datasets)]
    return dict(zip(sorted(unnamed, key=place), CONV_NAMES, strict=False))


def _layer_names(weights: h5py.Group) -> list[str]:
    """The attribute `layer_names` of Keras 1 and 2, whole or in chunks; empty for Keras 3."""
    names: list[np.ndarray] = [np.asarray(weights.attrs["layer_names"])] if "layer_names" in weights.attrs else []
    while f"layer_names{len(names)}" in weights.attrs:
        names.append(np.asarray(weights.attrs[f"layer_names{len(names)}"]))
    return [_text(name) for chunk in names for name in chunk.ravel()]


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _read(dataset: h5py.Dataset) -> np.ndarray:
    """The array, after checking how it is stored."""
    check_dataset(dataset)
    return dataset[()]
