"""What every reader of a foreign format returns, and what it raises when a file cannot be read."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stylejax.errors import WeightsError


@dataclass
class Tensors:
    """The arrays of a source file under this project's names and layouts, not yet checked.

    Attributes:
        preprocessing: what files of this layout expect, unless the user or a known checksum says otherwise.
        arrays: float32: `conv1_1/kernel` (`[3, 3, in, out]`), `conv1_1/bias`; what fits no convolution under its own
            name.
        labels: flat name to the name in the source file, for messages.
        facts: what the reader has to say in the header of the converted file.
    """

    preprocessing: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def add(self, layer: str | None, part: str, array: np.ndarray, source_name: str) -> None:
        """Add an array; without a layer, or when the layer has that part already, it stays under `source_name`."""
        name = f"{layer}/{part}"
        if layer is None or name in self.arrays:
            self.arrays[source_name] = array
        else:
            self.arrays[name] = array
            self.labels[name] = f"{name} ({source_name})"


def damaged(path: Path, reason: object) -> WeightsError:
    """The error for a file that starts like its format and then cannot be read."""
    return WeightsError(f"{path} is truncated or damaged ({' '.join(str(reason).split())}); get it again")
