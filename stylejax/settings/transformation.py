"""Optimizers of optax as values of a setting, known without an import of optax."""

from collections.abc import Callable, Iterator
from types import UnionType
from typing import Any, Protocol, Union, get_args, get_origin, runtime_checkable


@runtime_checkable
class Transformation(Protocol):
    """An `optax.GradientTransformation`, such as `optax.lion(1e-2)`."""

    init: Callable[..., Any]
    update: Callable[..., Any]


def written_type(kind: Any) -> Any:
    """The type of a setting without transformations, which text cannot give."""
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    return Union[tuple(part for part in parts if part is not Transformation)] if Transformation in parts else kind  # noqa: UP007


def describe(value: object) -> str:
    """A value of a setting in words; of a transformation the functions that it is made of, whose numbers are unknown.

    Example:
        >>> import optax
        >>> describe(optax.sgd(1e-2, momentum=0.9))
        'optax (trace, scale)'
    """
    if not isinstance(value, Transformation):
        return str(value)
    return f"optax ({', '.join(_makers(value.update))})"


def _makers(function: Callable[..., Any]) -> Iterator[str]:
    """The names of the functions that made a closure, and the closures inside it."""
    inner = [part for cell in getattr(function, "__closure__", None) or () for part in _functions(cell.cell_contents)]
    for part in inner:
        yield from _makers(part)
    if not inner:
        yield getattr(function, "__qualname__", type(function).__name__).partition(".<locals>")[0]


def _functions(value: object) -> list[Callable[..., Any]]:
    if isinstance(value, Transformation):
        return [value.update]
    return [part for part in (value if isinstance(value, tuple | list) else [value]) if callable(part)]
