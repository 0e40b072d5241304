"""The temporal term of the objective: closed forms, finite differences, batches, and its absence."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from objectives import SHALLOW_GRAMS

from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.targets import make_targets
from stylejax.losses.temporal import TemporalTarget, temporal_loss
from stylejax.run.inputs.job import Before, Job
from stylejax.run.loop import optimize_batch
from stylejax.settings.settings import Settings

SPEC = ObjectiveSpec(content_layers=("relu1_1",), style_layers=("relu1_1",))
OPTIONS = SHALLOW_GRAMS | {"size": 32, "smallest_size": 32, "iterations": 4}


def target(height=5, width=7):
    rng = np.random.default_rng(3)
    picture, weights = rng.random((height, width, 3), np.float32), rng.random((height, width), np.float32)
    return TemporalTarget(jnp.asarray(picture), jnp.asarray(weights))


def test_the_loss_is_the_weighted_mean_of_squares():
    held, image = target(), jnp.asarray(np.random.default_rng(4).random((5, 7, 3), np.float32))
    total = 0.0
    for row in range(5):
        for column in range(7):
            for color in range(3):
                difference = float(image[row, column, color] - held.picture[row, column, color])
                total += float(held.weights[row, column]) * difference**2
    assert float(temporal_loss(image, held)) == pytest.approx(total / (5 * 7 * 3), rel=1e-5)
    assert float(temporal_loss(held.picture, held)) == 0


def test_its_gradient_agrees_with_finite_differences():
    held, image = target(), np.random.default_rng(4).random((5, 7, 3)).astype(np.float32)
    direction = np.random.default_rng(5).standard_normal(image.shape).astype(np.float32)
    gradient = jax.grad(temporal_loss)(jnp.asarray(image), held)
    ahead, behind = (float(temporal_loss(jnp.asarray(image + step * direction), held)) for step in (1e-2, -1e-2))
    assert float((gradient * direction).sum()) == pytest.approx((ahead - behind) / 2e-2, rel=1e-3)
    np.testing.assert_allclose(gradient, 2 / 105 * held.weights[..., None] * (image - held.picture), rtol=1e-4, atol=1e-8)


def test_the_objective_adds_the_term_where_there_is_a_target(tiny_model, pictures):
    content, style = (jnp.asarray(picture[:32, :32]) for picture in pictures)
    plain = make_targets(tiny_model, content, style, SPEC)
    weights = LossWeights(jnp.ones(1), jnp.ones(1), jnp.ones(()))
    total, terms = objective(tiny_model, content * 0.9, plain, weights, SPEC)
    assert terms._fields == ("content", "style", "variation")
    held = plain._replace(temporal=target(32, 32))
    more, with_it = objective(tiny_model, content * 0.9, held, weights._replace(temporal=jnp.asarray(7.0)), SPEC)
    assert float(with_it.temporal) == pytest.approx(7 * float(temporal_loss(content * 0.9, held.temporal)), rel=1e-6)
    assert float(more) == pytest.approx(float(total) + float(with_it.temporal), rel=1e-6)


@pytest.mark.slow
def test_frames_of_a_batch_are_each_held_to_their_own_painting(tiny_model, pictures):
    content, style = (picture[:32, :32] for picture in pictures)
    free = Job(content, (style,), Settings(**OPTIONS))
    rng = np.random.default_rng(0)
    others = [rng.random((32, 32, 3), np.float32) for _ in range(2)]
    trusts = [np.ones((32, 32), np.float32), np.zeros((32, 32), np.float32)]
    frames = [dataclasses.replace(free, before=Before(*pair, 1e3)) for pair in zip(others, trusts, strict=True)]
    *_, both = optimize_batch(tiny_model, frames)
    singles = []
    for frame in frames:
        *_, alone = optimize_batch(tiny_model, [frame])
        singles.append(np.asarray(alone.pictures[0]))
    np.testing.assert_allclose(both.pictures, singles, atol=1e-4)
    assert both.records[0][0]["temporal"] > 0 == both.records[1][0]["temporal"]
    *_, plain = optimize_batch(tiny_model, [free])
    assert "temporal" not in plain.records[0][0]
    np.testing.assert_allclose(both.pictures[1], plain.pictures[0], atol=1e-4)  # weights of 0 hold nothing
    nearer, before = (np.abs(np.asarray(picture) - others[0]).mean() for picture in (both.pictures[0], content))
    assert nearer < before
