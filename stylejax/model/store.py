"""Weight sets in memory and on disk.

On disk a set is one safetensors file: `conv1_1/kernel` (`[3, 3, in, out]`) and `conv1_1/bias` (`[out]`) for each of the
16 convolutions, as float16 or float32, and a header of strings that says what the arrays are: `format` ("stylejax-1"),
`name`, `widths` ("64,128,256,512,512"), `preprocessing`, and where they came from. In memory the arrays are float32.

Nothing else is read at run time: other formats go through `stylejax weights convert` first.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from stylejax.errors import WeightsError
from stylejax.files.atomic import write_atomically
from stylejax.model.check import array_problems, listed
from stylejax.model.preprocessing import Preprocessing, preprocessing_named

FORMAT = "stylejax-1"
_OWN_KEYS = ("format", "name", "widths", "preprocessing")
_READABLE = ("F16", "F32")
_CONVERT = "convert it first: `stylejax weights convert {path} NEW.safetensors`"


@dataclass(frozen=True, eq=False)
class WeightSet:
    """The weights of one network, and what one must know to use them.

    Attributes:
        name: what the user calls it, such as `vgg19`.
        widths: channels of the five blocks.
        preprocessing: what the first convolution expects.
        arrays: float32, by flat name: `conv1_1/kernel` (`[3, 3, in, out]`), `conv1_1/bias` (`[out]`).
        provenance: where the arrays came from: source, checksum, license.
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
            another type or not finite; one line tells everything that is wrong.
    """
    path = Path(path)
    header, arrays, problem = _read_file(path)
    if header.get("format") != FORMAT:
        raise WeightsError(f"{path} has no stylejax header; {_CONVERT.format(path=path)}")
    try:
        widths = tuple(int(width) for width in header.get("widths", "").split(","))
        preprocessing = preprocessing_named(header.get("preprocessing", ""))
    except ValueError:
        raise WeightsError(f"{path} has widths {header.get('widths')!r} in its header; convert the weights again") from None
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    problem = problem or array_problems(arrays, widths)
    if problem:
        raise WeightsError(f"{path} is damaged or of another network: {problem}; fetch or convert it again")
    provenance = {key: value for key, value in sorted(header.items()) if key not in _OWN_KEYS}
    return WeightSet(header.get("name", path.stem), widths, preprocessing, arrays, provenance)


def write_weights(path: Path | str, weight_set: WeightSet, *, dtype: type[np.floating] = np.float32) -> None:
    """Write a set whole or not at all.

    Args:
        path: the file to make or replace; missing folders are made.
        weight_set: what to write; its arrays are checked first.
        dtype: `np.float32`, or `np.float16` for half the size.

    Raises:
        WeightsError: an array is missing, misshapen or not finite in `dtype`, or the file cannot be written.
    """
    with np.errstate(over="ignore"):  # an overflow becomes infinite, which the check reports by name
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
    }
    try:
        with write_atomically(Path(path)) as file:
            file.write(_with_sorted_header(save(arrays, header)))
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error.strerror}; name another file") from None


def _with_sorted_header(content: bytes) -> bytes:
    """The same file with its header in order, so that equal sets are equal files; safetensors shuffles the strings."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def _read_file(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray], str]:
    """Header, float32 arrays (none of a foreign file), and a line about tensors of a type that is not read."""
    start = b""
    try:
        with path.open("rb") as file:
            start = file.read(9)
        with safe_open(path, "np") as file:
            header = file.metadata() or {}
            types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 (not a mapping)
            wrong = [f"{name} ({kind})" for name, kind in types.items() if kind not in _READABLE]
            if wrong or header.get("format") != FORMAT:
                return header, {}, f"neither float16 nor float32: {listed(wrong)}"
            return header, {name: file.get_tensor(name).astype(np.float32) for name in types}, ""
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}; name a .safetensors file") from None
    except SafetensorError as error:
        if start[8:] == b"{":
            raise WeightsError(f"{path} is truncated or damaged ({error}); fetch or convert it again") from None
        if not start:
            raise WeightsError(f"{path} is empty; fetch or convert it again") from None
        raise WeightsError(f"{path} is not a safetensors file; {_CONVERT.format(path=path)}") from None
