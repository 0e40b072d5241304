"""Paint a unit: rows of one static setting and one shape with one network, in one go.

The local engine and workers on other machines do it in the same three steps:

    painter = Worker()
    loaded = painter.loader.load(unit)                      decode, on any thread
    outcomes = painter.paint(loaded)                        on the accelerator
    results = [store.save(outcome) for outcome in outcomes] encode and write, on any thread
"""

import dataclasses
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager

import jax.numpy as jnp
import numpy as np

from stylejax.batch.execute.load import Loaded, Loader, Ready
from stylejax.batch.execute.lru_cache import Recent
from stylejax.batch.input.row import Outcome, Unit
from stylejax.choices import DeviceCount
from stylejax.errors import OutOfMemoryError, one_line
from stylejax.images.resize import resize
from stylejax.network.vgg import VGG19
from stylejax.run.devices import devices_for, padded
from stylejax.run.inputs.prepare import network_for
from stylejax.run.inputs.preserve_color import with_kept_colors
from stylejax.run.loop import paint
from stylejax.run.progress import Failure, Preparing, Progress
from stylejax.run.result import StylizedImage
from stylejax.settings.settings import Settings

STYLE_TARGETS = 256
"""Style targets that are kept on the device: of the full network each takes up to 3 MB."""


class Worker:
    """Holds what outlives a unit: the network, the compiled programs, the style pictures and their targets."""

    def __init__(self, model: VGG19 | None = None, *, devices: DeviceCount = "all"):
        """Paint with `model`, or with the network that the settings of each unit name, on so many of the local devices."""
        self.loader = Loader()
        self._model = model
        self._devices: DeviceCount = devices
        self._models, self._targets = Recent(2), Recent(STYLE_TARGETS)
        self._checked: dict[Hashable, Exception | None] = {}

    def model_for(self, settings: Settings) -> VGG19:
        """The network that rows of these settings are painted with.

        Raises:
            WeightsError: it is not installed or damaged.
            SettingsError: this device lacks its precision.
        """
        if self._model is not None:
            return self._model
        return self._models.once(_network(settings), lambda: network_for(settings))

    def check(self, settings: Settings) -> None:
        """Raise what `model_for` does; each network is tried once."""
        key = _network(settings)
        if key not in self._checked:
            self._checked[key] = None
            try:
                self.model_for(settings)
            except Exception as problem:
                self._checked[key] = problem
        if problem := self._checked[key]:
            raise problem

    def paint(
        self,
        loaded: Loaded,
        *,
        observe: Callable[[Progress], None] | None = None,
        preparing: Callable[[Preparing], None] | None = None,
    ) -> list[Outcome]:
        """Paint what could be read.

        Args:
            loaded: from `loader.load`.
            observe: called after each few steps. What it raises ends the painting and is passed on.
            preparing: called before the programs of a scale are compiled.

        Returns:
            One outcome for each row of the unit. A row that cannot be painted, or whose loss stops being finite, takes none of
            the others along: a batch that fails as a whole, whatever the reason, is halved until those that cannot be painted
            are alone.
        """
        outcomes, waiting = list(loaded.failed), [loaded]
        while waiting:
            loaded = waiting.pop(0)
            if not loaded.ready:
                continue
            try:
                outcomes += self._paint(loaded.unit, loaded.ready, observe, preparing)
            except _RefusedError as refused:
                parts = _parted(loaded, refused.for_memory)
                waiting = parts + waiting
                outcomes += [] if parts else [Outcome(loaded.ready[0].row, reason=str(refused))]
        return outcomes

    def _paint(
        self,
        unit: Unit,
        ready: Sequence[Ready],
        observe: Callable[[Progress], None] | None,
        preparing: Callable[[Preparing], None] | None,
    ) -> list[Outcome]:
        began, progress = time.monotonic(), None
        with _refusing():
            model, jobs = self.model_for(unit.rows[0].settings), [one.job for one in ready]
            jobs = padded(jobs, unit.lanes)
            devices = devices_for(unit.lanes, self._devices)
            steps = paint(model, jobs, devices=devices, shared=unit.shared, seen=self._targets, preparing=preparing)
        while True:
            with _refusing():
                following = next(steps, None)
            if following is None:
                break
            progress = following
            if observe:
                observe(progress)
            if all(progress.failures):
                break
        with _refusing():
            assert progress is not None
            pictures = np.clip(np.asarray(progress.pictures), 0, 1)
        seconds = (time.monotonic() - began) / len(ready)
        return [_outcome(one, pictures[lane], progress, lane, model, seconds) for lane, one in enumerate(ready)]


def _network(settings: Settings) -> Hashable:
    return settings.model, settings.pooling, settings.padding, settings.precision, settings.convolution


class _RefusedError(Exception):
    """A batch that cannot be painted as it is."""

    def __init__(self, problem: Exception):
        super().__init__(one_line(problem))
        self.for_memory = isinstance(problem, OutOfMemoryError | MemoryError) or "RESOURCE_EXHAUSTED" in str(problem)


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever the block raises becomes `_RefusedError`."""
    try:
        yield
    except Exception as problem:
        raise _RefusedError(problem) from None


def _parted(loaded: Loaded, for_memory: bool) -> list[Loaded]:
    """Halves of a batch that cannot be painted; none of what cannot be divided any more.

    They run the program of the whole, which gives the same bits, unless it is that program that needs too much memory.
    """
    unit, ready = loaded.unit, loaded.ready
    lanes = max(1, unit.lanes // 2) if for_memory else unit.lanes
    if len(ready) == 1 and lanes == unit.lanes:
        return []
    size = min(lanes, max(1, (len(ready) + 1) // 2))
    parts = [ready[start : start + size] for start in range(0, len(ready), size)]
    return [Loaded(dataclasses.replace(unit, lanes=lanes), part, ()) for part in parts]


def _outcome(one: Ready, pixels: np.ndarray, progress: Progress, lane: int, model: VGG19, seconds: float) -> Outcome:
    failure = progress.failures[lane]
    if failure:
        return Outcome(one.row, seconds=seconds, reason=_why(failure))
    try:
        return Outcome(one.row, _painting(one, pixels, progress, lane, model), seconds)
    except Exception as problem:
        return Outcome(one.row, seconds=seconds, reason=one_line(problem))


def _painting(one: Ready, pixels: np.ndarray, progress: Progress, lane: int, model: VGG19) -> StylizedImage:
    row, content = one.row, one.content
    image = jnp.asarray(resize(pixels, content.height, content.width))[np.newaxis]
    (image,) = np.asarray(with_kept_colors(image, [content], [row.settings]))
    return StylizedImage(
        image=image,
        alpha=content.alpha,
        trace=[progress.last_records[lane]],
        settings=row.settings,
        network=model.spec.name,
        sources=one.sources,
        notes=one.job.notes,
    )


def _why(failure: Failure) -> str:
    return (
        f"the loss stopped being finite at scale {failure.scale}, step {failure.step}; lower the learning rate or the weights"
    )
