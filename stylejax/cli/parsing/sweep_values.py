"""The flags of a sweep: every setting with one value, or several."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, ClassVar

import tyro

from stylejax.cli.parsing.sections import ABOUT, field_docs, sections, value_in_words
from stylejax.settings.derived import SETTINGS
from stylejax.settings.parse import separator
from stylejax.settings.settings import Settings


def _flags() -> type:
    """A dataclass with a text for each field of `Settings`: one value or several, empty for the recipe's."""
    docs, fields = field_docs(Settings), []
    for section, names in sections(Settings).items():
        fields += [(ABOUT + section, ClassVar[str], getattr(Settings, ABOUT + section))] if section else []
        fields += [(name, _flag(name, docs[name]), "") for name in names]
    return dataclasses.make_dataclass("Values", fields, frozen=True)


def _flag(name: str, about: str) -> Any:
    """The type of one flag: a text with the values that it may have, the help and the default of the setting."""
    each = SETTINGS[name]
    values = f"{value_in_words(each.type)}[{separator(name)}...]"
    default = "" if each.default == "" else f"(default: {str(each.default).lower()})"
    return Annotated[str, tyro.conf.arg(help=about, metavar=values, help_behavior_hint=default)]


Values: Any = _flags()


def in_short(value: Any) -> str:
    """A value as labels and file names show it: numbers without idle digits, files without their folders."""
    if isinstance(value, float):
        return f"{value:g}"
    return Path(value).name if isinstance(value, str) else str(value)
