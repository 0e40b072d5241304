"""Weight sets in memory and on disk.

On disk a set is one safetensors file: `conv1_1/kernel` (`[3, 3, in, out]`) and `conv1_1/bias` (`[out]`) of each of the 16
convolutions, as float16 or float32, and metadata strings that describe them: `format` ("stylejax-1"), `name`, `widths`
("64,128,256,512,512"), `preprocessing`, `arrays_sha256`, and their provenance. In memory the arrays are float32. The
checksum covers the arrays' bytes in the order of their names; sets written before it was introduced have none.

No other format is read at run time; `stylejax weights convert` converts them.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from stylejax.errors import WeightsError, one_line
from stylejax.files.atomic import write_atomically
from stylejax.files.bounded_read import open_regular
from stylejax.files.file_names import printable
from stylejax.network.layers import BLOCK_DEPTHS, LARGEST
from stylejax.network.preprocessing import Preprocessing, preprocessing_named
from stylejax.weights.array_check import array_problems, expected_shapes, listed
from stylejax.weights.safetensors_header import PREFIX, looks_like_safetensors, with_sorted_metadata

FORMAT = "stylejax-1"
_CHECKSUM = "arrays_sha256"
_OWN_KEYS = ("format", "name", "widths", "preprocessing", _CHECKSUM)
_READABLE = ("F16", "F32")
_CONVERT = "convert it first: `stylejax weights convert {path} NEW.safetensors`"


@dataclass(frozen=True, eq=False)
class WeightSet:
    """The weights of one network, and what is needed to use them.

    Attributes:
        name: such as `vgg19`.
        widths: channels of the five blocks.
        preprocessing: what the first convolution expects.
        arrays: float32, by flat name: `conv1_1/kernel` (`[3, 3, in, out]`), `conv1_1/bias` (`[out]`).
        provenance: origin of the arrays: source, checksum, license.
    """

    name: str
    widths: tuple[int, ...]
    preprocessing: Preprocessing
    arrays: dict[str, np.ndarray]
    provenance: dict[str, str] = field(default_factory=dict)


def read_weights(path: Path | str) -> WeightSet:
    """Read and check a weight file.

    Raises:
        WeightsError: the file is absent, truncated or of another format, or a tensor is missing, unknown, misshapen, of
            another dtype, not finite or does not match the checksum; one line lists everything that is wrong.
    """
    path = Path(path)
    start = b""
    try:
        with open_regular(path) as file:
            start = file.read(PREFIX + 1)
        with safe_open(path, "np") as file:
            return _read(path, file, file.metadata() or {})
    except WeightsError:
        raise
    except OSError as error:
        remedy = "name a .safetensors file, no directory, device or pipe"
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}; {remedy}") from None
    except Exception as error:  # damaged files raise many kinds
        if looks_like_safetensors(start):
            raise WeightsError(
                f"{path} is truncated or damaged ({printable(one_line(error))}); fetch or convert it again"
            ) from None
        if not start:
            raise WeightsError(f"{path} is empty; fetch or convert it again") from None
        raise WeightsError(f"{path} is not a safetensors file; {_CONVERT.format(path=path)}") from None


def write_weights(path: Path | str, weight_set: WeightSet, *, dtype: type[np.floating] = np.float32) -> None:
    """Write a set whole or not at all.

    Args:
        path: the file to create or replace; missing folders are created.
        weight_set: what to write; its arrays are checked first.
        dtype: `np.float32`, or `np.float16` for half the size.

    Raises:
        WeightsError: an array is missing, misshapen or not finite in `dtype`, or the file cannot be written.
    """
    with np.errstate(over="ignore"):  # overflow becomes infinite, which the check reports by name
        arrays = {name: np.ascontiguousarray(array, dtype) for name, array in weight_set.arrays.items()}
    problem = array_problems(arrays, weight_set.widths)
    if problem:
        raise WeightsError(f"the weights {weight_set.name!r} are not written to {path}: {problem}")
    header = {
        **weight_set.provenance,
        "format": FORMAT,
        "name": weight_set.name,
        "widths": ",".join(str(width) for width in weight_set.widths),
        "preprocessing": weight_set.preprocessing.name,
        _CHECKSUM: _checksum(arrays),
    }
    try:
        with write_atomically(Path(path)) as file:
            file.write(with_sorted_metadata(save(arrays, header)))
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error.strerror}; name another file") from None


def _read(path: Path, file: Any, header: Mapping[str, str]) -> WeightSet:
    """The set in an open file. Only tensors of the right dtype and shape are read, which bounds the memory."""
    if header.get("format") != FORMAT:
        raise WeightsError(f"{path} has no stylejax header; {_CONVERT.format(path=path)}")
    again = "fetch or convert it again"
    try:
        widths = tuple(int(width) for width in header.get("widths", "").split(","))
        preprocessing = preprocessing_named(header.get("preprocessing", "")[:80])
    except ValueError:
        raise WeightsError(f"{path} has widths {header.get('widths', '')[:80]!r} in its header; {again}") from None
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    wrong = [f"{name} ({part.get_dtype()})" for name, part in parts.items() if part.get_dtype() not in _READABLE]
    problem = f"neither float16 nor float32: {listed(wrong)}" if wrong else _impossible(widths)
    if not problem:
        expected, shapes = expected_shapes(widths), {name: tuple(part.get_shape()) for name, part in parts.items()}
        stored = {name: file.get_tensor(name) for name, shape in shapes.items() if shape == expected.get(name)}
        arrays = {name: array.astype(np.float32) for name, array in stored.items()}
        unread = {name: shape for name, shape in shapes.items() if name not in stored}
        problem = array_problems(arrays, widths, unread=unread)
        if not problem and _CHECKSUM in header and header[_CHECKSUM] != _checksum(stored):
            problem = "the tensors are not as they were written"
        if not problem:
            provenance = {key: value for key, value in sorted(header.items()) if key not in _OWN_KEYS}
            return WeightSet(header.get("name", path.stem), widths, preprocessing, arrays, provenance)
    raise WeightsError(f"{path} is damaged or of another network: {problem}; {again}")


def _impossible(widths: tuple[int, ...]) -> str:
    """What is wrong with the widths in a header, before any tensor is read; empty if nothing is."""
    if len(widths) != len(BLOCK_DEPTHS) or min(widths) < 1:
        return f"widths {str(widths)[:80]} are not those of {len(BLOCK_DEPTHS)} blocks"
    if sum(math.prod(shape) for shape in expected_shapes(widths).values()) > LARGEST:
        return f"widths {str(widths)[:80]} make more than any VGG-19"
    return ""


def _checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of the arrays' bytes as stored, in the order of their names."""
    digest = hashlib.sha256()
    for _, array in sorted(arrays.items()):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
