"""Metadata of the fields of `Settings`.

`Settings` declares each field with `setting(...)`. From these declarations follow the range checks and their messages, the
parsing of text, the columns of a table, which pictures can share a batch and which of them share targets (`derived`, `parse`,
`validation`).
"""

import dataclasses
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from stylejax.choices import names_in
from stylejax.errors import SettingsError
from stylejax.files.user_paths import expand_home
from stylejax.settings.per_scale import parse_counts
from stylejax.settings.transformation import Transformation, written_type

if TYPE_CHECKING:
    from stylejax.settings.settings import Settings

T = TypeVar("T")
Decided = Literal["content", "style", "style picture"]
"""What a setting helps to decide: the content targets, the style targets, or the pixels of the style pictures, from which the
style targets are made."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included unless `excluded` names one of them."""

    low: float
    high: float
    excluded: Literal["", "low", "high"] = ""
    unit: str = ""

    def contains(self, value: Any) -> bool:
        """Whether a value is a number in the range."""
        try:
            inside = self.low <= value <= self.high
        except TypeError:
            return False
        return bool(inside and not (self.excluded and value == getattr(self, self.excluded)))

    def in_words(self, kind: str) -> str:
        """`a number from 0 to 1`, for the kind `a number`."""
        kind = f"{kind} of {self.unit}" if self.unit else kind
        low, high = _short(self.low), _short(self.high)
        if self.high == math.inf:
            return f"{kind}, at least {low}"
        if self.excluded == "low":
            return f"{kind} above {low}, at most {high}"
        if self.excluded == "high":
            return f"{kind} from {low} up to, not including, {high}"
        return f"{kind} from {low} to {high}"


class Use(NamedTuple):
    """A condition under which a setting is used; otherwise it is idle."""

    other: str
    """The setting that decides it."""
    met: "Callable[[Settings], bool]"
    wanted: str
    """The condition in words, such as `with init noise`."""
    state: "Callable[[Settings], object] | None" = None
    """What a message says about `other` where the condition is not met; its value unless given."""


@dataclass(frozen=True)
class SettingInfo:
    """The metadata of a field; see `setting`."""

    traced: bool
    within: Range | None
    decides: tuple[Decided, ...]
    uses: tuple[Use, ...]
    harmless: tuple[Any, ...]
    commas: bool
    place: bool
    per_scale: bool


def setting(
    default: T,
    *,
    traced: bool = False,
    within: Range | None = None,
    decides: tuple[Decided, ...] = (),
    uses: tuple[Use, ...] = (),
    harmless: tuple[Any, ...] = (),
    commas: bool = False,
    place: bool = False,
    per_scale: bool = False,
) -> T:
    """Declare a field of `Settings`.

    Args:
        default: value in the default recipe.
        traced: whether the pictures of one batch may differ in it. They share every static setting, because it decides the
            compiled program.
        within: range of a number.
        decides: what a traced setting, or one of the style pictures, helps to decide.
        uses: the conditions, all of which must be met for the setting to be used.
        harmless: values that are accepted although the setting is idle, because they ask for what happens anyway.
        commas: whether values contain commas, so that several of them are separated by semicolons.
        place: whether a value may be the path or URL of a file.
        per_scale: whether a whole number may differ from scale to scale; see `settings.per_scale`.
    """
    info = SettingInfo(traced, within, decides, uses, harmless, commas, place, per_scale)
    return dataclasses.field(default=default, metadata={SettingInfo: info})


@dataclass(frozen=True)
class Setting:
    """One field of `Settings`: its name, type, default and metadata."""

    name: str
    type: Any
    """Its type, without values that only Python can give."""
    default: Any
    info: SettingInfo
    transformations: bool = False
    """Whether Python may also give an optimizer of optax."""

    @cached_property
    def names(self) -> list[str]:
        """The values that the type lists by name."""
        return names_in(self.type)

    @property
    def kind(self) -> str:
        """What a value is, in words."""
        return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[self.base]

    @cached_property
    def base(self) -> Any:
        """The type of the values that have no name: `int` for `int | Literal["auto"]`."""
        return next((part for part in (*get_args(self.type), self.type) if part in (bool, int, float)), str)

    @property
    def wanted(self) -> str:
        """What a value may be, in words."""
        if self.info.within is None:
            return f"one of {', '.join(self.names)}" if get_origin(self.type) is Literal else self.kind
        others = ["several for the scales, such as 600,200,66"] if self.info.per_scale else [f"`{name}`" for name in self.names]
        return ", or ".join([self.info.within.in_words(self.kind), *others])

    def allows(self, value: Any) -> bool:
        """Whether a value is in the range, or one of the names where there are no others."""
        if self.transformations and isinstance(value, Transformation):
            return True
        if get_origin(self.type) is Literal:
            return value in self.names
        if self.info.within is None:
            return not isinstance(self.default, str) or isinstance(value, str)
        if isinstance(value, str) and value in self.names:
            return True
        if self.info.per_scale and isinstance(value, str):
            return self._allows_counts(value)
        return self._in_range(value)

    def _allows_counts(self, text: str) -> bool:
        try:
            return all(map(self._in_range, parse_counts(text)))
        except ValueError:
            return False

    def _in_range(self, value: Any) -> bool:
        assert self.info.within is not None
        return self.info.within.contains(value) and (isinstance(value, Integral) or self.kind != "a whole number")

    def given_place(self, value: Any) -> Any:
        """A path as text with `~` expanded; other values as they are.

        Raises:
            SettingsError: the path is empty, and the setting has no default that is empty.
        """
        if value == "" and self.default:
            raise SettingsError(f"{self.name} is empty; name a file, or leave it out")
        return expand_home(os.fspath(value)) if isinstance(value, str | os.PathLike) else value


@cache
def fields_of(kind: type) -> dict[str, Setting]:
    """The settings that a dataclass declares, by name and in order."""
    settings = {}
    for field in dataclasses.fields(kind):
        written, info = written_type(field.type), field.metadata[SettingInfo]
        settings[field.name] = Setting(field.name, written, field.default, info, transformations=written != field.type)
    return settings


def check_values(settings: Any) -> None:
    """Raise SettingsError for the first setting whose value is not allowed; the message names what would be."""
    for name, each in fields_of(type(settings)).items():
        value = getattr(settings, name)
        if not each.allows(value):
            raise SettingsError(f"{name} is {value}; it must be {each.wanted}")


def _short(number: float) -> str:
    """A bound of a range without idle digits: `1e12`, `65535`."""
    return str(number) if isinstance(number, int) else f"{number:g}".replace("e+0", "e").replace("e+", "e")
