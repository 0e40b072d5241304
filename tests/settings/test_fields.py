"""The metadata of the settings: every field has all of it, and everything derived from it covers all fields."""

import dataclasses
from typing import Literal, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylejax.batch.input.table import COLUMNS
from stylejax.cli.parsing.sweep_values import Values
from stylejax.errors import SettingsError
from stylejax.settings.derived import OF_CONTENT, OF_STYLE_PICTURES, OF_STYLES, PLACES, SETTINGS, STATIC, TRACED
from stylejax.settings.fields import Range, Use
from stylejax.settings.parse import parse_setting, parse_values, separator
from stylejax.settings.recipes import RECIPES
from stylejax.settings.settings import Settings

NAMES = [field.name for field in dataclasses.fields(Settings)]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_has_complete_metadata(name):
    each = SETTINGS[name]
    assert each.default == getattr(Settings, name) and each.allows(each.default)
    if each.base in (int, float):
        assert isinstance(each.info.within, Range)
    elif isinstance(each.default, str):
        assert (get_origin(each.type) is Literal) + each.info.place + each.info.commas == 1, "its values cannot be checked"
    assert each.wanted
    for use in each.info.uses:
        assert isinstance(use, Use) and use.other in NAMES and use.other != name


def test_what_is_derived_covers_all_fields():
    assert list(SETTINGS) == NAMES == [field.name for field in dataclasses.fields(Values)]
    assert set(NAMES) <= set(COLUMNS)
    assert not TRACED & {*STATIC} and TRACED | {*STATIC} == {*NAMES}
    assert PLACES == ("proof", "model", "init")
    assert {name for name in NAMES if separator(name) == ";"} == {"content_layers", "style_layers", "style_blend", "iterations"}


def test_targets_depend_on_these_settings_besides_the_static_ones():
    assert {*OF_CONTENT} == {"keep_color", "proof"}
    assert {*OF_STYLES} & TRACED == (
        {"style_blend", "style_fit", "style_scale", "style_size", "keep_color", "color_match", "proof", "strength"}
    )
    assert {*OF_STYLE_PICTURES} == {*OF_STYLES} - {"style_blend", "keep_color", "color_match", "strength"}


def test_every_condition_of_use_can_be_evaluated_for_every_recipe():
    for settings in RECIPES.values():
        assert all(use.met(settings) in (True, False) for each in SETTINGS.values() for use in each.info.uses)


def values(name: str) -> st.SearchStrategy:
    """Values that `Settings` accepts for a setting."""
    each, within = SETTINGS[name], SETTINGS[name].info.within
    named = st.sampled_from(each.names) if each.names else st.nothing()
    if isinstance(each.default, bool):
        return st.booleans()
    if within:
        high = min(within.high, 2**32)
        if each.base is int:
            lists = st.just("600,200,66") if each.info.per_scale else st.nothing()
            return st.integers(int(within.low), int(high)) | named | lists
        numbers = st.floats(within.low, high, exclude_min=within.excluded == "low", exclude_max=within.excluded == "high")
        return numbers | named
    if each.info.commas:
        return st.sampled_from(["", "0.7,0.3", "1"] if name == "style_blend" else ["relu1_1", "relu1_1=.5,conv2_1"])
    return named | st.just("some/file.bin") if each.info.place else named


@given(st.data())
@pytest.mark.parametrize("name", NAMES)
def test_a_value_survives_being_written_and_parsed(name, data):
    value = data.draw(values(name))
    parsed = parse_setting(name, str(value))
    assert parsed == value and type(parsed) is type(value)
    assert parse_setting(name, value) == value
    assert getattr(Settings(**{name: parsed}), name) == value
    if str(value):
        assert parse_values(name, str(value)) == [value]


@pytest.mark.parametrize("name", [name for name in NAMES if SETTINGS[name].info.within])
def test_a_number_outside_of_its_range_is_refused_with_the_range(name):
    each, within = SETTINGS[name], SETTINGS[name].info.within
    outside = [within.low - 1, float("nan"), "much", *([within.high + 1] if within.high < 1e9 else [])]
    for value in outside + ([getattr(within, within.excluded)] if within.excluded else []):
        assert not each.allows(value)
        with pytest.raises(SettingsError, match=f"^{name} is {value}; it must be a .*"):
            Settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("size", "a whole number of pixels from 1 to 65535, or `native`"),
        ("smallest_size", "a whole number of pixels, at least 0"),
        ("tv_weight", "a number from 0 to 1e12"),
        ("noise", "a number from 0 to 1e6"),
        ("learning_rate", "a number above 0, at most 1000"),
        ("beta1", "a number from 0 up to, not including, 1"),
        ("scale_factor", "a number from 1.05 to 100"),
        ("seed", "a whole number from 0 to 4294967295"),
        ("carry", "one of last, average"),
        ("clamp", "true or false"),
    ],
)
def test_ranges_in_words(name, words):
    assert SETTINGS[name].wanted == words


@pytest.mark.parametrize("name", NAMES)
def test_cells_of_tables_with_types_are_read_as_the_type_of_the_setting(name):
    default = SETTINGS[name].default
    assert parse_setting(name, default) == default
    wrong = {bool: 2, int: 1.5, float: True, str: 7}[SETTINGS[name].base]
    with pytest.raises(SettingsError, match=f"^{name} is {wrong}; it must be "):
        parse_setting(name, wrong)


@pytest.mark.parametrize(("text", "value"), [("64.0", 64), (" 64 ", 64), ("native", "native"), (64.0, 64)])
def test_whole_numbers_as_spreadsheets_write_them(text, value):
    assert parse_setting("size", text) == value


def test_layers_are_parsed_once():
    settings = Settings()
    assert settings.style_layer_weights is settings.style_layer_weights
    assert settings == Settings() and hash(settings) == hash(Settings())


def test_a_file_among_the_settings():
    settings = Settings(init="start.png", proof="cmyk.icc", model="vgg19-slim")
    assert [settings.file(name) for name in ("init", "proof", "model")] == ["start.png", "cmyk.icc", ""]


@pytest.mark.parametrize("name", ["style_layers", "model", "style_blend"])
def test_a_text_that_is_none_is_refused(name):
    with pytest.raises(SettingsError, match=f"{name} is 7; it must be text"):
        Settings(**{name: 7})
