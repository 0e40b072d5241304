"""Read the pictures of a minibatch. A row whose pictures cannot be read becomes a `RowFailure`; the others continue."""

import dataclasses
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stylejax.batch.execute.lru_cache import LRUCache
from stylejax.batch.plan.aspects import result_shape, settings_at
from stylejax.batch.records import JobSpec, Minibatch, RowFailure
from stylejax.images.picture import Picture
from stylejax.images.transparency import resize_opacity, resize_picture
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.prepare import job_from, sources_of
from stylejax.run.inputs.reader import Reader
from stylejax.settings.derived import OF_STYLE_PICTURES, values_of
from stylejax.settings.pyramid import pixel_limit, side_of, style_shape

STYLES = 32
"""Style pictures that are kept in memory for later minibatches."""


@dataclass(frozen=True, eq=False)
class LoadedRow:
    """A row whose pictures are in memory."""

    row: JobSpec
    content: Picture
    """At the shape of the result."""
    job: Job
    """With the content at the shape at which it is optimized."""
    sources: dict[str, Any]
    """Names of the pictures, for the record."""


class Loader:
    """Reads minibatches. A style of many rows is read once; the rows share one array, so its targets are made once, too."""

    def __init__(self):
        self._styles = LRUCache(STYLES)
        self._reading = threading.Lock()

    def load(
        self, minibatch: Minibatch, *, each: Callable[..., Iterable[LoadedRow | RowFailure]] = map
    ) -> list[LoadedRow | RowFailure]:
        """Read the pictures of each row of a minibatch, in order.

        Args:
            minibatch: from the plan.
            each: maps a function over the rows, such as the `map` of a thread pool.
        """
        return list(each(lambda row: self._load(row, minibatch.shape), minibatch.rows))

    def _load(self, row: JobSpec, shape: tuple[int, int]) -> LoadedRow | RowFailure:
        try:
            reader = Reader(pixel_limit(row.settings))
            content = reader.read(row.content, proof=row.settings.proof)
            styles = [self._style(style, row, shape) for style in row.styles]
            settings = settings_at(row.settings, shape)
            job = job_from(reader, content, styles, row.content_masks, row.style_masks, settings)
            sources = sources_of(content, styles, row.content_masks, row.style_masks)
            finished = resize_picture(content, *result_shape(content.height, content.width, row.settings))
            return LoadedRow(row, finished, job.at(*shape), sources)
        except Exception as problem:
            return RowFailure.of("read", problem)

    def _style(self, place: str, row: JobSpec, shape: tuple[int, int]) -> Picture:
        """A style at the largest shape that any scale needs; the same object for all rows that need it at that shape."""
        settings, whole = row.settings, bool(row.content_masks or row.style_masks)  # masks cover the whole picture

        def read() -> Picture:
            style = Reader(pixel_limit(settings)).read(place, proof=settings.proof)
            if whole:
                return style
            seen = style_shape(style.samples, settings, *shape, largest=side_of(*shape, settings))
            alpha = None if style.alpha is None else resize_opacity(style.alpha, *seen)
            return dataclasses.replace(resize_picture(style, *seen, resampling=settings.resampling), alpha=alpha)

        seen_at = shape if settings.style_fit == "stretch" else side_of(*shape, settings)
        key = (place, *values_of(settings, OF_STYLE_PICTURES), seen_at, whole)
        with self._reading:
            return self._styles.get_or_make(key, read)
