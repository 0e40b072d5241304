"""VGG-19 in PyTorch, written from Simonyan and Zisserman 2015 (configuration E) and the notes of the style transfer papers."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

CONFIGURATION_E = ((1, 2), (2, 2), (3, 4), (4, 4), (5, 4))
POOLING_SCALES = {"max": 1.0, "average": 1.0, "average-rescaled": 2.0, "l2": 1.0, "l2-rescaled": 0.78}
PADDING_MODES = {"zero": "constant", "replicate": "replicate", "reflect": "reflect"}


@dataclass(frozen=True)
class Network:
    """Options of the network. `inputs` depends on the weights, the other options on the recipe."""

    inputs: str = "torchvision"
    pooling: str = "max"
    padding: str = "zero"


def tensors(arrays: dict[str, np.ndarray], *, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Convert kernels `[3, 3, in, out]` to PyTorch's `[out, in, 3, 3]`, and biases."""
    result = {}
    for name, array in arrays.items():
        turned = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
        result[name] = torch.tensor(np.ascontiguousarray(turned), dtype=dtype)
    return result


def features(network: Network, weights: dict[str, Tensor], image: Tensor, wanted: list[str]) -> dict[str, Tensor]:
    """Features `[channels, rows, columns]` by layer name, of sRGB `[height, width, 3]` in [0, 1]; `pixels` are its colors."""
    value, found = _inputs(network.inputs, image), {"pixels": image.permute(2, 0, 1)[None]}
    for block, depth in CONFIGURATION_E:
        for index in range(1, depth + 1):
            place = f"{block}_{index}"
            value = found[f"conv{place}"] = _convolution(network.padding, weights, value, place)
            value = found[f"relu{place}"] = torch.relu(value)
            if set(wanted) <= set(found):
                return {name: found[name][0] for name in wanted}
        whole = _whole_windows(network.padding, value)
        value = found[f"pool{block}"] = POOLING_SCALES[network.pooling] * _pool(network.pooling, whole)
    return {name: found[name][0] for name in wanted}


def octaves(network: Network, image: Tensor, count: int) -> list[Tensor]:
    """The picture and its half-size copies (means over 2×2 pixels), `count` in all; odd sides as in the network."""
    found = [image]
    for _ in range(count - 1):
        planes = _whole_windows(network.padding, found[-1].permute(2, 0, 1)[None])
        found.append(functional.avg_pool2d(planes, 2)[0].permute(1, 2, 0))
    return found


def _inputs(kind: str, image: Tensor) -> Tensor:
    rgb = image.permute(2, 0, 1)[None]
    if kind == "oxford":
        blue_green_red_mean = torch.tensor([103.939, 116.779, 123.68], dtype=image.dtype)
        return 255 * rgb.flip(1) - blue_green_red_mean[:, None, None]
    mean, deviation = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    shape = (3, 1, 1)
    return (rgb - torch.tensor(mean, dtype=image.dtype).view(shape)) / torch.tensor(deviation, dtype=image.dtype).view(shape)


def _convolution(padding: str, weights: dict[str, Tensor], value: Tensor, place: str) -> Tensor:
    mode, _, where = padding.partition("-")
    if where and place != "1_1":
        mode = "zero"
    padded = functional.pad(value, (1, 1, 1, 1), mode=PADDING_MODES[mode])
    return functional.conv2d(padded, weights[f"conv{place}/kernel"], weights[f"conv{place}/bias"])


def _whole_windows(padding: str, value: Tensor) -> Tensor:
    """Pad an odd last row and column, instead of dropping them, if all convolutions use replicate or reflect padding."""
    mode = PADDING_MODES.get(padding, "constant")
    if mode == "constant":
        return value
    return functional.pad(value, (0, value.shape[-1] % 2, 0, value.shape[-2] % 2), mode=mode)


def _pool(kind: str, value: Tensor) -> Tensor:
    if kind == "max":
        return functional.max_pool2d(value, 2)
    if kind.startswith("average"):
        return functional.avg_pool2d(value, 2)
    squares = 4 * functional.avg_pool2d(value**2, 2)
    positive = squares > 0  # the derivative of the square root at zero is defined as 0
    return torch.where(positive, torch.sqrt(torch.where(positive, squares, 1)), 0)
