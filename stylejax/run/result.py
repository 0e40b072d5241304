"""The result of a run: a picture, how it was made, and the record inside its file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stylejax.errors import ImageError
from stylejax.files.user_paths import user_path
from stylejax.images.io.write import write_picture
from stylejax.run.progress import Converged, Failure
from stylejax.settings.record import recorded_settings
from stylejax.settings.settings import Settings
from stylejax.types import HostImage
from stylejax.version import VERSION


@dataclass(frozen=True, eq=False)
class StylizedImage:
    """The result of one picture."""

    image: HostImage
    """sRGB in [0, 1], `[height, width, 3]`."""
    alpha: np.ndarray | None
    """The content's opacity in [0, 1], `[height, width]`, if it had any."""
    trace: list[dict[str, Any]]
    """Records of steps: `scale, height, width, step, total, content, style, tv`, and `stopped` in the last of a scale that
    ended early. `stylize`, `stylize_batch` and `sweep` keep those of every step; a table keeps only the last."""
    settings: Settings
    network: str
    """Name of the feature network that was used."""
    sources: dict[str, Any]
    """Names of the content and style pictures, where they have one."""
    failure: Failure | None = None
    """Where the loss stopped being finite, if it did; the picture is the last good one."""
    notes: tuple[str, ...] = ()
    """Messages to the user, such as that a mask was resized."""
    memory: int = 0
    """Peak bytes of the run with its whole batch, by the compiler's analysis."""

    @property
    def stops(self) -> list[Converged]:
        """The scales that ended early because the loss had stopped changing, and after how many steps."""
        return [Converged(record["scale"], record["step"] + 1) for record in self.trace if record.get("stopped")]

    @property
    def record(self) -> dict[str, Any]:
        """How the picture was made; the same run gives the same record."""
        made_with = {"program": "stylejax", "version": VERSION, "network": self.network}
        return {**made_with, **self.sources, "settings": recorded_settings(self.settings)}

    def save(self, path: str | Path, *, bits: Literal[8, 16] = 8) -> Path:
        """Write the picture, its opacity and its record to `path`: PNG, JPEG, WebP, TIFF or AVIF by suffix.

        Args:
            path: the file.
            bits: depth of the colors; 16 for PNG and TIFF.

        Raises:
            ImageError: the suffix is unknown or the place cannot be written.
        """
        path = user_path(path, error=ImageError)
        write_picture(path, self.image, alpha=self.alpha, metadata=self.record, bits=bits)
        return path


class StylizeInterrupted(KeyboardInterrupt):
    """Ctrl-C during a run; `results` holds the pictures so far, and is empty before the first steps."""

    def __init__(self, results: list[StylizedImage]):
        super().__init__()
        self.results = results
