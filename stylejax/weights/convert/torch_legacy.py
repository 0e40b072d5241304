"""Files written by PyTorch before 1.6, read without PyTorch: float and byte tensors by name.

A file holds five pickles: a magic number, the version of the format, facts about the machine, the dictionary of tensors,
and the list of the storages' keys. Each storage follows in that order: the number of values (64 bits, little-endian), and
the values. A tensor is a call of `torch._utils._rebuild_tensor_v2` with its storage, offset, shape and strides.
`stylejax.weights.convert.pickled` explains why reading them runs no code.

Source: `torch/serialization.py`, `_legacy_save` and `_legacy_load`.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.errors import WeightsError
from stylejax.weights.convert.pickled import Call, Global, Reference, RefusedError, read_pickle
from stylejax.weights.convert.tensors import damaged

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
LEGACY_START = b"\x80\x02\x8a\x0a" + _MAGIC.to_bytes(10, "little") + b"."
"""The first bytes of such a file: the pickle of the magic number."""

_REBUILD = "torch._utils _rebuild_tensor_v2"
_TYPES = {"torch FloatStorage": np.dtype("<f4"), "torch ByteStorage": np.dtype("u1")}


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: np.dtype
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]


def read_legacy_torch(path: Path, content: bytes) -> dict[str, np.ndarray]:
    """The tensors of a file by name, as float32 or uint8.

    Args:
        path: names the file in messages.
        content: of the file.

    Raises:
        WeightsError: the file is damaged, or holds anything but contiguous float and byte tensors.
    """
    try:
        return _read(content)
    except RefusedError as error:
        raise WeightsError(
            f"{path} holds more than float and byte tensors, and nothing of it was run ({str(error)[:160]}); get it again"
        ) from None
    except ValueError as error:
        raise damaged(path, str(error)[:160]) from None


def _read(content: bytes) -> dict[str, np.ndarray]:
    stream = io.BytesIO(content)
    magic, version, machine, state, keys = (read_pickle(stream) for _ in range(5))
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError(f"magic number and version are not {_MAGIC:#x} and {_VERSION}")
    if type(machine) is not dict or machine.get("little_endian") is not True:
        raise ValueError("it was not written by a little-endian machine")
    if type(state) is not dict:
        raise RefusedError(_described(state))
    tensors = {name: _tensor(name, value) for name, value in state.items()}
    storages = _storages(stream, content, {tensor.storage for tensor in tensors.values()}, keys)
    return {
        name: storages[tensor.storage.key][tensor.offset :][: math.prod(tensor.shape)].reshape(tensor.shape)
        for name, tensor in tensors.items()
    }


def _tensor(name: str, value: Any) -> _Tensor:
    """The tensor that a call describes, if it describes one that lies within its storage."""
    match value:
        case Call(
            Global(rebuild),
            (Reference(("storage", Global(kind), str(key), str(), int(count), None)), int(offset), shape, strides, bool(), {}),
        ) if rebuild == _REBUILD:
            pass
        case _:
            raise RefusedError(f"{name[:60]!r} is {_described(value)}")
    if kind not in _TYPES:
        raise RefusedError(f"{name[:60]!r} is of {kind.replace(' ', '.')[:60]!r}")
    if not name.isprintable() or not key.isprintable():
        raise ValueError(f"{name[:60]!r} is no name of a tensor")
    if not _sizes(shape) or not _sizes(strides) or len(shape) != len(strides):
        raise ValueError(f"{name[:60]!r} has no shape")
    if any(
        size > 1 and stride != math.prod(shape[axis + 1 :])
        for axis, (size, stride) in enumerate(zip(shape, strides, strict=True))
    ):
        raise ValueError(f"the values of {name[:60]!r} do not lie in order")
    if offset < 0 or count < 0 or offset + math.prod(shape) > count:
        raise ValueError(f"{name[:60]!r} reaches beyond its storage of {count} values")
    return _Tensor(_Storage(key, _TYPES[kind], count), offset, shape)


def _sizes(value: Any) -> bool:
    """Whether this is a tuple of at most eight whole numbers."""
    return type(value) is tuple and len(value) <= 8 and all(type(size) is int and size >= 0 for size in value)


def _storages(stream: io.BytesIO, content: bytes, wanted: set[_Storage], keys: Any) -> dict[str, np.ndarray]:
    """The storages after the pickles, which must be exactly those of the tensors and end at the end of the file."""
    by_key = {storage.key: storage for storage in wanted}
    if len(by_key) != len(wanted):
        raise ValueError("two tensors contradict each other about their storage")
    if type(keys) is not list or not all(type(key) is str for key in keys) or sorted(keys) != sorted(by_key):
        raise ValueError(f"its list of storages is not that of the {len(by_key)} that its tensors lie in")
    storages = {}
    for key in keys:
        storage, stated = by_key[key], int.from_bytes(stream.read(8), "little")
        left = len(content) - stream.tell()
        if storage.count * storage.kind.itemsize > left:
            raise ValueError(f"storage {key[:60]!r} needs {storage.count * storage.kind.itemsize} bytes and {left} are left")
        if stated != storage.count:
            raise ValueError(f"storage {key[:60]!r} has {stated} values and not {storage.count}")
        storages[key] = np.frombuffer(content, storage.kind, storage.count, stream.tell())
        stream.seek(storage.count * storage.kind.itemsize, io.SEEK_CUR)
    if stream.tell() != len(content):
        raise ValueError(f"{len(content) - stream.tell()} bytes too many")
    return storages


def _described(value: Any) -> str:
    """A description of a value where a tensor is expected."""
    if isinstance(value, Call) and isinstance(value.function, Global):
        return f"a call of {value.function.name.replace(' ', '.')[:60]!r}"
    return f"a {type(value).__name__}"
