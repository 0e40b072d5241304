"""A painting for a visitor, in a thread of its own, as a sequence of frames for the page."""

import math
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stylejax.errors import ImageError, SettingsError
from stylejax.images.io.read import read_shape

MOST_PIXELS = 40_000_000
"""Maximum number of pixels of an uploaded picture; larger ones are rejected before decoding."""
MOST_STYLES = 6
SECONDS_BETWEEN_FRAMES = 0.7


@dataclass(frozen=True)
class Frame:
    """An update of the page."""

    picture: np.ndarray | None
    """Uint8 `[height, width, 3]`; None if there is no new picture."""
    status: str
    curves: str = ""
    files: tuple[Path, ...] = ()
    """After the run: the picture or the clip, the report, and drawn masks."""
    command: str = ""


@dataclass(kw_only=True)
class Painting(ABC):
    """What the page paints; each kind is a subclass with the work itself."""

    stop: threading.Event = field(default_factory=threading.Event)
    kept: bool = True
    """Whether to keep the result if the run is stopped."""

    _since: float = field(default_factory=time.monotonic, init=False)

    def frames(self) -> Generator[Frame, None, None]:
        """Run, and yield updates of the page; closing the generator ends the run.

        Raises:
            StylejaxError: as for `stylize` and `stylize_video`.
        """
        news: queue.Queue[Frame | BaseException] = queue.Queue()
        self._since = time.monotonic()
        thread = threading.Thread(target=self._paint, args=(news,), name="painting", daemon=True)
        thread.start()
        try:
            yield Frame(None, "preparing the first steps")
            while True:
                try:
                    new = news.get(timeout=1)
                    while not news.empty():  # skip all but the latest
                        new = news.get()
                except queue.Empty:
                    if waiting := self._waiting():
                        yield Frame(None, waiting)
                    continue
                if isinstance(new, BaseException):
                    raise new
                yield new
                if new.files:
                    return
        finally:
            self.stop.set()
            thread.join()  # the next visitor needs the device

    def _check(self) -> None:
        """Note that there is a progress; raises KeyboardInterrupt when the run shall stop."""
        self._since = time.monotonic()
        if self.stop.is_set():
            raise KeyboardInterrupt

    def _waiting(self) -> str:
        """The current activity between frames, if known."""
        what, seconds = self._compiling(), round(time.monotonic() - self._since)
        if what and self.stop.is_set():
            return f"stopping when {what} {'is' if what.startswith('scale') else 'are'} compiled: {seconds} s"
        return f"compiling {what}: {seconds} s" if what else ""

    @abstractmethod
    def _compiling(self) -> str:
        """What is being compiled, if it is."""

    @abstractmethod
    def _paint(self, news: "queue.Queue[Frame | BaseException]") -> None:
        """Paint, and put what happens; ends with a frame that has files, or with an exception."""


def check_styles(styles: Sequence[Path]) -> None:
    """Raise StylejaxError for too many styles or none, or for one that is rejected."""
    if not 1 <= len(styles) <= MOST_STYLES:
        raise SettingsError(f"got {len(styles)} styles; give 1 to {MOST_STYLES}")
    for path in styles:
        check_upload(path)


def check_upload(path: Path) -> None:
    """Raise ImageError if the file is not a picture or has too many pixels, for most formats without decoding."""
    try:
        height, width = read_shape(path)
    except ImageError as problem:
        raise ImageError(str(problem).replace(str(path), path.name)) from None
    if width * height > MOST_PIXELS:
        raise ImageError(f"{path.name} has {width}×{height} pixels; wanted at most {MOST_PIXELS:,}: make it smaller")


def time_left(seconds: float) -> str:
    """`12:05 left`, or nothing where that is not known."""
    if not math.isfinite(seconds):
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} left"
