"""Read a pickle as plain data, without unpickling it.

A pickle is a program for a small stack machine, and unpickling runs it: it imports the names in the program and calls them.
Here the standard library's `pickletools` only lists the instructions, and the few that serialize dictionaries of tensors
are interpreted. A name becomes a `Global`, a call becomes a `Call` that is never made, a reference to external bytes
becomes a `Reference`. Nothing is imported and nothing is called, so no file can run code; any other instruction is
rejected.
"""

import pickletools
from dataclasses import dataclass
from typing import Any, BinaryIO

_MAX_INSTRUCTIONS = 100_000
"""Limit of instructions in one pickle; the 48 tensors of a VGG-19 take 1,628."""
_MARK = object()


@dataclass(frozen=True)
class Global:
    """A Python object by name: `module name`."""

    name: str


@dataclass(frozen=True)
class Reference:
    """The key of an object that is stored outside the pickle."""

    key: Any


@dataclass(frozen=True)
class Call:
    """A call that unpickling would make."""

    function: Any
    arguments: Any


class RefusedError(Exception):
    """The pickle contains something other than plain data."""


def read_pickle(stream: BinaryIO) -> Any:
    """Interpret one pickle from the position of `stream`, which ends up behind it.

    Returns:
        None, numbers, strings, tuples, lists and dictionaries with string keys, of these and of `Global`, `Reference` and
        `Call`.

    Raises:
        RefusedError: the pickle has an instruction that plain data does not need.
        ValueError: it is truncated or malformed.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
            if count == _MAX_INSTRUCTIONS:
                raise RefusedError(f"more than {_MAX_INSTRUCTIONS} instructions")
            _interpret(instruction.name, argument, stack, memo)
    except (IndexError, KeyError):
        raise ValueError("its pickle asks for what is not there") from None
    if len(stack) != 1:
        raise ValueError("its pickle leaves something over")
    return stack[0]


def _interpret(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Apply one instruction to the stack."""
    match name:
        case "PROTO" | "STOP":
            pass
        case "MARK":
            stack.append(_MARK)
        case "NONE" | "NEWTRUE" | "NEWFALSE":
            stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
        case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE":
            stack.append(argument)
        case "EMPTY_TUPLE" | "EMPTY_LIST" | "EMPTY_DICT":
            stack.append({"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict}[name]())
        case "TUPLE1" | "TUPLE2" | "TUPLE3":
            size = int(name[-1])
            stack[-size:] = [tuple(stack[-size:])]
        case "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        case "APPEND" | "APPENDS":
            items = [stack.pop()] if name == "APPEND" else _since_mark(stack)
            _expect(stack[-1], list).extend(items)
        case "SETITEM" | "SETITEMS":
            items = [stack.pop(-2), stack.pop()] if name == "SETITEM" else _since_mark(stack)
            for key, value in zip(items[::2], items[1::2], strict=True):
                _expect(stack[-1], dict)[_expect(key, str)] = value
        case "BINPUT" | "LONG_BINPUT":
            memo[argument] = stack[-1]
        case "BINGET" | "LONG_BINGET":
            stack.append(memo[argument])
        case "GLOBAL":
            stack.append(Global(argument))
        case "BINPERSID":
            stack.append(Reference(stack.pop()))
        case "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            ordered = function == Global("collections OrderedDict") and arguments == ()
            stack.append({} if ordered else Call(function, arguments))
        case _:
            raise RefusedError(f"the instruction {name}")


def _since_mark(stack: list[Any]) -> list[Any]:
    """Pop the items above the last mark, and the mark."""
    items = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _expect(value: Any, kind: type) -> Any:
    """`value`, which must be of `kind`."""
    if type(value) is not kind:
        raise ValueError(f"its pickle has a {type(value).__name__} where a {kind.__name__} belongs")
    return value
