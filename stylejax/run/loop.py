"""The host loop: it prepares each scale, runs the compiled chunks and yields the progress after each."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import CHUNK
from stylejax.optimize.step import PictureState, Trace
from stylejax.run.checkpoint.state import Saved
from stylejax.run.devices import Device
from stylejax.run.inputs.job import Job
from stylejax.run.progress import Clock, Preparing, Progress, Record, failures, stops, trace_records
from stylejax.run.scales import Preparation, Scale, Scales
from stylejax.run.single_precision import in_float32
from stylejax.run.starts import starts_near
from stylejax.run.targets import StyleCache
from stylejax.settings.schedules import schedule_factors
from stylejax.types import HostImages, Images


@in_float32
def optimize_batch(
    model: VGG19,
    jobs: Sequence[Job],
    *,
    every: int = CHUNK,
    resume: Saved | None = None,
    devices: Sequence[Device] = (),
    split: int = 1,
    shared: Shared | None = None,
    seen: StyleCache | None = None,
    quick: bool = False,
    preparing: Callable[[Preparing], None] | None = None,
) -> Iterator[Progress]:
    """Optimize all `jobs` together and yield after each chunk of steps; the last progress holds the finished pictures.

    The consumer decides what to do with a progress, and stops the run by not asking for the next.

    Args:
        model: the feature network.
        jobs: pictures and settings; see `stylejax.run.compatibility` for what they must share.
        every: a progress is wanted after each so many steps of a scale, besides the regular ones.
        resume: the saved state of the same run, to continue from there.
        devices: what the jobs are spread over, from `devices_for`; the default device if there are none.
        split: how many of the devices each picture is divided among, by rows; 1 to have whole pictures on each.
        shared: which targets all jobs share, where that is known; found from the jobs otherwise.
        seen: style targets that were computed before; new ones are added. They are valid as long as pictures and network are
            the same objects.
        quick: the programs of scales with few steps run in no other batch, so they are compiled with less effort.
        preparing: called before each scale, and several times a second until its program is compiled and its targets are
            computed. What it raises is passed on.

    Raises:
        SettingsError: the jobs disagree in something static, or a picture is too small for the layers.
        OutOfMemoryError: the largest scale needs more memory than is available. Unless it is far from that, no step was taken.
    """
    tiles = resume.tiles if resume else None
    scales = Scales(model, jobs, devices=devices, split=split, shared=shared, seen=seen, quick=quick, tiles=tiles)
    reporter = _Reporter(scales, len(jobs), resume)
    states: PictureState | None = None
    first = resume.scale if resume else 1
    last = len(scales.shapes)
    prepared: Preparation | None = None
    for scale in range(first, last + 1):
        prepared = prepared or scales.prepare(scale)
        current = prepared.result(preparing)
        peak = prepared.peak_bytes(preparing)
        reporter.memory = max(reporter.memory, peak) if scales.tiles[-1] else peak
        prepared = scales.prepare(scale + 1) if scale < last and scales.can_prepare_during(scale) else None
        step, steps = (resume.step, resume.steps) if resume and states is None else (0, scales.steps[scale - 1])
        states = scales.states(scale, states, resume)
        for chunk in _chunks(current, states, step, steps, every, reporter.clock, finished=step == steps and scale == last):
            states = chunk.states
            progress = reporter.progress(scale, steps, chunk)
            yield progress
            reporter.clock.resume()
            if progress.step == progress.steps:
                break


class _Chunk(NamedTuple):
    """What a few steps of a scale have made."""

    states: PictureState
    trace: Trace
    look: Callable[[], Images | HostImages]
    """Makes the whole pictures."""
    step: int
    """The first of its steps."""
    steps: int


def _chunks(
    scale: Scale, states: PictureState, step: int, steps: int, every: int, clock: Clock, *, finished: bool
) -> Iterator[_Chunk]:
    """Run a scale from `step` to `steps`; of a run that was `finished` when it was saved, only the pictures are made."""
    if step == steps and not finished:
        return
    rates = _learning_rates(scale.jobs, steps)
    # Not a step: on several devices this compiles the program, whose time the clock does not count.
    states, trace, pictures = scale.run(states, rates[step : step + CHUNK], 0)
    jax.block_until_ready(states)
    clock.resume()
    if finished:
        yield _Chunk(states, trace, partial(scale.whole, pictures), step, 0)
    del pictures
    while step < steps:
        count = min(scale.most_steps, steps - step, every - step % every)
        states, trace, pictures = scale.run(states, rates[step : step + CHUNK], count)
        yield _Chunk(states, trace, partial(scale.whole, pictures), step, count)
        step += count


class _Reporter:
    """Makes a `Progress` of each chunk; of a batch that was filled up, for the `wanted` pictures alone."""

    def __init__(self, scales: Scales, wanted: int, resume: Saved | None):
        self.clock = Clock(scales.shapes, scales.steps)
        self.memory = 0
        self._shapes, self._tiles, self._wanted = scales.shapes, scales.tiles, wanted
        self._last_records: list[Record] = [{} for _ in range(wanted)]
        if resume:
            self.clock.skip(resume.scale, share=resume.step / resume.steps)
            self._last_records = [trace[-1] for trace in resume.traces]

    def progress(self, scale: int, steps: int, chunk: _Chunk) -> Progress:
        """The progress after `chunk`, of a scale that takes `steps` steps unless all pictures have stopped."""
        height, width = self._shapes[scale - 1]
        stopped, failed = stops(chunk.states)[: self._wanted], failures(chunk.states)[: self._wanted]
        place = {"scale": scale, "height": height, "width": width, "step": chunk.step}
        records = [trace_records(chunk.trace, chunk.steps, index, stop, **place) for index, stop in enumerate(stopped)]
        self._last_records = [new[-1] if new else last for new, last in zip(records, self._last_records, strict=True)]
        step = chunk.step + chunk.steps
        if all(stop or failure for stop, failure in zip(stopped, failed, strict=True)):
            steps = step  # nothing moves at this scale any more
        fraction, seconds_left, seconds_per_step = self.clock.tick(scale, chunk.steps, share=step / steps)
        return Progress(
            scale=scale,
            scales=len(self._shapes),
            height=height,
            width=width,
            step=step,
            steps=steps,
            fraction=fraction,
            steps_per_second=self._wanted / seconds_per_step,
            seconds_left=seconds_left,
            records=records,
            last_records=self._last_records,
            look=cache(partial(_first, self._wanted, chunk.look)),
            failures=failed,
            stops=stopped,
            memory=self.memory,
            tiles=self._tiles,
            states=chunk.states,
            seconds=self.clock.seconds,
        )


def _first(count: int, look: Callable[[], Images | HostImages]) -> Images | HostImages:
    return look()[:count]


def _learning_rates(jobs: Sequence[Job], steps: int) -> Float[np.ndarray, "steps_and_chunk batch"]:
    """Learning rates of each step, followed by a chunk of zeros, so that every chunk can be cut out whole.

    From the photograph it is half as far to a painting of half the strength, and Adam's steps, which are as long for a small
    gradient as for a large one, are half as long; at strength 0 rounding would move the picture.
    """
    rates = [job.settings.learning_rate * (job.settings.strength if starts_near(job) else 1) for job in jobs]
    columns = [rate * schedule_factors(job.settings.schedule, steps) for rate, job in zip(rates, jobs, strict=True)]
    return np.pad(np.stack(columns, 1).astype(np.float32), [(0, CHUNK), (0, 0)])
