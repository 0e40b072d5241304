"""From a unit of rows to pictures in memory. One that cannot be read is an outcome like any other; the rest goes on."""

import dataclasses
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stylejax.batch.execute.lru_cache import Recent
from stylejax.batch.input.row import Outcome, Row, Unit
from stylejax.batch.plan.aspects import result_shape
from stylejax.errors import one_line
from stylejax.images.picture import Picture
from stylejax.images.transparency import resize_opacity, resize_picture
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.prepare import job_from, sources_of
from stylejax.run.inputs.reader import Reader
from stylejax.settings.pyramid import side_of, style_shape

STYLES = 32
"""Style pictures that are kept in memory for the batches to come."""


@dataclass(frozen=True, eq=False)
class Ready:
    """A row whose pictures are in memory."""

    row: Row
    content: Picture
    """At the shape of the result."""
    job: Job
    """With the content at the shape that it is painted at."""
    sources: dict[str, Any]
    """What the record says of the pictures."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A unit, as far as it could be read."""

    unit: Unit
    ready: tuple[Ready, ...]
    failed: tuple[Outcome, ...]


class Loader:
    """Reads units; a style that many rows share is read once, so that its targets are made once, too."""

    def __init__(self):
        self._styles = Recent(STYLES)
        self._reading = threading.Lock()

    def load(self, unit: Unit, each: Callable[..., Iterable[Ready | Outcome]] = map) -> Loaded:
        """Read the pictures of a unit; `each` maps a function over its rows, such as a thread pool's `map`."""
        read = list(each(lambda row: self._ready(row, unit.shape), unit.rows))
        ready = tuple(one for one in read if isinstance(one, Ready))
        return Loaded(unit, ready, tuple(one for one in read if isinstance(one, Outcome)))

    def _ready(self, row: Row, shape: tuple[int, int]) -> Ready | Outcome:
        try:
            content = Reader().read(row.content, proof=row.settings.proof)
            styles = [self._style(style, row, shape) for style in row.styles]
            settings = dataclasses.replace(row.settings, size=side_of(*shape, row.settings))
            job = job_from(Reader(), content, styles, row.content_masks, row.style_masks, settings)
            sources = sources_of(content, styles, row.content_masks, row.style_masks)
            finished = resize_picture(content, *result_shape(content.height, content.width, row.settings))
            return Ready(row, finished, job.at(*shape), sources)
        except Exception as problem:
            return Outcome(row, stage="read", reason=one_line(problem))

    def _style(self, place: str, row: Row, shape: tuple[int, int]) -> Picture:
        """A style at the largest shape that it is looked at; the same object for all rows that look at it so."""
        settings, whole = row.settings, bool(row.content_masks or row.style_masks)  # masks are of the whole picture

        def read() -> Picture:
            style = Reader().read(place, proof=settings.proof)
            if whole:
                return style
            seen = style_shape(style.pixels, settings, *shape)
            alpha = None if style.alpha is None else resize_opacity(style.alpha, *seen)
            return dataclasses.replace(resize_picture(style, *seen, resampling=settings.resampling), alpha=alpha)

        seen_at = shape if settings.style_fit == "stretch" else (settings.size_rule, side_of(*shape, settings))
        looks = (settings.style_fit, settings.style_scale, settings.style_size, settings.resampling)
        key = (place, settings.proof, *looks, seen_at, whole)
        with self._reading:
            return self._styles.once(key, read)
