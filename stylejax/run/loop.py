"""The host loop: it prepares each scale, runs the compiled chunks and yields the progress after each."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from stylejax.losses.objective import LossWeights, Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared, run_chunk
from stylejax.optimize.config import CHUNK, StaticConfig
from stylejax.optimize.enlarge import enlarge
from stylejax.optimize.step import PictureState, Trace, start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.checkpoint.state import Saved
from stylejax.run.compatibility import common_scales
from stylejax.run.devices import Device, Placement, divisible, padded
from stylejax.run.inputs.job import Job, stacked_weights
from stylejax.run.memory.check import memory_of
from stylejax.run.progress import Clock, Preparing, Progress, Record, failures, stops, trace_records
from stylejax.run.single_precision import in_float32
from stylejax.run.starts import added_detail, starting_images, starts_near
from stylejax.run.targets import StyleCache, batch_targets, layer_shapes
from stylejax.settings.schedules import schedule_factors
from stylejax.types import Images


@in_float32
def optimize_batch(
    model: VGG19,
    jobs: Sequence[Job],
    *,
    every: int = CHUNK,
    resume: Saved | None = None,
    devices: Sequence[Device] = (),
    shared: Shared | None = None,
    seen: StyleCache | None = None,
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
        shared: which targets all jobs share, where that is known; found from the jobs otherwise.
        seen: style targets that were computed before; new ones are added. They are valid as long as pictures and network are
            the same objects.
        preparing: called before the programs of a scale are compiled. What it raises is passed on.

    Raises:
        SettingsError: the jobs disagree in something static, or a picture is too small for the layers.
        OutOfMemoryError: the largest scale needs more memory than is available; no step was taken.
    """
    batch = _Batch(model, jobs, devices, shared, seen)
    memory = memory_of(model, batch.jobs_of_a_device, batch.shapes[-1], shared=shared)
    reporter = _Reporter(batch, len(jobs), memory, resume)
    states: PictureState | None = None
    for scale, (height, width) in enumerate(batch.shapes, start=1):
        if resume and scale < resume.scale:
            continue
        if preparing:
            preparing(Preparing(scale, len(batch.shapes), height, width))
        problem = batch.problem(height, width)
        step, steps = (resume.step, resume.steps) if resume and states is None else (0, batch.steps[scale - 1])
        states = batch.states(scale, states, resume)
        for chunk in _chunks(batch, problem, states, step, steps, every, reporter.clock):
            states = chunk.states
            progress = reporter.progress(scale, steps, chunk)
            yield progress
            reporter.clock.resume()
            if progress.step == progress.steps:
                break


class _Problem(NamedTuple):
    """The objective of every picture at one scale, on the devices."""

    targets: Targets
    weights: LossWeights
    shared: Shared


class _Batch:
    """What all scales of a run have in common. The jobs are filled up to a multiple of the number of devices."""

    def __init__(
        self,
        model: VGG19,
        jobs: Sequence[Job],
        devices: Sequence[Device],
        shared: Shared | None,
        seen: StyleCache | None,
    ):
        self.shapes = common_scales(jobs)
        self.jobs = padded(jobs, divisible(len(jobs), len(devices)))
        settings = jobs[0].settings
        self.static, self.steps = StaticConfig.of(settings), settings.steps(len(self.shapes))
        self._placement = Placement(tuple(devices))
        self._model, self._models = model, self._placement.replicate(model)
        self._traced = self._placement.spread(TracedConfig.of([job.settings for job in self.jobs]))
        self._shared, self._seen = shared, seen

    @property
    def jobs_of_a_device(self) -> list[Job]:
        """Those of the first one; every device has as many."""
        return self.jobs[: self._placement.per_device(len(self.jobs))]

    def problem(self, height: int, width: int) -> _Problem:
        """Targets and weights for pictures of this shape."""
        spec = self.static.objective
        targets, shared = batch_targets(self._model, self.jobs, height, width, spec, shared=self._shared, seen=self._seen)
        weights = stacked_weights(self.jobs, layer_shapes(self._model, height, width, spec.layers))
        return _Problem(self._placement.targets(targets, shared), self._placement.spread(weights), shared)

    def states(self, scale: int, before: PictureState | None, resume: Saved | None) -> PictureState:
        """The states at the beginning of a scale, from those `before` it, a saved state, or the starting pictures."""
        shape = self.shapes[scale - 1]
        if before is not None:
            detail = self._placement.spread(added_detail(self.jobs, self.shapes[scale - 2], shape))
            states = enlarge(before, self._traced, shape=shape, static=self.static, detail=detail)
        elif resume:
            states = jax.tree.map(jnp.array, resume.states)
        else:
            states = jax.vmap(lambda image: start(image, self.static))(starting_images(self.jobs, *shape))
        return self._placement.spread(states)

    def run(self, problem: _Problem, states: PictureState, rates: np.ndarray, count: int) -> tuple[PictureState, Trace, Images]:
        """Run one chunk of `count` steps."""
        return run_chunk(
            self._models,
            states,
            problem.targets,
            problem.weights,
            self._placement.spread(rates, axis=1),
            self._traced,
            jnp.int32(count),
            static=self.static,
            shared=problem.shared,
        )


class _Chunk(NamedTuple):
    """What a few steps of a scale have made."""

    states: PictureState
    trace: Trace
    pictures: Images
    step: int
    """The first of its steps."""
    steps: int


def _chunks(
    batch: _Batch, problem: _Problem, states: PictureState, step: int, steps: int, every: int, clock: Clock
) -> Iterator[_Chunk]:
    """Run a scale from `step` to `steps`."""
    if step == steps:
        return
    rates = _learning_rates(batch.jobs, steps)
    # Not a step: this compiles the program, whose time the clock does not count.
    states, _, _ = batch.run(problem, states, rates[step : step + CHUNK], 0)
    jax.block_until_ready(states)
    clock.resume()
    while step < steps:
        count = min(CHUNK, steps - step, every - step % every)
        states, trace, pictures = batch.run(problem, states, rates[step : step + CHUNK], count)
        yield _Chunk(states, trace, pictures, step, count)
        step += count


class _Reporter:
    """Makes a `Progress` of each chunk; of a batch that was filled up, for the `wanted` pictures alone."""

    def __init__(self, batch: _Batch, wanted: int, memory: int, resume: Saved | None):
        self.clock = Clock(batch.shapes, batch.steps)
        self._shapes, self._wanted, self._memory = batch.shapes, wanted, memory
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
            pictures=chunk.pictures[: self._wanted],
            failures=failed,
            stops=stopped,
            memory=self._memory,
            states=chunk.states,
            seconds=self.clock.seconds,
        )


def _learning_rates(jobs: Sequence[Job], steps: int) -> Float[np.ndarray, "steps_and_chunk batch"]:
    """Learning rates of each step, followed by a chunk of zeros, so that every chunk can be cut out whole.

    From the photograph it is half as far to a painting of half the strength, and Adam's steps, which are as long for a small
    gradient as for a large one, are half as long; at strength 0 rounding would move the picture.
    """
    rates = [job.settings.learning_rate * (job.settings.strength if starts_near(job) else 1) for job in jobs]
    columns = [rate * schedule_factors(job.settings.schedule, steps) for rate, job in zip(rates, jobs, strict=True)]
    return np.pad(np.stack(columns, 1).astype(np.float32), [(0, CHUNK), (0, 0)])
