"""PyTorch weights: a state dictionary as `.pth`, or as safetensors with the same names.

Names are torchvision's `features.0.weight` (also in the Caffe weights `vgg19-d01eb7cb.pth`) or, in Gatys' `vgg_conv.pth`,
`conv1_1.weight`; kernels are `[out, in, 3, 3]`. The classifier (torchvision's, or timm's head) is skipped.

A `.pth` is a pickle, which could run code: PyTorch reads it with `weights_only=True`, which only builds tensors.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import safe_open

from stylejax.errors import WeightsError
from stylejax.extras import require_extra
from stylejax.files.file_names import printable
from stylejax.network.layers import CONV_NAMES, LAYERS
from stylejax.weights.convert.tensors import Tensors
from stylejax.weights.weight_set import FORMAT

# torchvision numbers convolutions, ReLUs and pooling layers together, in the order of LAYERS.
TORCHVISION_NAMES = {f"features.{index}": layer.name for index, layer in enumerate(LAYERS) if layer.kind == "conv"}
_CLASSIFIER = ("classifier.", "head.", "pre_logits.", "fc")
_NUMPY_NAMES = {"F16": "float16", "F32": "float32", "F64": "float64"}
_AXES = (2, 3, 1, 0)


class _Tensor(NamedTuple):
    """A tensor of a file, not yet read."""

    shape: tuple[int, ...]
    kind: str
    read: Callable[[], np.ndarray]


def read_safetensors(path: Path) -> Tensors:
    """Read safetensors with PyTorch's names.

    Raises:
        WeightsError: it is a stylejax file already, or a tensor is not floating point or larger than any of a VGG-19.
        Exception: the file is damaged.
    """
    with safe_open(path, "np") as file:
        if (file.metadata() or {}).get("format") == FORMAT:
            raise WeightsError(f"{path} is a stylejax file already; use it by its path")
        tensors = {}
        for name in file.keys():  # noqa: SIM118 (not a mapping)
            part = file.get_slice(name)
            kind = _NUMPY_NAMES.get(str(part.get_dtype()), str(part.get_dtype()))
            tensors[name] = _Tensor(tuple(part.get_shape()), kind, partial(file.get_tensor, name))
        return _rename(tensors)


def read_pth(path: Path) -> Tensors:
    """Read a state dictionary that PyTorch wrote, alone or under the key `state_dict`.

    Raises:
        MissingExtraError: PyTorch is not installed.
        WeightsError: the file is damaged, holds more than tensors (none of it is run), or is not a state dictionary.
    """
    require_extra("torch", f"{path} is a PyTorch file, which")
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged pickles raise many kinds
        raise WeightsError(
            f"{path} is damaged or holds more than tensors, and nothing of it was run ({_reason(error)}); "
            "get it again, or save `model.state_dict()` and convert that"
        ) from None
    state = state.get("state_dict", state) if isinstance(state, dict) else {}
    tensors = {str(name): value for name, value in state.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise WeightsError(f"{path} holds no named tensors; save `model.state_dict()` and convert that")
    return _rename(
        {
            name: _Tensor(
                tuple(value.shape), str(value.dtype).removeprefix("torch."), lambda value=value: value.detach().float().numpy()
            )
            for name, value in tensors.items()
        }
    )


def _reason(error: Exception) -> str:
    """PyTorch's reason, without its advice to load the file by running its code."""
    text = " ".join(str(error).split())
    named = re.search(r"GLOBAL ([\w.]+)", text)
    cause = text.rpartition("WeightsUnpickler error: ")[2].partition(" Check the documentation")[0]
    return f"it names {named[1][:100]}" if named else printable(cause[:160])


def _rename(found: dict[str, _Tensor]) -> Tensors:
    """The tensors under stylejax's names, kernels as `[height, width, in, out]`."""
    tensors = Tensors("torchvision")
    for name, (shape, kind, read) in found.items():
        plain = name.removeprefix("module.")  # torch.nn.DataParallel adds it
        layer, _, part = plain.rpartition(".")
        if plain.startswith(_CLASSIFIER) or part == "num_batches_tracked":
            continue
        if layer in CONV_NAMES:
            tensors.preprocessing = "oxford"
        convolution = TORCHVISION_NAMES.get(layer, layer if layer in CONV_NAMES else None)
        if part == "weight" and len(shape) == 4:
            shape, read = tuple(shape[axis] for axis in _AXES), partial(_transposed, read)
        tensors.add(convolution, "kernel" if part == "weight" else part, name, shape=shape, kind=kind, read=read)
    return tensors.load()


def _transposed(read: Callable[[], np.ndarray]) -> np.ndarray:
    return read().transpose(_AXES)
