"""Several styles and their sizes: shares, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stylejax
from stylejax.errors import SettingsError
from stylejax.losses.targets import make_targets
from stylejax.run.inputs.job import Job
from stylejax.run.targets import batch_targets
from stylejax.settings.blend import parse_blend
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings

LAYERS = {"content_layers": "relu2_1", "style_layers": "relu1_1,relu2_1", "style_loss": "gram+mean", "octaves": 1}
"""Grams and means: those of a mixture are the mixture of those of its styles."""


def test_shares_add_up_to_one():
    assert parse_blend("") == ()
    assert parse_blend("3, 1") == (0.75, 0.25)
    assert parse_blend("1,0") == (1.0, 0.0)


@pytest.mark.parametrize("text", ["0,0", "-1,2", "nan,1", "inf,1", "a,b", "1,,2", ",", "1;2"])
def test_impossible_shares_are_refused_in_one_line(text):
    with pytest.raises(SettingsError, match="style_blend") as error:
        Settings(style_blend=text)
    assert "\n" not in str(error.value)


def test_shares_must_be_as_many_as_the_styles(pictures):
    content, style = pictures
    with pytest.raises(SettingsError, match="3 shares for 2 styles"):
        Job(content, (style, style), Settings(style_blend="1,2,3"))
    with pytest.raises((SettingsError, TypeError), match="_blend"):
        stylejax.stylize(content, style, content, style_blend=[1, 2])


@pytest.mark.slow
def test_targets_are_mixed_by_the_shares_picture_by_picture(tiny_model, pictures):
    content, style = pictures
    mixed = [Settings(style_blend=blend, **LAYERS) for blend in ("3,1", "0,1", "")]
    jobs = [Job(content, (style, content), settings) for settings in mixed]
    spec = objective_spec(mixed[0])
    targets, shared = batch_targets(tiny_model, jobs, *content.shape[:2], spec)
    assert not shared.style and shared.content and targets.guides is None
    own = [make_targets(tiny_model, jnp.asarray(content), jnp.asarray(each), spec) for each in (style, content)]
    blended, *parts = ({layer: target.parts for layer, target in each.style.items()} for each in (targets, *own))
    for index, share in enumerate((0.75, 0.0, 0.5)):
        wanted = jax.tree.map(lambda one, other, share=share: share * one + (1 - share) * other, *parts)
        ours = jax.tree.map(lambda value, index=index: value[index], blended)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4), ours, wanted)


def test_styles_follow_the_picture_by_a_factor_or_keep_their_own_side():
    def seen(**options):
        return Job(
            np.zeros((100, 200, 3), np.float32), (np.zeros((300, 600, 3), np.float32),), Settings(**options)
        ).style_shapes(100, 200)

    assert seen() == [(100, 200)]
    assert seen(style_scale=0.5) == [(50, 100)]
    assert seen(style_size=400) == [(200, 400)]
    assert seen(style_scale=5.0) == [(300, 600)], "never enlarged"


@pytest.mark.parametrize(
    ("size", "largest", "coarsest"),
    [(300, (300, 600), (75, 150)), (280, (300, 600), (75, 150)), (270, (270, 540), (67, 134)), (600, (300, 600), (75, 150))],
)
def test_styles_of_a_pyramid_are_shrunk_once_and_then_with_the_picture(size, largest, coarsest):
    style = np.zeros((300, 600, 3), np.float32)
    job = Job(np.zeros((size, size, 3), np.float32), (style,), settings_from({"recipe": "spst"}))
    assert job.style_shapes(size, size) == [largest]
    assert job.style_shapes(size // 4, size // 4) == [coarsest]


def test_style_scale_and_style_size_contradict_each_other():
    with pytest.raises(SettingsError, match="give only one of them"):
        Settings(style_scale=0.5, style_size=300)
