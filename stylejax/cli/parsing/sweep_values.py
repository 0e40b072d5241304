"""The flags of a sweep: every setting with one value, or several."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import tyro

from stylejax.cli.parsing.sections import field_docs
from stylejax.settings.derived import SETTINGS
from stylejax.settings.parse import separator
from stylejax.settings.settings import Settings


def _flags() -> type:
    """A dataclass with a text for each field of `Settings`: one value or several, empty for the recipe's."""
    docs, fields = field_docs(Settings), []
    for name, each in SETTINGS.items():
        value = f"{{{','.join(each.names)}}}" if each.names else "VALUE"
        flag = tyro.conf.arg(
            help=docs[name], metavar=f"{value}[{separator(name)}...]", help_behavior_hint=f"(default: {each.default})"
        )
        fields.append((name, Annotated[str, flag], ""))
    namespace = {"__doc__": "One value of each setting, or several, separated by commas."}
    return dataclasses.make_dataclass("Values", fields, frozen=True, namespace=namespace)


Values: Any = _flags()


def in_short(value: Any) -> str:
    """A value as labels and file names show it: numbers without idle digits, files without their folders."""
    if isinstance(value, float):
        return f"{value:g}"
    return Path(value).name if isinstance(value, str) else str(value)
