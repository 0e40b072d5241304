"""Early stopping: a picture whose loss no longer changes is frozen exactly, and a scale ends when all have stopped."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from objectives import SHALLOW_GRAMS
from programs import compiled_programs

import stylejax
from stylejax.optimize import convergence
from stylejax.optimize.convergence import WINDOW
from stylejax.run.inputs.job import Job
from stylejax.run.loop import optimize_batch
from stylejax.run.progress import Converged
from stylejax.settings.settings import Settings

SHALLOW = {**SHALLOW_GRAMS, "size": 32, "smallest_size": 32}
EAGER = 0.999
"""Stops at the first chance: every loss changes by less than nearly all of it."""


def done_after(losses, tolerance):
    """After how many steps the losses count as converged; None if never."""
    state = convergence.init()
    update = jax.jit(convergence.update)
    for step, loss in enumerate(losses, start=1):
        state = update(state, jnp.float32(loss), jnp.float32(tolerance), when=jnp.bool_(True))
        if state.done:
            return step
    return None


def test_it_compares_the_lowest_losses_of_two_windows():
    falling = 100 * 0.9 ** np.arange(200)  # by 88 % in each window
    assert done_after(falling, 0.87) is None
    assert done_after(falling, 0.89) == 2 * WINDOW
    noisy = np.where(np.arange(200) % 2, 5.0, 1.0)
    assert done_after(noisy, 1e-6) == 2 * WINDOW
    settling = np.concatenate([falling[:50], np.full(100, falling[49])])
    assert done_after(settling, 0.01) == 4 * WINDOW  # the window of steps 41 to 60 still fell
    assert done_after(np.full(200, 3.0), 0.0) is None
    assert done_after(np.full(200, np.inf), 0.5) is None


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_a_stopped_picture_stays_exactly_as_it_is_while_the_others_go_on(tiny_model, pictures, optimizer):
    content, style = pictures
    options = {**SHALLOW, "optimizer": optimizer, "history": 3}
    jobs = [Job(content, (style,), Settings(**options, stop_when=stop, iterations=60)) for stop in (EAGER, 0.0)]
    snapshots = {progress.step: np.array(progress.pictures) for progress in optimize_batch(tiny_model, jobs)}
    *_, last = optimize_batch(tiny_model, jobs)
    assert last.stops == [Converged(scale=1, step=40), None]
    assert list(snapshots) == [10, 20, 30, 40, 50, 60]
    np.testing.assert_array_equal(snapshots[40][0], snapshots[60][0])
    assert not np.array_equal(snapshots[40][1], snapshots[60][1])
    assert last.records[0] == [] and last.last_records[0]["step"] == 39 and last.last_records[1]["step"] == 59
    *_, short = optimize_batch(tiny_model, [Job(content, (style,), Settings(**options, iterations=40))] * 2)
    np.testing.assert_array_equal(snapshots[60][0], short.pictures[0])  # of the same batch size: the same program


@pytest.mark.slow
def test_a_scale_ends_when_all_pictures_have_stopped_and_the_next_begins_afresh(tiny_model, pictures):
    content, style = pictures
    options = {**SHALLOW, "smallest_size": 16, "iterations": 100, "model": tiny_model, "stop_when": EAGER}
    seen = []
    result = stylejax.stylize(content, style, observe=seen.append, **options)
    assert result.stops == [Converged(scale=1, step=40), Converged(scale=2, step=40)]
    assert [(record["scale"], record["step"]) for record in result.trace if "stopped" in record] == [(1, 39), (2, 39)]
    assert len(result.trace) == 80
    assert [(progress.step, progress.steps) for progress in seen[-2:]] == [(30, 100), (40, 40)]
    assert seen[-1].fraction == pytest.approx(1)
    with compiled_programs() as compiled:
        whole = stylejax.stylize(content, style, **{**options, "stop_when": 0.0})
    assert not compiled["run_chunk"]
    assert whole.stops == [] and len(whole.trace) == 200
