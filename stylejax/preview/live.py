"""The live page of one picture, or of many.

`Live.show` is an observer of the run: it stores references and, while a page is open, starts the computation of thumbnails on
the device; transfers and encoding happen in the server's thread.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jax import Array

from stylejax.choices import LOSSES
from stylejax.images.picture import Picture
from stylejax.preview.curves import curves_svg
from stylejax.preview.embed import jpeg, png
from stylejax.preview.live_run import Kind, LiveRun, short
from stylejax.preview.thumbnails import make_thumbnails
from stylejax.run.progress import Progress

MAX_TILES = 60
"""Limit of pictures on the page of a batch; the oldest are removed."""


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
        return {"number": self.number, "name": self.name, "version": self.version, "total": short(self.total)}


@dataclass(eq=False)
class Live(LiveRun):
    """The page of one picture beside its content, or of many pictures."""

    content: Picture | None = None
    """Shown beside the picture; None for a page of many pictures."""
    styles: Sequence[Picture] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """Metadata of a saved copy."""

    def __post_init__(self):
        super().__post_init__()
        self._tiles: dict[str, Tile] = {}
        self._numbered = 0
        self._progress: Progress | None = None
        self._names: Sequence[str] = ()
        self._counts: tuple[int, int] | None = None
        self._records: list[dict[str, Any]] = []

    @property
    def kind(self) -> Kind:
        """Which page it is."""
        return "pictures" if self.content is None else "picture"

    @property
    def can_pause(self) -> bool:
        """Whether the run can wait: not where others wait for it."""
        return self.content is not None

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
            self._progress, self._names, self._counts = progress, names, counts
            if self.content is not None:
                self._records += progress.records[0]
            self._start()
            for name, last in zip(names, progress.last_records, strict=False):  # a batch may be padded
                self._tile(name).total = last.get("total", math.nan)
            self._refresh()
            self._obey()

    def _tile(self, name: str) -> Tile:
        if name not in self._tiles:
            self._numbered += 1
            self._tiles[name] = Tile(self._numbered, name)
            if len(self._tiles) > MAX_TILES:
                del self._tiles[next(iter(self._tiles))]
        return self._tiles[name]

    def _refresh(self) -> None:
        self._version += 1
        progress = self._progress
        if progress is None:
            return
        last = (progress.scale, progress.step) == (progress.scales, progress.steps) and self._status != "paused"
        if not self._is_due(tuple(self._names), last=last):
            return
        thumbnails = make_thumbnails(progress.pictures)
        for index, name in enumerate(self._names):
            tile = self._tile(name)
            tile.thumbnails, tile.index, tile.version = thumbnails, index, tile.version + 1

    @property
    def given(self) -> Sequence[Picture]:
        """The content, if there is only one, and the styles."""
        return [*([] if self.content is None else [self.content]), *self.styles]

    def state(self) -> dict[str, Any]:
        """Everything that changes, as JSON values."""
        with self._condition:
            progress = self._progress
            names = ("scale", "scales", "width", "height", "step", "steps", "fraction", "steps_per_second", "seconds_left")
            return super().state() | {
                "progress": progress and {name: getattr(progress, name) for name in names},
                "counts": self._counts,
                "losses": {term: short(self._records[-1][term]) for term in LOSSES} if self._records else None,
                "tiles": [tile.state() for tile in self._tiles.values()],
            }

    def picture(self, number: int) -> bytes | None:
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
