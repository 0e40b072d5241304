"""Optimizers of optax: they minimize, a batch is its single runs, other numbers run the same program, records name them."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from objectives import SHALLOW_GRAMS
from programs import compiled_programs

import stylejax
from stylejax.errors import SettingsError
from stylejax.images.io.metadata import read_metadata
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.enlarge import enlarge
from stylejax.optimize.step import start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.settings.settings import Settings
from stylejax.settings.transformation import describe

FAST = {**SHALLOW_GRAMS, "size": 32, "smallest_size": 16, "iterations": 12}
LION, MOMENTUM = optax.lion(5e-3), optax.sgd(0.2, momentum=0.9)
SCHEDULED = optax.nadamw(optax.cosine_decay_schedule(2e-2, 12))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [LION, MOMENTUM, SCHEDULED], ids=describe)
def test_the_loss_falls_and_a_batch_is_its_single_runs_in_one_program(tiny_model, pictures, optimizer):
    content, style = pictures
    options = {**FAST, "model": tiny_model, "optimizer": optimizer, "averaging": 0.5}
    each = [{"style_weight": 1.0}, {"style_weight": 3.0, "averaging": 0.0, "tv_weight": 1.0}]
    together = stylejax.stylize_batch([content] * 2, [style, style[::-1].copy()], each=each, **options)
    for result in together:
        for scale in (1, 2):
            totals = [record["total"] for record in result.trace if record["scale"] == scale]
            assert min(totals[-3:]) < totals[0]
        assert result.image.min() >= 0 and result.image.max() <= 1
    single = stylejax.stylize(content, style, **{**options, **each[0]})
    np.testing.assert_allclose(together[0].image, single.image, atol=1e-4)
    with compiled_programs() as compiled:
        stylejax.stylize(content, style, **{**options, "style_weight": 9.0, "averaging": 0.9, "iterations": 5})
    assert not compiled["run_chunk"]


@pytest.mark.slow
def test_a_line_search_gets_the_value_the_gradient_and_the_function(tiny_model, pictures):
    search = optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(max_backtracking_steps=10))
    options = {**FAST, "smallest_size": 32, "averaging": 0.0, "clamp": False, "optimizer": search}
    result = stylejax.stylize(*pictures, model=tiny_model, **options)
    totals = [record["total"] for record in result.trace]
    assert totals[-1] < totals[0] and (np.diff(totals) <= 1e-6 * totals[0]).all()


@pytest.mark.slow
def test_the_record_names_the_optimizer_and_leaves_out_what_it_does_not_use(tiny_model, pictures, tmp_path):
    result = stylejax.stylize(*pictures, model=tiny_model, **{**FAST, "iterations": 1, "optimizer": LION})
    result.save(tmp_path / "painted.png")
    recorded = read_metadata(tmp_path / "painted.png")["settings"]
    assert recorded["optimizer"].startswith("optax (") and "lion" in recorded["optimizer"]
    assert {"averaging", "clamp", "carry"} <= set(recorded)
    assert not {"learning_rate", "schedule", "beta1", "beta2", "restart", "history"} & set(recorded)
    assert result.settings.optimizer == LION
    json.dumps(result.record)


@pytest.mark.slow
def test_a_sweep_compares_optimizers(tiny_weights, pictures, tmp_path):
    path = tmp_path / "tiny.safetensors"
    stylejax.weights.weight_set.write_weights(path, tiny_weights)
    options = {**FAST, "smallest_size": 32, "iterations": 2}
    swept = stylejax.sweep(*pictures, grid={"optimizer": ["adam", LION]}, model=str(path), **options)
    assert [result.settings.optimizer for result in swept] == ["adam", LION]
    assert not np.array_equal(swept[0].image, swept[1].image)


def test_each_scale_starts_afresh_from_the_last_picture_or_the_average():
    for carry, wanted in (("last", 0.25), ("average", 0.75)):
        static = StaticConfig.of(Settings(optimizer=LION, carry=carry), chunk=1)
        states = jax.vmap(lambda image, static=static: start(image, static))(jnp.full((1, 8, 12, 3), 0.25))
        average = states.optimizer.average._replace(
            count=jnp.array([1]), ema=jnp.full((1, 8, 12, 3), 0.75 * (1 - Settings().averaging))
        )
        moments = jax.tree.map(jnp.ones_like, states.optimizer.moments)
        moved = states._replace(optimizer=states.optimizer._replace(average=average, moments=moments))
        larger = enlarge(moved, TracedConfig.of([Settings()]), None, shape=(16, 24), static=static)
        np.testing.assert_allclose(larger.variable, np.full((1, 16, 24, 3), wanted), atol=1e-4)
        assert all(not np.asarray(leaf).any() for leaf in jax.tree.leaves(larger.optimizer.moments))


def test_the_same_object_is_the_same_program_and_another_one_is_not():
    assert StaticConfig.of(Settings(optimizer=LION)) == StaticConfig.of(Settings(optimizer=LION, style_weight=2.0))
    assert StaticConfig.of(Settings(optimizer=LION)) != StaticConfig.of(Settings(optimizer=optax.lion(5e-3)))


def lookahead():
    return optax.lookahead(optax.sgd(0.1), sync_period=2, slow_step_size=0.5)  # whose parameters are pairs of pictures


def growing():
    def update(updates, state, params=None):
        return updates, jnp.concatenate([state, state])

    return optax.GradientTransformation(lambda params: jnp.zeros(1), update)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0.1}, r"learning_rate is 0.1, but optimizer is optax \(.*lion"),
        ({"schedule": "cosine"}, "schedule is cosine, but optimizer is optax"),
        ({"beta1": 0.5}, "beta1 is 0.5, but optimizer is optax"),
        ({"restart": False}, "restart is False, but optimizer is optax"),
        ({"history": 5}, "history is 5, but optimizer is optax"),
        ({"optimizer": lookahead()}, "optimizer is optax .*, which cannot take a step"),
        ({"optimizer": growing()}, r"optimizer is optax \(growing\), whose state changes shapes"),
        ({"optimizer": optax.lion}, "it must be one of adam, l-bfgs"),
        ({"each": [{}, {"optimizer": "adam"}]}, "picture 2 has optimizer adam and picture 1 has optax"),
    ],
    ids=lambda value: str(list(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_go_together_is_refused_in_one_line(tiny_model, pictures, options, message):
    content, style = pictures
    with pytest.raises(SettingsError, match=message) as error:
        stylejax.stylize_batch([content] * 2, style, model=tiny_model, **{**FAST, "optimizer": LION, **options})
    assert "\n" not in str(error.value)


def test_a_checkpoint_and_a_table_are_refused(tiny_model, pictures, tmp_path):
    checkpoint = stylejax.Checkpoint(tmp_path / "state")
    with pytest.raises(SettingsError, match="which a checkpoint cannot identify"):
        stylejax.stylize(*pictures, model=tiny_model, checkpoint=checkpoint, **{**FAST, "optimizer": LION})
    assert not (tmp_path / "state").exists()
    with pytest.raises(SettingsError, match="optimizer is optax"):
        stylejax.stylize_table([{"content": "a.png", "style": "b.png"}], output=tmp_path / "out", optimizer=LION)
