"""The host loop: jobs in, paintings out. It prepares each scale, runs the compiled chunks and tells of each."""

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.model.vgg import VGG19
from stylejax.optimize.chunk import run_chunk
from stylejax.optimize.jobs import Job, common_shapes, stacked_weights, starting_images
from stylejax.optimize.plan import CHUNK, Plan
from stylejax.optimize.progress import Clock, Progress, failures, trace_records
from stylejax.optimize.scales import enlarge
from stylejax.optimize.schedules import schedule_factors
from stylejax.optimize.step import start
from stylejax.optimize.targets import batch_targets, layer_shapes

def paint(model: VGG19, jobs: Sequence[Job], *, every: int = CHUNK) -> Iterator[Progress]:
    """Paint all `jobs` together and yield after each chunk of steps; the last progress holds the finished pictures.

    The consumer decides what to do with a progress, and may stop at any time by not asking for the next.

    Args:
        model: the feature network.
        jobs: pictures and settings; see `stylejax.optimize.jobs` for what they must share.
        every: a progress is wanted after each so many steps of a scale, besides the regular ones.

    Raises:
        SettingsError: the jobs disagree in something static, or a picture is too small for the layers.
    """
    settings = jobs[0].settings if jobs else None
    shapes = common_shapes(jobs)
    assert settings is not None
    plan = Plan.of(settings)
    steps_of = settings.steps(len(shapes))
    clock = Clock(shapes, steps_of)
    lanes = None
    for scale, (height, width) in enumerate(shapes, start=1):
        targets, shared = batch_targets(model, jobs, height, width, plan.objective)
        weights = stacked_weights(jobs, layer_shapes(model, height, width, plan.objective.layers))
        if lanes is None:
            lanes = jax.vmap(lambda image: start(image, plan))(starting_images(jobs, height, width))
        else:
            lanes = enlarge(lanes, shape=(height, width), plan=plan)
        step, steps = 0, steps_of[scale - 1]
        rates = _learning_rates(jobs, steps)
        while step < steps:
            count = min(CHUNK, steps - step, every - step % every)
            lanes, trace, pictures = run_chunk(
                model, lanes, targets, weights, rates[step : step + CHUNK], jnp.int32(count), plan=plan, shared=shared
            )
            place = {"scale": scale, "height": height, "width": width, "step": step}
            records = [trace_records(trace, count, lane, **place) for lane in range(len(jobs))]
            step += count
            fraction, seconds_left, seconds_per_step = clock.tick(scale, step, count)
            yield Progress(
                scale=scale,
                scales=len(shapes),
                height=height,
                width=width,
                step=step,
                steps=steps,
                fraction=fraction,
                steps_per_second=len(jobs) / seconds_per_step,
                seconds_left=seconds_left,
                records=records,
                pictures=pictures,
                failures=failures(lanes, steps_of),
            )


def _learning_rates(jobs: Sequence[Job], steps: int) -> np.ndarray:
    """Learning rates `[steps, lanes]`, followed by a chunk of zeros, so that every chunk can be cut out whole."""
    columns = [job.settings.learning_rate * schedule_factors(job.settings.schedule, steps) for job in jobs]
    return np.pad(np.stack(columns, 1).astype(np.float32), [(0, CHUNK), (0, 0)])
