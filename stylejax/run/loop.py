"""The host loop: jobs in, paintings out. It prepares each scale, runs the compiled chunks and tells of each."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared, run_chunk
from stylejax.optimize.config import CHUNK, StaticConfig, TracedConfig
from stylejax.optimize.enlarge import enlarge
from stylejax.optimize.step import start
from stylejax.run.checkpoint.state import Saved
from stylejax.run.devices import Device, Placement, padded
from stylejax.run.inputs.job import Job, common_shapes, stacked_weights
from stylejax.run.memory.check import memory_of
from stylejax.run.progress import Clock, Preparing, Progress, failures, stops, trace_records
from stylejax.run.single_precision import in_float32
from stylejax.run.starts import added_detail, starting_images, starts_near
from stylejax.run.targets import batch_targets, layer_shapes
from stylejax.settings.schedules import schedule_factors


@in_float32
def paint(
    model: VGG19,
    jobs: Sequence[Job],
    *,
    every: int = CHUNK,
    resume: Saved | None = None,
    devices: Sequence[Device] = (),
    shared: Shared | None = None,
    seen: MutableMapping[Any, Any] | None = None,
    preparing: Callable[[Preparing], None] | None = None,
) -> Iterator[Progress]:
    """Paint all `jobs` together and yield after each chunk of steps; the last progress holds the finished pictures.

    The consumer decides what to do with a progress, and may stop at any time by not asking for the next.

    Args:
        model: the feature network.
        jobs: pictures and settings; see `stylejax.run.inputs.job` for what they must share.
        every: a progress is wanted after each so many steps of a scale, besides the regular ones.
        resume: where the same run was when it was saved, to go on from there.
        devices: what the jobs are spread over, from `devices_for`; the default device if there are none.
        shared: which targets all jobs share, where that is known; told from the jobs otherwise.
        seen: style targets that were made before; new ones are added. They serve again as long as pictures and network are the
            same objects.
        preparing: called before the programs of a scale are compiled. What it raises is passed on.

    Raises:
        SettingsError: the jobs disagree in something static, or a picture is too small for the layers.
        OutOfMemoryError: the largest scale needs more memory than there is; nothing was painted.
    """
    settings = jobs[0].settings if jobs else None
    shapes = common_shapes(jobs)
    assert settings is not None
    plan = StaticConfig.of(settings)
    steps_of = settings.steps(len(shapes))
    clock = Clock(shapes, steps_of)
    wanted, jobs, placement = len(jobs), padded(jobs, devices), Placement(tuple(devices))
    models = placement.everywhere(model)
    memory = memory_of(model, jobs[: placement.each(len(jobs))], shapes[-1], shared=shared)
    lanes, last_records = None, [{} for _ in jobs]
    if resume:
        clock.skip(resume.scale, share=resume.step / resume.steps)
        last_records = padded([trace[-1] for trace in resume.traces], devices)
    numbers = placement.lanes(TracedConfig.of([job.settings for job in jobs]))
    for scale, (height, width) in enumerate(shapes, start=1):
        if resume and scale < resume.scale:
            continue
        if preparing:
            preparing(Preparing(scale, len(shapes), height, width))
        targets, sharing = batch_targets(model, jobs, height, width, plan.objective, shared=shared, seen=seen)
        weights = stacked_weights(jobs, layer_shapes(model, height, width, plan.objective.layers))
        step, steps = 0, steps_of[scale - 1]
        if lanes is not None:
            detail = added_detail(jobs, shapes[scale - 2], (height, width))
            lanes = enlarge(lanes, numbers, placement.lanes(detail), shape=(height, width), plan=plan)
        elif resume:
            lanes, step, steps = jax.tree.map(jnp.array, resume.lanes), resume.step, resume.steps
        else:
            lanes = jax.vmap(lambda image: start(image, plan))(starting_images(jobs, height, width))
        lanes, weights, targets = placement.lanes(lanes), placement.lanes(weights), placement.targets(targets, sharing)
        rates = _learning_rates(jobs, steps)
        compiled = False
        while step < steps:
            count = min(CHUNK, steps - step, every - step % every) if compiled else 0
            chunk_rates = placement.lanes(rates[step : step + CHUNK], axis=1)
            lanes, trace, pictures = run_chunk(
                models, lanes, targets, weights, chunk_rates, numbers, jnp.int32(count), plan=plan, shared=sharing
            )
            if not compiled:  # no step was done: the clock is to count the steps alone
                compiled = True
                jax.block_until_ready(lanes)
                clock.resume()
                continue
            stopped, failed = stops(lanes), failures(lanes)
            place = {"scale": scale, "height": height, "width": width, "step": step}
            records = [trace_records(trace, count, lane, stop, **place) for lane, stop in enumerate(stopped)]
            last_records = [new[-1] if new else last for new, last in zip(records, last_records, strict=True)]
            step += count
            if all(stop or failure for stop, failure in zip(stopped, failed, strict=True)):
                steps = step  # nothing moves at this scale any more
            fraction, seconds_left, seconds_per_step = clock.tick(scale, count, share=step / steps)
            yield Progress(
                scale=scale,
                scales=len(shapes),
                height=height,
                width=width,
                step=step,
                steps=steps,
                fraction=fraction,
                steps_per_second=wanted / seconds_per_step,
                seconds_left=seconds_left,
                records=records[:wanted],
                last_records=last_records[:wanted],
                pictures=pictures[:wanted],
                failures=failed[:wanted],
                stops=stopped[:wanted],
                memory=memory,
                lanes=lanes,
                seconds=clock.seconds,
            )
            clock.resume()


def _learning_rates(jobs: Sequence[Job], steps: int) -> np.ndarray:
    """Learning rates `[steps, lanes]`, followed by a chunk of zeros, so that every chunk can be cut out whole.

    From the photograph it is half as far to a painting of half the strength, and Adam's steps, which are as long for a small
    gradient as for a large one, are half as long; at strength 0 rounding would move the picture.
    """
    rates = [job.settings.learning_rate * (job.settings.strength if starts_near(job) else 1) for job in jobs]
    columns = [rate * schedule_factors(job.settings.schedule, steps) for rate, job in zip(rates, jobs, strict=True)]
    return np.pad(np.stack(columns, 1).astype(np.float32), [(0, CHUNK), (0, 0)])
