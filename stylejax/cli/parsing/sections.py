"""Flags in titled groups, derived from the dataclass that declares them.

A class variable whose name begins with `about_` starts a section of a dataclass, and the fields that follow belong to it:

    about_live_page: ClassVar = "Watch the run in a browser."
    live: bool = False

`--help` then shows a box "live page options" with that sentence. tyro groups flags only by nested dataclasses; with sections
the settings stay one flat dataclass, whose fields are also keyword arguments of the library. A dataclass that holds such a one
names it `""`, because tyro would put the name before the titles, and holds it before its own sections.
"""

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import tyro
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructFieldSpec, StructTypeInfo

from stylejax.settings.transformation import written_type

ABOUT = "about_"

REGISTRY = ConstructorRegistry()
"""Makes tyro group flags by section: `tyro.cli(..., registry=REGISTRY)`."""


def sections(kind: type) -> dict[str, list[str]]:
    """The fields of a dataclass by section, in order; those before the first section under ""."""
    fields = {field.name for field in dataclasses.fields(kind)}
    found: dict[str, list[str]] = {"": []}
    for name in kind.__annotations__:
        if name.startswith(ABOUT):
            found[name.removeprefix(ABOUT)] = []
        elif name in fields:
            found[list(found)[-1]].append(name)
    return found


@cache
def field_docs(kind: type) -> dict[str, str]:
    """The docstring below each field, on one line; empty for a class without source."""
    try:
        (declared,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):
        return {}
    assert isinstance(declared, ast.ClassDef)
    docs = {}
    for field, doc in pairwise(declared.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(doc, ast.Expr):
            docs[field.target.id] = " ".join(ast.literal_eval(doc.value).split())
    return docs


@REGISTRY.struct_rule
def _by_section(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Make tyro build a dataclass from one structure for each section, with the docstrings below its fields as help."""
    kind = info.type
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)) or kind.__module__.startswith("tyro."):
        return None
    if hasattr(kind, "_docs"):  # a section, created below
        made = _field_specs(kind, [field.name for field in dataclasses.fields(kind)], info.default, kind._docs)
        return StructConstructorSpec(kind, tuple(made))
    by_section, docs = sections(kind), field_docs(kind)
    made = _field_specs(kind, by_section.pop(""), info.default, docs)
    if not by_section:
        return StructConstructorSpec(kind, tuple(made))
    for title, names in by_section.items():
        section = _section(title, getattr(kind, ABOUT + title), _field_specs(kind, names, info.default, docs), docs)
        titled = Annotated[tyro.conf.OmitArgPrefixes[section], tyro.conf.arg(name=title.replace("_", " "))]
        made.append(StructFieldSpec(ABOUT + title, titled, section()))  # pyright: ignore[reportArgumentType]
    return StructConstructorSpec(_joined(kind, list(by_section)), tuple(made))


def _field_specs(kind: type, names: list[str], instance: Any, docs: dict[str, str]) -> list[StructFieldSpec]:
    """Specifications of the named fields, with the values of `instance` as defaults if there is one."""
    hints = {name: written_type(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}
    fields = {field.name: field for field in dataclasses.fields(kind)}
    defaults = {name: _default(fields[name], instance) for name in names}
    return [StructFieldSpec(name, _in_words(hints[name], defaults[name]), defaults[name], docs.get(name, "")) for name in names]


def _in_words(hint: Any, default: Any) -> Any:
    """The type of a flag whose help does without Python's values, unless the flag has words of its own.

    Truth values are on and off. None and what is empty are not shown: the help of such a flag says what happens without it.
    """
    kind, *own = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    shown: dict[str, Any] = {}
    if isinstance(default, bool):
        shown["help_behavior_hint"] = "(default: on)" if default else "(default: off)"
    elif (default is None or default in ("", ())) and tyro.conf.UseAppendAction not in own:
        shown["help_behavior_hint"] = ""
    if NoneType in get_args(kind):
        shown["metavar"] = value_in_words(kind)
    return Annotated[kind, tyro.conf.arg(**shown), *own]


def value_in_words(kind: Any) -> str:
    """The values of a type, as `--help` shows them: `INT|{native}`."""
    if kind is bool:
        return "{true,false}"
    if get_origin(kind) is Literal:
        return f"{{{','.join(get_args(kind))}}}"
    parts = [part for part in get_args(kind) if part is not NoneType]
    return "|".join(map(value_in_words, parts)) if parts else kind.__name__.upper()


def _default(field: dataclasses.Field, instance: Any) -> Any:
    if dataclasses.is_dataclass(instance):
        return getattr(instance, field.name)
    if field.default is not dataclasses.MISSING:
        return field.default
    return tyro.MISSING if field.default_factory is dataclasses.MISSING else field.default_factory()


def _section(title: str, about: str, specs: list[StructFieldSpec], docs: dict[str, str]) -> type:
    """Create a dataclass of the fields of one section."""
    fields = [(spec.name, spec.type, dataclasses.field(default_factory=lambda spec=spec: spec.default)) for spec in specs]
    return dataclasses.make_dataclass(title, fields, namespace={"__doc__": about, "_docs": docs}, frozen=True)


def _joined(kind: type, titles: list[str]) -> Callable[..., Any]:
    """A constructor of `kind` from its sections and its fields outside of sections."""

    def build(**values: Any) -> Any:
        for title in titles:
            values |= vars(values.pop(ABOUT + title))
        return kind(**values)

    build.__doc__ = inspect.getdoc(kind)  # tyro shows it above the flags
    return build
