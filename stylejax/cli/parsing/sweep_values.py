"""The flags of a sweep: every setting with one value, or several to try."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import tyro

from stylejax.choices import names_in
from stylejax.cli.parsing.sections import field_docs
from stylejax.errors import SettingsError
from stylejax.settings.settings import Settings

WITH_COMMAS = ("content_layers", "style_layers", "style_blend")
"""Settings whose values contain commas; several of them are separated by semicolons."""


def _flags() -> type:
    """A dataclass with a text for each field of `Settings`: one value or several, empty for the recipe's."""
    told, fields = field_docs(Settings), []
    for field in dataclasses.fields(Settings):
        separator = ";" if field.name in WITH_COMMAS else ","
        named = names_in(field.type)
        value = f"{{{','.join(named)}}}" if named else "VALUE"
        about = tyro.conf.arg(
            help=told[field.name], metavar=f"{value}[{separator}...]", help_behavior_hint=f"(default: {field.default})"
        )
        fields.append((field.name, Annotated[str, about], ""))
    about = {"__doc__": "One value of each setting, or several, separated by commas."}
    return dataclasses.make_dataclass("Values", fields, frozen=True, namespace=about)


Values: Any = _flags()


def read_values(name: str, text: str) -> list[Any]:
    """The values of one setting, of the type of its default.

    Raises:
        SettingsError: a value is not of that type, or is given twice.
    """
    parts = [part.strip() for part in text.split(";" if name in WITH_COMMAS else ",")]
    if not all(parts) or len(set(parts)) < len(parts):
        raise SettingsError(f"{name} is {text!r}; give values that differ, separated by commas (layers and blends: semicolons)")
    default = getattr(Settings, name)
    return [_value(name, part, default) for part in parts]


def _value(name: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise SettingsError(f"{name} is {text!r}; it must be true or false")
    if isinstance(default, str) or (name == "size" and text == "native"):
        return text
    try:
        return type(default)(text)
    except ValueError:
        wanted = "a whole number" if isinstance(default, int) else "a number"
        raise SettingsError(f"{name} is {text!r}; each of its values must be {wanted}") from None


def in_short(value: Any) -> str:
    """A value as it is told on the sheet and in names: numbers without idle digits, files without their folders."""
    if isinstance(value, float):
        return f"{value:g}"
    return Path(value).name if isinstance(value, str) else str(value)
