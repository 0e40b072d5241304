"""Settings: what is refused, and with which words."""

import dataclasses
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylejax.errors import SettingsError
from stylejax.run.inputs.job import Job
from stylejax.settings.layer_weights import parse_layers
from stylejax.settings.recipes import RECIPES, settings_from
from stylejax.settings.settings import Settings


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("size", 0),
        ("size", -1),
        ("iterations", 0),
        ("iterations", "600,0"),
        ("iterations", "600,much"),
        ("iterations", "600,"),
        ("content_weight", -1.0),
        ("style_weight", math.nan),
        ("tv_weight", math.inf),
        ("tv_weight", 1e13),
        ("learning_rate", 0.0),
        ("averaging", 1.0),
        ("stop_when", -0.1),
        ("stop_when", 1.0),
        ("seed", -1),
        ("scale_factor", 1.0),
        ("style_layers", "relu1_1=-1"),
        ("style_layers", "relu1_1=x"),
        ("style_layers", "relu1_1,relu1_1"),
    ],
)
def test_an_impossible_value_is_refused_by_name(option, value):
    with pytest.raises(SettingsError) as error:
        settings_from({option: value})
    assert option in str(error.value) or "relu1_1" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_option_or_layer_suggests_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'content_weight'"):
        settings_from({"contents_weight": 1})
    with pytest.raises(SettingsError, match="did you mean 'relu4_2'"):
        settings_from({"content_layers": "rleu4_2"})


def test_no_layers_at_all_is_refused():
    with pytest.raises(SettingsError, match="neither content layers nor style layers"):
        Settings(content_layers="", style_layers=" ")


@given(st.dictionaries(st.sampled_from(["relu1_1", "conv2_2", "pool3", "relu5_4"]), st.floats(0, 1e6)))
def test_layer_weights_survive_being_written_and_read(weights):
    text = ", ".join(f"{layer} = {weight!r}" for layer, weight in weights.items())
    assert parse_layers("style_layers", text) == weights


def test_a_layer_without_a_number_weighs_one():
    assert parse_layers("style_layers", "relu1_1,relu2_1=.5") == {"relu1_1": 1.0, "relu2_1": 0.5}


def test_options_and_settings_are_one_thing():
    settings = Settings(size=300, content_weight=0.5)
    assert settings_from(settings.as_options()) == settings
    assert set(settings.as_options()) == {field.name for field in dataclasses.fields(Settings)}


def test_a_recipe_gives_the_defaults_and_options_override_its_parts():
    settings = settings_from({"recipe": "crowson", "size": 300})
    assert settings == dataclasses.replace(RECIPES["crowson"], size=300)
    assert settings.style_loss == "wasserstein"
    assert settings_from(settings.as_options()) == settings
    with pytest.raises(SettingsError, match="There are stylejax, gatys-2016"):
        settings_from({"recipe": "gatys"})


def test_every_recipe_carries_its_own_name():
    assert {name: settings.recipe for name, settings in RECIPES.items()} == {name: name for name in RECIPES}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seed": 3}, "seed is 3, but init is recolored"),
        ({"noise": 0.1}, "noise is 0.1, but init is recolored"),
        ({"detail": 0.5, "init": "noise"}, "detail is 0.5, but init is noise"),
        ({"carry": "average", "optimizer": "l-bfgs"}, "carry is average, but optimizer is l-bfgs"),
        ({"scale_factor": 1.5, "size": 256}, "scale_factor is 1.5, but smallest_size is 256 at size 256"),
        ({"restart": False, "smallest_size": 512}, "restart is False, but smallest_size is 512"),
        ({"content_layers": "relu4_1=0", "content_weight": 2.0}, "content_weight is 2.0, but content_layers is relu4_1=0"),
        ({"style_layers": "relu4_1=0", "octaves": 2}, "octaves is 2, but style_layers is relu4_1=0"),
    ],
)
def test_a_setting_that_nothing_uses_is_refused(options, expected):
    with pytest.raises(SettingsError, match=re.escape(expected)):
        settings_from(options)


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 3, "init": "noise"},
        {"scale_factor": 1.5, "size": "native"},
        {"recipe": "gatys-code", "size": 512},
        {"recipe": "crowson", "size": 128, "iterations": 9},
        {"optimizer": "l-bfgs", "clamp": False},
    ],
)
def test_a_setting_that_is_used_or_says_what_is_done_anyway_is_not(options):
    settings_from(options)


def test_steps_may_differ_from_scale_to_scale():
    assert Settings(iterations=7).steps(3) == [7, 7, 7]
    assert Settings().steps(3) == [110, 22, 22]
    assert settings_from({"iterations": "auto", "init": "noise"}).steps(3) == [100, 100, 100]
    assert settings_from({"iterations": "600,200,66"}).steps(5) == [600, 200, 66, 66, 66]
    assert Settings(iterations="600, 200,66").steps(2) == [600, 200]


def test_one_style_has_no_shares():
    picture = np.zeros((8, 8, 3), np.float32)
    with pytest.raises(SettingsError, match="style_blend is '1', but there is one style"):
        Job(picture, (picture,), Settings(style_blend="1"))


def test_options_take_the_place_of_fields_of_given_settings():
    base = dataclasses.replace(RECIPES["crowson"], size=300)
    assert settings_from({}, base=base) is base
    assert settings_from({"size": 200, "recipe": "crowson"}, base=base) == dataclasses.replace(base, size=200)
    with pytest.raises(SettingsError, match="got settings of the recipe crowson and the recipe udacity"):
        settings_from({"recipe": "udacity"}, base=base)
    with pytest.raises(SettingsError, match=re.escape("noise is 0.1, but init is recolored")):
        settings_from({}, base=Settings(noise=0.1))


def test_a_path_is_kept_as_text_with_its_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert (Settings(init="~/start.png").init, Settings(model=Path("net.safetensors")).model) == (
        "/home/me/start.png",
        "net.safetensors",
    )
    with pytest.raises(SettingsError, match="init is empty"):
        Settings(init="")
