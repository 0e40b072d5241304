"""Compute in float32, also in a process that has set JAX to 64 bits (`JAX_ENABLE_X64`).

The pure functions (`objective`, the networks, the optimizers) compute in the type of their arguments. Functions that make
arrays of their own are marked with `in_float32`. The setting applies to the thread while the function runs, and not while a
generator waits.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax

Function = TypeVar("Function", bound=Callable[..., Any])


def in_float32(function: Function) -> Function:
    """The function, or the generator, with JAX at 32 bits and with its usual promotion of types."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generate(*args: Any, **options: Any) -> Iterator[Any]:
            items = function(*args, **options)
            advance = _in_float32(lambda: next(items, _END))
            while (item := advance()) is not _END:
                yield item

        return generate  # pyright: ignore[reportReturnType]
    return functools.wraps(function)(_in_float32(function))  # pyright: ignore[reportReturnType]


_END = object()


def _in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
            return function(*args, **options)

    return run
