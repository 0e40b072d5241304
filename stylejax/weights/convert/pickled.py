"""What a pickle says, as plain data, without unpickling it.

A pickle is a program for a small stack machine, and unpickling runs it: it imports what the program names and calls what
it imported. Here the standard library's `pickletools` only lists the instructions, and those few that dictionaries of
tensors are written with are followed by hand. A name stays a `Global`, a call stays a `Call` that nobody makes, a reference to
bytes elsewhere stays a `Reference`. Nothing is imported and nothing is called, whatever the file says, so no file can run
code; any other instruction is refused.
"""

import pickletools
from dataclasses import dataclass
from typing import Any, BinaryIO

_MOST = 100_000
"""Instructions in one pickle; the 48 tensors of a VGG-19 take 1,628."""
_MARK = object()


@dataclass(frozen=True)
class Global:
    """The name of a Python object, `module name`."""

    name: str


@dataclass(frozen=True)
class Reference:
    """What the pickle calls an object that is stored outside of it."""

    key: Any


@dataclass(frozen=True)
class Call:
    """A call that unpickling would have made."""

    function: Any
    arguments: Any


class RefusedError(Exception):
    """The pickle holds something else than the plain data that this reader knows."""


def read_pickle(stream: BinaryIO) -> Any:
    """Follow one pickle from where `stream` stands, and leave it behind the pickle.

    Returns:
        None, numbers, strings, tuples, lists and dictionaries with strings as keys, of these and of `Global`, `Reference` and
        `Call`.

    Raises:
        RefusedError: the pickle has an instruction that plain data has no need of.
        ValueError: it ends too soon or makes no sense.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
            if count == _MOST:
                raise RefusedError(f"more than {_MOST} instructions")
            _follow(instruction.name, argument, stack, memo)
    except (IndexError, KeyError):
        raise ValueError("its pickle asks for what is not there") from None
    if len(stack) != 1:
        raise ValueError("its pickle leaves something over")
    return stack[0]


def _follow(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Do what one instruction says to the stack."""
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
    """Take what lies above the last mark off the stack, and the mark."""
    items = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _expect(value: Any, kind: type) -> Any:
    """`value`, which must be of `kind`."""
    if type(value) is not kind:
        raise ValueError(f"its pickle has a {type(value).__name__} where a {kind.__name__} belongs")
    return value
