"""The run of one visitor, in a separate thread, as a sequence of frames for the page."""

import queue
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np

from stylejax.errors import ImageError, NonFiniteError, SettingsError, StylejaxError
from stylejax.images.io.read import read_shape
from stylejax.images.io.write import write_picture
from stylejax.preview.command import repeat_command
from stylejax.preview.curves import curves_svg
from stylejax.preview.report import write_report
from stylejax.preview.thumbnails import make_thumbnails
from stylejax.run.api import stylize
from stylejax.run.progress import Progress
from stylejax.run.result import StylizedImage, StylizeInterrupted
from stylejax.settings.recipes import settings_from

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
    """After the run: the picture, the report, and drawn masks."""
    command: str = ""


@dataclass
class Run:
    """A run, from checked inputs to files."""

    content: Path
    styles: Sequence[Path]
    options: Mapping[str, Any]
    masks: Sequence[Path] = ()
    region: np.ndarray | None = None
    """The drawn region `[height, width]`, above 0 where the second style applies."""
    stop: threading.Event = field(default_factory=threading.Event)
    kept: bool = True
    """Whether to keep the picture if the run is stopped."""

    def __post_init__(self):
        """Raise StylejaxError if something is missing, too large or inconsistent."""
        if not 1 <= len(self.styles) <= MOST_STYLES:
            raise SettingsError(f"got {len(self.styles)} styles; give 1 to {MOST_STYLES}")
        for path in (self.content, *self.styles, *self.masks):
            check_upload(path)
        self.settings = settings_from(self.options)
        self._last: Progress | None = None
        self._since = time.monotonic()
        if self.region is not None and not self.region.any():
            self.region = None
        if self.region is not None and self.masks:
            raise SettingsError("got a region that was drawn and masks that were uploaded; use only one of them")
        if self.region is not None and len(self.styles) != 2:
            raise SettingsError(
                f"got a drawn region and {len(self.styles)} styles; give two: the second applies inside the region"
            )

    def frames(self) -> Generator[Frame, None, None]:
        """Run, and yield updates of the page; closing the generator ends the run.

        Raises:
            StylejaxError: as for `stylize`.
        """
        news: queue.Queue[Frame | BaseException] = queue.Queue()
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

    def _waiting(self) -> str:
        """The current activity between frames, if known."""
        last = self._last
        seconds = round(time.monotonic() - self._since)
        if last is None:
            what = "stopping when the first steps are compiled" if self.stop.is_set() else "compiling the first steps"
            return f"{what}: {seconds} s"
        if last.step == last.steps and last.scale < last.scales:
            return f"compiling scale {last.scale + 1} of {last.scales}: {seconds} s"
        return ""

    def _paint(self, news: "queue.Queue[Frame | BaseException]") -> None:
        records: list[dict[str, Any]] = []
        began = self._since = time.monotonic()
        last = 0.0
        folder = Path(tempfile.mkdtemp(prefix="painting-", dir=self.content.parent))
        masks: Sequence[Path] = ()

        def observe(progress: Progress) -> None:
            nonlocal last
            records.extend(progress.records[0])
            self._last, self._since = progress, time.monotonic()
            if self.stop.is_set():
                raise KeyboardInterrupt
            if time.monotonic() - last >= SECONDS_BETWEEN_FRAMES:
                last = time.monotonic()
                picture = np.asarray(jax.device_get(make_thumbnails(progress.pictures)[0]))
                news.put(Frame(picture, describe(progress), curves_svg(records)))

        try:
            masks = self._masks(folder)
            painting = stylize(self.content, *self.styles, content_masks=masks, observe=observe, settings=self.settings)
            news.put(self._finished(painting, "finished", folder, masks, time.monotonic() - began))
        except StylizeInterrupted as stopped:
            if stopped.results and self.kept:
                news.put(self._finished(stopped.results[0], "stopped", folder, masks, time.monotonic() - began))
            else:
                news.put(StylejaxError("stopped before the first steps"))
        except NonFiniteError as failed:
            news.put(self._finished(failed.result, str(failed), folder, masks, time.monotonic() - began))
        except Exception as problem:
            news.put(problem)

    def _masks(self, folder: Path) -> Sequence[Path]:
        """The masks of the run; for a drawn region, one for each style."""
        if self.region is None:
            return self.masks
        inside = (self.region > 0).astype(np.float32)
        paths = [folder / "around.png", folder / "region.png"]
        for path, mask in zip(paths, (1 - inside, inside), strict=True):
            write_picture(path, np.repeat(mask[..., np.newaxis], 3, axis=2))
        return paths

    def _finished(self, painting: StylizedImage, how: str, folder: Path, masks: Sequence[Path], seconds: float) -> Frame:
        names = [path.name for path in self.styles]
        command = repeat_command(
            self.content.name, names, "painted.png", self.settings, content_masks=[mask.name for mask in masks]
        )
        picture = painting.save(folder / "painted.png")
        report = write_report(folder / "report.html", painting, self.content, self.styles, command=command, seconds=seconds)
        height, width = painting.image.shape[:2]
        status = " · ".join([how, f"{width}×{height}", f"{len(painting.trace)} steps", f"{seconds:.0f} s", *painting.notes])
        shown = np.rint(painting.image * 255).astype(np.uint8)
        drawn = masks if self.region is not None else ()
        return Frame(shown, status, curves_svg(painting.trace), (picture, report, *drawn), command)


def describe(progress: Progress) -> str:
    """The progress of a run in one line."""
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    return (
        f"scale {progress.scale} of {progress.scales} · {progress.width}×{progress.height} · "
        f"step {progress.step} of {progress.steps} · {progress.steps_per_second:.3g} steps/s · {minutes}:{seconds:02d} left"
    )


def check_upload(path: Path) -> None:
    """Raise ImageError if the file is not a picture or has too many pixels, for most formats without decoding."""
    try:
        height, width = read_shape(path)
    except ImageError as problem:
        raise ImageError(str(problem).replace(str(path), path.name)) from None
    if width * height > MOST_PIXELS:
        raise ImageError(f"{path.name} has {width}×{height} pixels; wanted at most {MOST_PIXELS:,}: make it smaller")
