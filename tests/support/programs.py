"""The compiled chunk as text, for tests that read what a batch lowers to, and a count of what is compiled."""

import contextlib
import time
from collections import Counter
from functools import partial

import jax
import jax.numpy as jnp

import stylejax
from stylejax.losses.objective import LossWeights
from stylejax.optimize.chunk import run_chunk
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.programs import program
from stylejax.run.starts import starting_images
from stylejax.run.targets import batch_targets


def chunk_arguments(model, jobs, height, width):
    """The arguments of `run_chunk` for three steps of `jobs`, and those that are static."""
    static = StaticConfig.of(jobs[0].settings, chunk=10)
    targets, shared = batch_targets(model, jobs, height, width, static.objective)
    states = jax.vmap(partial(start, static=static))(starting_images(jobs, height, width))
    batch_size, spec = len(jobs), static.objective
    weights = LossWeights(
        jnp.ones((batch_size, len(spec.content_layers))), jnp.ones((batch_size, len(spec.style_layers))), jnp.ones(batch_size)
    )
    rates, traced = jnp.full((static.chunk, batch_size), 0.02), TracedConfig.of([job.settings for job in jobs])
    return (model, states, targets, weights, rates, traced, jnp.int32(3)), {"static": static, "shared": shared}


def lowered_program(model, jobs, height, width, platform="cpu"):
    """StableHLO of the steps of `jobs`, whether or not this machine has the platform (`cpu`, `cuda`, `tpu`)."""
    arguments, static = chunk_arguments(model, jobs, height, width)
    return run_chunk.trace(*arguments, **static).lower(lowering_platforms=(platform,)).as_text()


def counting_chunks(content, style, **options):
    """A function that stylizes with `options` and the given changes, and returns how many chunks that compiled."""

    def programs(**changes):
        with compiled_programs() as compiled:
            stylejax.stylize(content, style, **{**options, **changes})
        return compiled["run_chunk"]

    return programs


@contextlib.contextmanager
def compiled_programs():
    """Counts the programs that are compiled, by name."""
    while program.compiling():  # for a run before this one that ended early
        time.sleep(0.01)
    names: Counter[str] = Counter()

    def listen(event: str, seconds: float, **about: object) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            names[str(about["fun_name"]).removeprefix("jit(").removesuffix(")")] += 1

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield names
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
