"""The values of settings from text, and from the cells of a table."""

import os
from typing import Any

from stylejax.errors import SettingsError
from stylejax.settings.derived import SETTINGS

_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def parse_setting(name: str, value: Any) -> Any:
    """Read one value of the setting `name`, as the type of its default.

    Args:
        name: a field of `Settings`.
        value: text; or a number, a truth value or a path, from a table whose cells have types.

    Raises:
        SettingsError: the value is of another type. `Settings` checks its range.
    """
    each = SETTINGS[name]
    try:
        if isinstance(value, str) and value in each.names:
            return value
        return _counts(value) if each.info.per_scale else _READERS[each.base](value)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise SettingsError(f"{name} is {value!r}; it must be {each.kind}") from None


def parse_values(name: str, text: str) -> list[Any]:
    """Read several values of one setting, separated by commas, or by semicolons where the values contain commas.

    Raises:
        SettingsError: a value is not of the setting's type, is empty, or is given twice.
    """
    parts = [part.strip() for part in text.split(separator(name))]
    values = [parse_setting(name, part) for part in parts if part]
    if len(values) < len(parts) or len(set(values)) < len(values):
        raise SettingsError(
            f"{name} is {text!r}; give values that differ, separated by commas (layers, blends, iterations: semicolons)"
        )
    return values


def separator(name: str) -> str:
    """What separates several values of the setting `name`."""
    return ";" if SETTINGS[name].info.commas else ","


def _bool(value: Any) -> bool:
    return _TRUTH[str(value).strip().lower()]


def _int(value: Any) -> int:
    """A whole number, which a spreadsheet may have written as `64.0`."""
    number = _float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _counts(value: Any) -> int | str:
    """A whole number, or the text of one for each scale."""
    if not isinstance(value, str) or "," not in value:
        return _int(value)
    return ",".join(str(_int(entry)) for entry in value.split(","))


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    return float(value)


def _str(value: Any) -> str:
    if not isinstance(value, str | os.PathLike):
        raise ValueError
    return os.fspath(value)


_READERS = {bool: _bool, int: _int, float: _float, str: _str}
