"""What every reader of a foreign format returns, and what it raises when a file cannot be read."""

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
    """The arrays of a source file under this project's names and layouts, not yet checked.

    Attributes:
        preprocessing: what files of this layout expect, unless the user or a known checksum says otherwise.
        arrays: float32: `conv1_1/kernel` (`[3, 3, in, out]`), `conv1_1/bias`.
        unread: what fits no convolution: the shapes, by their own names.
        labels: flat name to the name in the source file, for messages.
        facts: what the reader has to say in the header of the converted file.
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
        """Note an array; `load` reads it, if it belongs to a convolution.

        Args:
            layer: None for one that belongs to none; it is not read, and neither is a second one of the same part.
            part: `kernel` or `bias`.
            source_name: what the file calls it.
            shape: what the file says, before anything is read.
            kind: the type of its values, as NumPy calls it.
            read: returns the array.

        Raises:
            WeightsError: its values are no real numbers, or all that is to be read is more than a VGG-19 has.
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
        """Read what was noted, now that all of it is known to be small enough."""
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which the check reports by name
            self.arrays = {name: np.asarray(read(), np.float32) for name, read in self._wanted.items()}
        return self


def damaged(path: Path, reason: object) -> WeightsError:
    """The error for a file that starts like its format and then cannot be read."""
    text = one_line(reason) if isinstance(reason, BaseException) else str(reason)
    return WeightsError(f"{path} is truncated or damaged ({printable(' '.join(text.split()))}); get it again")
