"""Execute a minibatch: rows that run the same programs, with one network, in one batch.

The local engine and workers on other machines do it in the same three steps:

    worker = Worker()
    loaded = worker.loader.load(minibatch)                  decode, on any thread
    results = worker.stylize(minibatch, loaded)             optimize, on the accelerator
    saved = [store.save(result) for result in results]      encode and write, on any thread
"""

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.batch.execute.load import LoadedRow, Loader
from stylejax.batch.execute.lru_cache import LRUCache
from stylejax.batch.records import Minibatch, RowFailure, RowResult
from stylejax.choices import DeviceCount, SplitName
from stylejax.errors import OutOfMemoryError, one_line
from stylejax.images.resize import resize
from stylejax.network.vgg import VGG19
from stylejax.run.devices import devices_of, padded
from stylejax.run.inputs.prepare import network_for
from stylejax.run.inputs.preserve_color import with_kept_colors
from stylejax.run.loop import optimize_batch
from stylejax.run.progress import NON_FINITE_ADVICE, Preparing, Progress
from stylejax.run.result import StylizedImage
from stylejax.settings.settings import Settings

STYLE_TARGETS = 256
"""Style targets that are kept on the device: those of the full network take up to 3 MB each."""


class Worker:
    """Holds what outlives a minibatch: networks, compiled programs, style pictures and their targets."""

    def __init__(self, model: VGG19 | None = None, *, devices: DeviceCount = "all", split: SplitName = "none"):
        """Use `model`, or the network that each row's settings name, on at most `devices` of the local devices.

        Each picture is divided among `split` of them.
        """
        self.loader = Loader()
        self._model = model
        self._devices: DeviceCount = devices
        self._split: SplitName = split
        self._models, self._targets = LRUCache(2), LRUCache(STYLE_TARGETS)
        self._checked: dict[Hashable, Exception | None] = {}

    def network_for(self, settings: Settings) -> VGG19:
        """The network for rows of these settings.

        Raises:
            WeightsError: it is not installed or damaged.
            SettingsError: this device lacks its precision.
        """
        if self._model is not None:
            return self._model
        return self._models.get_or_make(_network_key(settings), lambda: network_for(settings))

    def check(self, settings: Settings) -> None:
        """Raise what `network_for` does; each network is tried once."""
        key = _network_key(settings)
        if key not in self._checked:
            self._checked[key] = None
            try:
                self.network_for(settings)
            except Exception as problem:
                self._checked[key] = problem
        if problem := self._checked[key]:
            raise problem

    def stylize(
        self,
        minibatch: Minibatch,
        loaded: Sequence[LoadedRow | RowFailure],
        *,
        observe: Callable[[Progress], None] | None = None,
        preparing: Callable[[Preparing], None] | None = None,
    ) -> list[RowResult]:
        """Stylize the rows of a minibatch that could be read.

        Args:
            minibatch: from the plan.
            loaded: its rows, from `loader.load`.
            observe: called after each chunk of steps. What it raises ends the execution and is passed on.
            preparing: called before the programs of a scale are compiled; the same holds for what it raises.

        Returns:
            One result for each row, each with a picture in memory or a failure. A row that cannot be optimized, or whose loss
            stops being finite, costs no other row: a batch that fails as a whole, for any reason, is halved until the rows
            that cannot be optimized are alone.
        """
        failed = [(row, one) for row, one in zip(minibatch.rows, loaded, strict=True) if isinstance(one, RowFailure)]
        results = [RowResult(row, failure) for row, failure in failed]
        batches = [_Batch(tuple(one for one in loaded if isinstance(one, LoadedRow)), minibatch.batch_size)]
        while batches:
            batch = batches.pop(0)
            if not batch.rows:
                continue
            try:
                results += self._stylize(minibatch, batch, observe, preparing)
            except _BatchError as error:
                halves = batch.halves(for_memory=error.for_memory)
                batches = halves + batches
                results += [] if halves else [RowResult(batch.rows[0].row, RowFailure("paint", str(error)))]
        return results

    def _stylize(
        self,
        minibatch: Minibatch,
        batch: "_Batch",
        observe: Callable[[Progress], None] | None,
        preparing: Callable[[Preparing], None] | None,
    ) -> list[RowResult]:
        began, progress = time.monotonic(), None
        with _batch_errors():
            network = self.network_for(batch.rows[0].row.settings)
            jobs = padded([one.job for one in batch.rows], batch.size)
            devices, each = devices_of(batch.size, wanted=self._devices, split=self._split)
            options = {"devices": devices, "split": each, "shared": minibatch.shared, "seen": self._targets}
            steps = optimize_batch(network, jobs, preparing=preparing, **options)
        while True:
            with _batch_errors():
                following = next(steps, None)
            if following is None:
                break
            progress = following
            if observe:
                observe(progress)
            if all(progress.failures):
                break
        with _batch_errors():
            assert progress is not None
            pictures = np.clip(np.asarray(progress.pictures), 0, 1)
        seconds = (time.monotonic() - began) / len(batch.rows)
        return [
            _result(one, pictures[index], progress, index, network.spec.name, seconds) for index, one in enumerate(batch.rows)
        ]


