"""Painting: losses fall, the pictures of a batch are independent, numbers do not compile, scales carry, failures freeze."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from objectives import GRAMS
from programs import chunk_arguments, counting_chunks

import stylejax
from stylejax.errors import NonFiniteError, SettingsError
from stylejax.images.resize import resize
from stylejax.losses.normalization import layer_factors
from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.targets import make_targets
from stylejax.optimize.chunk import run_chunk
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.enlarge import enlarge
from stylejax.optimize.step import start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.inputs.job import Job, stacked_weights
from stylejax.run.loop import optimize_batch
from stylejax.run.progress import Failure
from stylejax.run.result import StylizeInterrupted
from stylejax.run.targets import batch_targets
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model

FAST = {**GRAMS, "content_layers": "relu4_2", "size": 48, "smallest_size": 24, "iterations": 12}


@pytest.fixture(scope="module")
def painting(tiny_model, pictures):
    content, style = pictures
    return stylejax.stylize(content, style, model=tiny_model, **FAST)


@pytest.mark.slow
def test_the_result_is_a_picture_of_the_asked_size(painting):
    assert painting.image.shape == (36, 48, 3)
    assert painting.image.dtype == np.float32
    assert painting.image.min() >= 0
    assert painting.image.max() <= 1


@pytest.mark.slow
def test_the_loss_falls_at_every_scale(painting):
    for scale in (1, 2):
        totals = [record["total"] for record in painting.trace if record["scale"] == scale]
        assert len(totals) == 12
        assert min(totals[-3:]) < totals[0]


@pytest.mark.slow
def test_the_trace_holds_the_loss_before_each_update(tiny_model, pictures, painting):
    content, style = pictures
    options = {**FAST, "iterations": 1, "smallest_size": 48, "init": "content"}
    settings = Settings(**options)
    spec = objective_spec(settings)
    first = stylejax.stylize(content, style, model=tiny_model, **options).trace[0]
    image = jnp.asarray(resize(content, 36, 48))
    styled = resize(style, 34, 48)  # 40×56 brought to the long side of the picture
    targets = make_targets(tiny_model, image, jnp.asarray(styled), spec)
    content_weights = jnp.asarray([settings.content_weight * weight for weight in settings.content_layer_weights.values()])
    style_weights = jnp.asarray(list(settings.style_layer_weights.values()))
    weights = LossWeights(content_weights, style_weights, jnp.asarray(settings.tv_weight))
    total, terms = objective(tiny_model, image, targets, weights, spec)
    assert first["total"] == pytest.approx(float(total), rel=1e-5)
    assert first["style"] == pytest.approx(float(terms.style), rel=1e-5)
    assert first["content"] == pytest.approx(0, abs=1e-9)
    assert first["total"] == pytest.approx(first["content"] + first["style"] + first["tv"], rel=1e-6)
    assert painting.trace[0]["scale"] == 1
    assert (painting.trace[0]["height"], painting.trace[0]["width"]) == (18, 24)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_picture_and_another_seed_another(tiny_model, pictures):
    content, style = pictures
    options = {**FAST, "init": "noise", "model": tiny_model}
    first = stylejax.stylize(content, style, seed=1, **options)
    again = stylejax.stylize(content, style, seed=1, **options)
    other = stylejax.stylize(content, style, seed=2, **options)
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.slow
def test_each_picture_of_a_batch_equals_its_single_run(tiny_model, pictures):
    content, style = pictures
    each = [{"style_weight": 1.0}, {"style_weight": 30.0, "learning_rate": 0.05}, {"tv_weight": 100.0}]
    batch = stylejax.stylize_batch([content] * 3, [style, style[::-1].copy(), style], each=each, model=tiny_model, **FAST)
    for painting, own, picture in zip(batch, each, [style, style[::-1].copy(), style], strict=True):
        single = stylejax.stylize(content, picture, model=tiny_model, **FAST | own)
        np.testing.assert_allclose(painting.image, single.image, atol=1e-4)
        assert painting.trace[-1]["total"] == pytest.approx(single.trace[-1]["total"], rel=1e-3)


@pytest.mark.slow
def test_a_picture_that_goes_non_finite_is_frozen_and_the_others_finish(tiny_model, pictures):
    content, style = pictures
    settings = Settings(**{**FAST, "smallest_size": 48})
    good = Job(content, (style,), settings)
    overflowing = np.full((36, 48, 3), 1e30, np.float32)
    bad = Job(overflowing, (style,), dataclasses.replace(settings, init="gray"))
    *_, last = optimize_batch(tiny_model, [good, bad])
    assert last.failures == [None, Failure(scale=1, step=0)]
    *_, alone = optimize_batch(tiny_model, [good])
    np.testing.assert_allclose(last.pictures[0], alone.pictures[0], atol=1e-4)
    np.testing.assert_allclose(last.pictures[1], 0.5, atol=1e-6)


@pytest.mark.slow
def test_a_non_finite_loss_stops_names_the_step_and_keeps_the_last_good_picture(tiny_weights, pictures):
    content, style = pictures
    arrays = dict(tiny_weights.arrays)
    arrays["conv1_1/kernel"] = arrays["conv1_1/kernel"] * 1e25  # overflows in the Gram matrix
    model = build_model(dataclasses.replace(tiny_weights, arrays=arrays))
    with pytest.raises(NonFiniteError, match="scale 1, step 0") as error:
        stylejax.stylize(content, style, model=model, **FAST)
    assert np.isfinite(error.value.result.image).all()


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"strength": 0.5}, {"optimizer": "l-bfgs"}], ids=str)
def test_pictures_in_turn_take_the_steps_that_they_take_together(tiny_model, pictures, change):
    content, style = (np.ascontiguousarray(picture[:36, :48]) for picture in pictures)
    settings = Settings(**{**FAST, "content_layers": "relu2_1", "style_layers": "relu1_1,relu2_1", **change})
    jobs = [Job(content, (style,), settings), Job(content[::-1].copy(), (style[:, ::-1].copy(),), settings)]
    results = []
    for one_by_one in (False, True):
        arguments, static = chunk_arguments(tiny_model, jobs, 36, 48)
        results.append(run_chunk(*arguments, **static, one_by_one=one_by_one)[1:])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), *results)
    assert np.ptp(results[0][0].total[:3], axis=1).min() > 1e-3  # two different pictures


@pytest.mark.slow
def test_only_another_shape_or_kind_compiles_another_program(tiny_model, pictures):
    options = {**FAST, "size": 40, "smallest_size": 40, "iterations": 3, "model": tiny_model}
    programs = counting_chunks(*pictures, **options)
    assert programs() == 1
    assert programs() == 0
    assert programs(content_weight=0.7, style_weight=3.0, tv_weight=0.0, learning_rate=0.3, iterations=25) == 0
    assert programs(seed=5, init="noise") == 0
    assert programs(beta1=0.5, beta2=0.9, averaging=0.0, stop_when=0.1, strength=0.3, init="content") == 0
    assert programs(style_layers="relu1_1=2,relu2_1=.1,relu3_1=0,relu4_1=1,relu5_1=9") == 0
    assert programs(style_loss="moments") == 1
    assert programs(octaves=2, content_norm="instance", style_layers="relu1_1,pixels") == 1
    assert programs(size=44, smallest_size=44) == 1


def test_pictures_share_what_they_have_in_common(tiny_model, pictures):
    content, style = pictures
    settings = Settings(**FAST)
    jobs = [Job(content, (style,), settings), Job(content, (style[::-1].copy(),), settings)]
    targets, shared = batch_targets(tiny_model, jobs, 36, 48, objective_spec(settings))
    assert shared.content
    assert not shared.style
    assert targets.content["relu4_2"].ndim == 3
    assert targets.style["relu1_1"].parts["gram"].shape == (2, settings.octaves, 4, 4)


def test_jobs_that_cannot_share_a_program_say_why(tiny_model, pictures):
    content, style = pictures
    with pytest.raises(SettingsError, match="picture 2 would be"):
        list(
            optimize_batch(
                tiny_model, [Job(content, (style,), Settings(**FAST)), Job(style[:, :30], (style,), Settings(**FAST))]
            )
        )
    with pytest.raises(SettingsError, match="pooling"):
        other = Settings(**FAST, pooling="average")
        list(optimize_batch(tiny_model, [Job(content, (style,), Settings(**FAST)), Job(content, (style,), other)]))
    with pytest.raises(SettingsError, match="no picture"):
        stylejax.stylize_batch([], [], model=tiny_model)


def test_scales_go_from_coarse_to_the_asked_size():
    deep = {"style_layers": "relu5_1", "octaves": 1}
    assert scale_shapes(768, 1024, Settings(**deep, size=512, smallest_size=128)) == [(96, 128), (192, 256), (384, 512)]
    assert scale_shapes(100, 100, Settings(**deep, size=100, smallest_size=100)) == [(100, 100)]
    # 25 pixels high is the least that relu5_1 allows with a margin: the coarser scale would have 12
    assert scale_shapes(100, 1000, Settings(**deep, size=250, smallest_size=10)) == [(25, 250)]
    with pytest.raises(SettingsError, match="at least 16 pixels"):
        scale_shapes(100, 1000, Settings(**deep, size=100))


def test_enlarging_keeps_a_smooth_picture_and_the_sign_of_the_second_moment(tiny_model, pictures):
    content, style = pictures
    job = Job(content, (style,), Settings(**{**FAST, "smallest_size": 48}))
    static = StaticConfig.of(job.settings, chunk=1)
    states = jax.vmap(lambda image: start(image, static))(jnp.asarray(content)[None])
    larger = enlarge(states, TracedConfig.of([Settings()]), None, shape=(96, 128), static=static)
    back = jax.image.resize(larger.variable, states.variable.shape, "linear")
    np.testing.assert_allclose(back, states.variable, atol=0.03)


@pytest.mark.parametrize("restart", [True, False])
def test_adam_starts_afresh_at_each_scale_unless_restart_is_off(restart):
    static = StaticConfig.of(Settings(restart=restart), chunk=1)
    states = jax.vmap(lambda image: start(image, static))(jnp.full((1, 8, 12, 3), 0.5))
    moments = jax.tree.map(jnp.ones_like, states.optimizer.moments)
    moved = states._replace(optimizer=states.optimizer._replace(moments=moments))
    larger = enlarge(moved, TracedConfig.of([Settings()]), None, shape=(16, 24), static=static)
    for array in (larger.optimizer.moments.mu, larger.optimizer.moments.nu):
        np.testing.assert_allclose(array, np.full((1, 16, 24, 3), 0.0 if restart else 1.0), atol=1e-6)
    assert int(larger.optimizer.moments.count[0]) == (0 if restart else 1)
    assert int(larger.optimizer.average.count[0]) == 0


def test_ctrl_c_keeps_the_pictures(tiny_model, pictures):
    content, style = pictures

    def stop_in_the_second_scale(progress):
        if progress.scale == 2:
            raise KeyboardInterrupt

    with pytest.raises(StylizeInterrupted) as stopped:
        stylejax.stylize(content, style, model=tiny_model, observe=stop_in_the_second_scale, **FAST)
    (kept,) = stopped.value.results
    assert kept.image.shape == (36, 48, 3)
    assert kept.trace[-1]["scale"] == 2


def test_weights_of_published_conventions_follow_the_shape():
    assert layer_factors("per-channel", (4, 5, 10)) == (1, 0.01, 100)
    assert layer_factors("gatys-2016", (4, 5, 10)) == (100, 0.25, 1)
    assert layer_factors("per-position", (4, 5, 10)) == (1, 2, 1)
    settings = Settings(normalization="per-channel", style_layers="relu1_1=2", style_weight=3, content_layers="relu1_1")
    job = Job(np.zeros((8, 8, 3), np.float32), (), settings)
    weights = stacked_weights([job], {"relu1_1": (8, 8, 4)})
    np.testing.assert_allclose(weights.style, [[2 * 3 / 16]])
    assert weights.moments is None
    moments = dataclasses.replace(settings, style_loss="gram+moments", moments_weight=10)
    weights = stacked_weights([Job(np.zeros((8, 8, 3), np.float32), (), moments)], {"relu1_1": (8, 8, 4)})
    np.testing.assert_allclose(weights.style * weights.moments, [[2 * 3 * 10]])


def test_alpha_is_carried_to_the_result(tiny_model, pictures):
    content, style = pictures
    opacity = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(48, 0)[..., None]
    painting = stylejax.stylize(np.concatenate([content, opacity], -1), style, model=tiny_model, **FAST)
    assert painting.alpha is not None
    assert painting.alpha.shape == (36, 48)
    assert painting.alpha[:, 0].max() < 0.1
    assert painting.alpha[:, -1].min() > 0.9


def test_progress_counts_to_one(tiny_model, pictures):
    content, style = pictures
    seen = []
    stylejax.stylize(content, style, model=tiny_model, observe=seen.append, every=5, **FAST)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    assert [progress.step for progress in seen if progress.scale == 1] == [5, 10, 12]
    assert seen[-1].seconds_left == pytest.approx(0, abs=1e-6)
