"""The common result of the readers of foreign formats, and the error for a file that they cannot read."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stylejax.errors import WeightsError, one_line
from stylejax.files.file_names import printable
from stylejax.network.layers import LARGEST

_FLOATS = ("float16", "float32", "float64", "bfloat16")


@dataclass
class Tensors:
    """The arrays of a source file under stylejax's names and layouts, not yet checked.

    Attributes:
        preprocessing: what files of this layout expect, unless the user or a known checksum says otherwise.
        arrays: float32: `conv1_1/kernel` (`[3, 3, in, out]`), `conv1_1/bias` (`[out]`).
        unread: shapes of the arrays that belong to no convolution, by their own names.
        labels: the names for messages, with that in the source file, by flat name.
        facts: entries for the header of the converted file.
    """

    preprocessing: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    unread: dict[str, tuple[int, ...]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    _wanted: dict[str, Callable[[], np.ndarray]] = field(default_factory=dict)
    _values: int = 0

    def add(
        self,
        layer: str | None,
        part: str,
        source_name: str,
        *,
        shape: tuple[int, ...],
        kind: str,
        read: Callable[[], np.ndarray],
    ) -> None:
        """Register an array; `load` reads it if it belongs to a convolution.

        Args:
            layer: its convolution; arrays of none, and a second array of the same part, are not read.
            part: `kernel` or `bias`.
            source_name: its name in the file.
            shape: as stated in the file.
            kind: NumPy's name of its dtype.
            read: returns the array.

        Raises:
            WeightsError: its values are not floating point, or the arrays are together larger than a VGG-19.
        """
        name = f"{layer}/{part}"
        if layer is None or name in self._wanted:
            self.unread[source_name] = shape
            return
        what = printable(source_name[:200])
        if kind not in _FLOATS:
            raise WeightsError(
                f"{what} in the file is of the type {kind}, and none of {', '.join(_FLOATS)}; save it as float32"
            )
        self._wanted[name] = read
        self._values += math.prod(shape)
        if self._values > LARGEST:
            raise WeightsError(f"{what} in the file has the shape {shape}: that is larger than any layer of VGG-19")
        self.labels[name] = f"{name} ({source_name})"

    def load(self) -> "Tensors":
        """Read the registered arrays, which together are known to be small enough."""
        with np.errstate(over="ignore"):  # overflow becomes infinite, which the check reports by name
            self.arrays = {name: np.asarray(read(), np.float32) for name, read in self._wanted.items()}
        return self


def damaged(path: Path, reason: object) -> WeightsError:
    """The error for a file that starts like its format but cannot be read."""
    text = one_line(reason) if isinstance(reason, BaseException) else str(reason)
    return WeightsError(f"{path} is truncated or damaged ({printable(' '.join(text.split()))}); get it again")
