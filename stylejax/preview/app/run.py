"""A picture for a visitor: from the values of the form to files."""

import queue
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from stylejax.errors import NonFiniteError, SettingsError, StylejaxError
from stylejax.images.io.write import write_picture
from stylejax.preview.app.painting import SECONDS_BETWEEN_FRAMES, Frame, Painting, check_styles, check_upload, time_left
from stylejax.preview.command import repeat_command
from stylejax.preview.curves import curves_svg
from stylejax.preview.report import write_report
from stylejax.preview.thumbnails import make_thumbnails
from stylejax.run.api import stylize
from stylejax.run.progress import Progress
from stylejax.run.result import StylizedImage, StylizeInterrupted
from stylejax.settings.recipes import settings_from


@dataclass
class Run(Painting):
    """A run, from checked inputs to files."""

    content: Path
    styles: Sequence[Path]
    options: Mapping[str, Any]
    masks: Sequence[Path] = ()
    region: np.ndarray | None = None
    """The drawn region `[height, width]`, above 0 where the second style applies."""

    def __post_init__(self):
        """Raise StylejaxError if something is missing, too large or inconsistent."""
        check_styles(self.styles)
        for path in (self.content, *self.masks):
            check_upload(path)
        self.settings = settings_from(self.options)
        self._last: Progress | None = None
        if self.region is not None and not self.region.any():
            self.region = None
        if self.region is not None and self.masks:
            raise SettingsError("got a region that was drawn and masks that were uploaded; use only one of them")
        if self.region is not None and len(self.styles) != 2:
            raise SettingsError(
                f"got a drawn region and {len(self.styles)} styles; give two: the second applies inside the region"
            )

    def _compiling(self) -> str:
        """What is being compiled, if it is."""
        last = self._last
        if last is None:
            return "the first steps"
        return f"scale {last.scale + 1} of {last.scales}" if last.step == last.steps and last.scale < last.scales else ""

    def _paint(self, news: "queue.Queue[Frame | BaseException]") -> None:
        records: list[dict[str, Any]] = []
        began = time.monotonic()
        last = 0.0
        folder = Path(tempfile.mkdtemp(prefix="painting-", dir=self.content.parent))
        masks: Sequence[Path] = ()

        def observe(progress: Progress) -> None:
            nonlocal last
            records.extend(progress.records[0])
            self._last = progress
            self._check()
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
    place = [f"scale {progress.scale} of {progress.scales}", f"{progress.width}×{progress.height}"]
    place += [f"step {progress.step} of {progress.steps}", f"{progress.steps_per_second:.3g} steps/s"]
    return " · ".join([*place, time_left(progress.seconds_left)])
