"""Paint a unit: rows of one static setting and one shape with one network, in one go.

The local engine and workers on other machines do it in the same three steps:

    painter = Painter()
    loaded = painter.loader.load(unit)                      decode, on any thread
    outcomes = painter.paint(loaded)                        on the accelerator
    results = [store.save(outcome) for outcome in outcomes] encode and write, on any thread
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.batch.cache import Recent
from stylejax.batch.load import Loaded, Loader, Ready
from stylejax.batch.row import Outcome, Unit
from stylejax.choices import DeviceCount
from stylejax.errors import StylejaxError
from stylejax.images.resize import resize
from stylejax.model.vgg import VGG19
from stylejax.optimize.colors import with_kept_colors
from stylejax.optimize.devices import devices_for
from stylejax.optimize.paint import paint
from stylejax.optimize.painting import Painting
from stylejax.optimize.progress import Failure, Progress
from stylejax.optimize.settings import Settings
from stylejax.optimize.stylize import network_for

STYLE_TARGETS = 256
"""Style targets that are kept on the device: of the full network each takes up to 3 MB."""


class Painter:
    """Holds what outlives a unit: the network, the compiled programs, the style pictures and their targets."""

    def __init__(self, model: VGG19 | None = None, *, devices: DeviceCount = "all"):
        """Paint with `model`, or with the network that the settings of each unit name, on so many of the local devices."""
        self.loader = Loader()
        self._model = model
        self._devices: DeviceCount = devices
        self._models, self._targets = Recent(2), Recent(STYLE_TARGETS)

    def model_for(self, settings: Settings) -> VGG19:
        """The network that rows of these settings are painted with.

        Raises:
            WeightsError: it is not installed or damaged.
        """
        if self._model is not None:
            return self._model
        key = (settings.model, settings.pooling, settings.padding, settings.precision, settings.convolution)
        return self._models.once(key, lambda: network_for(settings))

    def paint(self, loaded: Loaded, *, observe: Callable[[Progress], None] | None = None) -> list[Outcome]:
        """Paint what could be read.

        Args:
            loaded: from `loader.load`.
            observe: called after each few steps. What it raises ends the painting and is passed on.

        Returns:
            One outcome for each row of the unit. A row that cannot be painted, or whose loss stops being finite, takes none of
            the others along: if the batch as a whole is refused, or needs too much memory, its rows are painted one by one.
        """
        outcomes = list(loaded.failed)
        if not loaded.ready:
            return outcomes
        model = self.model_for(loaded.unit.rows[0].settings)
        try:
            return outcomes + self._paint(model, loaded.unit, loaded.ready, observe)
        except _RefusedError as problem:
            if len(loaded.ready) == 1 == loaded.unit.lanes:
                return [*outcomes, Outcome(loaded.ready[0].row, reason=str(problem))]
        alone = dataclasses.replace(loaded.unit, lanes=1)
        for ready in loaded.ready:
            outcomes += self.paint(Loaded(alone, (ready,), ()), observe=observe)
        return outcomes

    def _paint(
        self, model: VGG19, unit: Unit, ready: Sequence[Ready], observe: Callable[[Progress], None] | None
    ) -> list[Outcome]:
        jobs = [one.job for one in ready]
        padded = [*jobs, *[jobs[0]] * (unit.lanes - len(jobs))]
        began, progress = time.monotonic(), None
        devices = devices_for(unit.lanes, self._devices)
        for progress in _refusing(paint(model, padded, devices=devices, shared=unit.shared, seen=self._targets)):
            if observe:
                observe(progress)
            if all(progress.failures):
                break
        assert progress is not None
        pictures = np.clip(np.asarray(progress.pictures), 0, 1)
        seconds = (time.monotonic() - began) / len(ready)
        return [_outcome(one, pictures[lane], progress, lane, model, seconds) for lane, one in enumerate(ready)]


class _RefusedError(Exception):
    """A batch that cannot be painted."""


def _refusing(steps: Iterator[Progress]) -> Iterator[Progress]:
    """What painting raises, and not what its observer does, becomes `_RefusedError`."""
    while True:
        try:
            progress = next(steps, None)
        except (StylejaxError, jax.errors.JaxRuntimeError) as problem:
            raise _RefusedError(" ".join(str(problem).split())) from None
        if progress is None:
            return
        yield progress


def _outcome(one: Ready, pixels: np.ndarray, progress: Progress, lane: int, model: VGG19, seconds: float) -> Outcome:
    failure = progress.failures[lane]
    if failure:
        return Outcome(one.row, seconds=seconds, reason=_told(failure))
    row, content = one.row, one.content
    image = jnp.asarray(resize(pixels, content.height, content.width))[np.newaxis]
    (image,) = np.asarray(with_kept_colors(image, [content.pixels], [row.settings]))
    regions = one.job.regions
    painting = Painting(
        image=image,
        alpha=content.alpha,
        trace=[progress.last_records[lane]],
        settings=row.settings,
        network=model.spec.name,
        sources=one.sources,
        notes=() if regions is None else regions.notes,
    )
    return Outcome(row, painting, seconds)


def _told(failure: Failure) -> str:
    return (
        f"the loss stopped being finite at scale {failure.scale}, step {failure.step}; lower the learning rate or the weights"
    )