def _network_key(settings: Settings) -> Hashable:
    return settings.model, settings.pooling, settings.padding, settings.precision, settings.convolution


@dataclass(frozen=True, eq=False)
class _Batch:
    """Rows of a minibatch that are executed together, padded to `size`."""

    rows: tuple[LoadedRow, ...]
    size: int

    def halves(self, *, for_memory: bool) -> list["_Batch"]:
        """Smaller batches in place of one that failed; none where it cannot be divided any more.

        They run the program of the whole, which gives the same bits, unless it is that program that needs too much memory.
        """
        size = max(1, self.size // 2) if for_memory else self.size
        if len(self.rows) == 1 and size == self.size:
            return []
        count = min(size, max(1, (len(self.rows) + 1) // 2))
        return [_Batch(self.rows[start : start + count], size) for start in range(0, len(self.rows), count)]


class _BatchError(Exception):
    """A batch failed as a whole."""

    def __init__(self, problem: Exception):
        super().__init__(one_line(problem))
        self.for_memory = isinstance(problem, OutOfMemoryError | MemoryError) or "RESOURCE_EXHAUSTED" in str(problem)


@contextmanager
def _batch_errors() -> Iterator[None]:
    """Turn any exception of the block into a `_BatchError`."""
    try:
        yield
    except Exception as problem:
        raise _BatchError(problem) from None


def _result(one: LoadedRow, pixels: np.ndarray, progress: Progress, index: int, network: str, seconds: float) -> RowResult:
    """The result of the row at `index` of a batch whose picture has `pixels`, `[height, width, 3]`."""
    if failure := progress.failures[index]:
        return RowResult(one.row, RowFailure("paint", f"{failure}; {NON_FINITE_ADVICE}"), seconds=seconds)
    try:
        stylized = _finished(one, pixels, progress.last_records[index], network)
    except Exception as problem:
        return RowResult(one.row, RowFailure.of("paint", problem), seconds=seconds)
    return RowResult(one.row, stylized=stylized, seconds=seconds)


def _finished(one: LoadedRow, pixels: np.ndarray, record: dict[str, Any], network: str) -> StylizedImage:
    """The picture at the shape of its content, in the colors that the settings keep."""
    row, content = one.row, one.content
    image = resize(pixels, content.height, content.width)[np.newaxis]
    (image,) = np.asarray(with_kept_colors(image, [content], [row.settings]))
    return StylizedImage(
        image=image,
        alpha=content.alpha,
        trace=[record],
        settings=row.settings,
        network=network,
        sources=one.sources,
        notes=one.job.notes,
    )
