"""The state of a run for the live page.

The optimizing thread writes the state and the server's thread reads it. `Live.show` is an observer of the run: it stores
references and, while a page is open, starts the computation of thumbnails on the device; transfers and encoding happen in the
server's thread. The *stop* button ends the run as Ctrl-C does, by a `KeyboardInterrupt` that `show` raises.
"""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jax import Array

from stylejax.choices import LOSSES
from stylejax.images.picture import Picture
from stylejax.preview.curves import curves_svg
from stylejax.preview.embed import jpeg, png
from stylejax.preview.thumbnails import make_thumbnails
from stylejax.run.progress import Progress

Status = Literal["starting", "painting", "paused", "stopping", "finished", "stopped", "failed"]
Button = Literal["stop", "pause", "resume"]

SECONDS_BETWEEN_THUMBNAILS = 0.5
MAX_TILES = 60
"""Limit of pictures on the page of a batch; the oldest are removed."""


class StopPressed(KeyboardInterrupt):
    """The *stop* button was pressed; ends a run as Ctrl-C does."""


@dataclass(eq=False)
class Tile:
    """One picture on the page."""

    number: int
    name: str
    total: float = math.nan
    version: int = 0
    """Number of thumbnails so far."""
    thumbnails: Array | None = None
    """Uint8 `[batch, height, width, 3]` on the device, of the whole batch."""
    index: int = 0
    """Position in the batch."""

    def state(self) -> dict[str, Any]:
        """What the page shows of it, except the picture."""
        return {"number": self.number, "name": self.name, "version": self.version, "total": _short(self.total)}


@dataclass(eq=False)
class Live:
    """What the page shows, and what its buttons request."""

    title: str
    content: Picture | None = None
    """Shown beside the picture; None for a page of many pictures."""
    styles: Sequence[Picture] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """Metadata of a saved copy."""

    def __post_init__(self):
        self._condition = threading.Condition()
        self._status: Status = "starting"
        self._version = 0
        self._watchers = 0
        self._tiles: dict[str, Tile] = {}
        self._numbered = 0
        self._progress: Progress | None = None
        self._counts: tuple[int, int] | None = None
        self._records: list[dict[str, Any]] = []
        self._last_thumbnails = 0.0
        self._began = time.monotonic()
        self._message = ""

    # Called by the optimizing thread

    def show(self, progress: Progress, *, names: Sequence[str] = ("",), counts: tuple[int, int] | None = None) -> None:
        """Update the pictures called `names`; waits while the run is paused.

        Args:
            progress: from the run.
            names: of the pictures, in the order of the batch, without its padding.
            counts: of a table of pictures, the finished ones and all.

        Raises:
            StopPressed: a `KeyboardInterrupt`; the picture is kept.
        """
        with self._condition:
            self._progress, self._counts = progress, counts
            if self.content is not None:
                self._records += progress.records[0]
            if self._status == "starting":
                self._status = "painting"
            for name, last in zip(names, progress.last_records, strict=False):  # a batch may be padded
                self._tile(name).total = last.get("total", math.nan)
            self._refresh(names, force=(progress.scale, progress.step) == (progress.scales, progress.steps))
            while self._status == "paused":
                self._condition.wait(0.2)
                self._refresh(names)
            if self._status == "stopping":
                raise StopPressed

    def end(self, status: Literal["finished", "stopped", "failed"], *, message: str = "", patience: float = 5.0) -> None:
        """Set the final status, and wait at most `patience` seconds until all open pages have loaded the result."""
        with self._condition:
            self._status, self._message = status, message
            self._version += 1
            self._condition.wait_for(lambda: self._watchers == 0, timeout=patience)

    def _tile(self, name: str) -> Tile:
        if name not in self._tiles:
            self._numbered += 1
            self._tiles[name] = Tile(self._numbered, name)
            if len(self._tiles) > MAX_TILES:
                del self._tiles[next(iter(self._tiles))]
        return self._tiles[name]

    def _refresh(self, names: Sequence[str], *, force: bool = False) -> None:
        self._version += 1
        now = time.monotonic()
        if (
            self._progress is None
            or not self._watchers
            or (now - self._last_thumbnails < SECONDS_BETWEEN_THUMBNAILS and not force)
        ):
            return
        self._last_thumbnails = now
        thumbnails = make_thumbnails(self._progress.pictures)
        for index, name in enumerate(names):
            tile = self._tile(name)
            tile.thumbnails, tile.index, tile.version = thumbnails, index, tile.version + 1

    # Called by the server's thread

    def press(self, button: Button) -> None:
        """Apply a button; ignored in a status in which it has no effect."""
        with self._condition:
            if button == "stop" and self._status in ("starting", "painting", "paused"):
                self._status = "stopping"
            elif button == "pause" and self._status in ("starting", "painting") and self.content is not None:
                self._status = "paused"
            elif button == "resume" and self._status == "paused":
                self._status = "painting"
            self._version += 1
            self._condition.notify_all()

    def watch(self, more: int) -> None:
        """Count a page that opens (1) or closes (-1)."""
        with self._condition:
            self._watchers += more
            self._condition.notify_all()

    @property
    def version(self) -> int:
        """Changes whenever `state` does."""
        return self._version

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self._status in ("finished", "stopped", "failed")

    def state(self) -> dict[str, Any]:
        """Everything that changes, as JSON values."""
        with self._condition:
            progress = self._progress
            names = ("scale", "scales", "width", "height", "step", "steps", "fraction", "steps_per_second", "seconds_left")
            return {
                "status": self._status,
                "message": self._message,
                "seconds": round(time.monotonic() - self._began),
                "progress": progress and {name: getattr(progress, name) for name in names},
                "counts": self._counts,
                "losses": {term: _short(self._records[-1][term]) for term in LOSSES} if self._records else None,
                "tiles": [tile.state() for tile in self._tiles.values()],
            }

    def thumbnail(self, number: int) -> bytes | None:
        """A tile's picture as JPEG, None if it has none yet; waits for the device."""
        with self._condition:
            tile = next((tile for tile in self._tiles.values() if tile.number == number), None)
            thumbnails = tile and tile.thumbnails
        return None if tile is None or thumbnails is None else jpeg(np.asarray(thumbnails[tile.index]))

    def curves(self) -> str:
        """The loss curves so far."""
        with self._condition:
            records = list(self._records)
        return curves_svg(records)

    def copy(self) -> bytes | None:
        """The current picture in full size as PNG, with the record of the run; None before the first steps."""
        progress = self._progress
        if progress is None:
            return None
        pixels = np.clip(np.asarray(progress.pictures[0]), 0, 1)
        place = f"scale {progress.scale} of {progress.scales}, step {progress.step} of {progress.steps}"
        return png(np.rint(pixels * 255).astype(np.uint8), record={**self.record, "taken at": place})


def _short(value: float) -> str:
    return f"{value:.4g}"
