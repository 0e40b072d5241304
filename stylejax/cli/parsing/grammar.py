"""The commands, their flags and their values as tyro knows them, for completion and for error messages."""

import ast
import contextlib
import io
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

from stylejax.choices import NetworkName, PublishedName, ShellName, names_in

Slot = dict[str, Any]
"""A flag or a positional argument: its known `values`; `files`, whether it may be a path; `takes`, its number of words, 0, 1 or
"many"; and `about`, a sentence."""
Grammar = dict[str, Any]
"""A command: `commands`, the grammars of its subcommands by name; `flags`, their slots by name; `place`, the slot of its
positional arguments, or None."""

_SPECIFICATION = re.compile(r"^COMPLETION_SPEC = (\{.*\})$", re.MULTILINE)
_FILES: Slot = {"values": [], "files": True, "takes": "many", "about": ""}
_NONE: Slot = {"values": [], "files": False, "takes": 0}
ROOT_FLAGS: dict[str, Slot] = {
    "--help": {**_NONE, "about": "show help message and exit"},
    "--version": {**_NONE, "about": "print the version and exit"},
}
"""Flags that may replace a command."""

_PLACES: dict[str, Slot] = {
    "stylize": _FILES,
    "sweep": _FILES,
    "batch": _FILES,
    "weights convert": _FILES,
    "weights fetch": {**_FILES, "values": names_in(PublishedName), "files": False},
    "weights verify": {**_FILES, "values": names_in(NetworkName)},
    "completion": {**_FILES, "values": names_in(ShellName), "files": False},
}
"""Positional arguments by command; tyro's specification omits them."""


def read_grammar(parse: Callable[[Sequence[str]], Any], *, command: str = "") -> Grammar:
    """The grammar of `command`, or of all commands, read from the completion script that tyro generates for `parse`."""
    with contextlib.redirect_stdout(io.StringIO()) as script, contextlib.suppress(SystemExit):
        parse(["--tyro-print-completion", "bash"])
    found = _SPECIFICATION.search(script.getvalue())
    assert found, "tyro's script has no specification"
    grammar = _grammar(command, ast.literal_eval(found[1]))
    return grammar if command else grammar | {"flags": ROOT_FLAGS}


def _grammar(path: str, command: dict[str, Any]) -> Grammar:
    flags = {name: _flag(option) for option in command["options"] for name in option["flags"]}
    below = {name: _grammar(f"{path} {name}".strip(), sub) for name, sub in command["subcommands"].items()}
    return {"commands": below, "flags": flags, "place": _PLACES.get(path)}


def _flag(option: dict[str, Any]) -> Slot:
    shape, separator, about = option["description"].partition(" • ")
    shape, about = (shape, about) if separator else ("", shape)
    values = [value for known in re.findall(r"\{([^}]*)\}", shape) for value in known.split(",") if value != "None"]
    takes: Literal[0, 1, "many"] = 1
    if option["type"] in ("flag", "boolean"):
        takes = 0
    elif option.get("nargs") == "*":
        takes = "many"
    files = option["type"] == "path" or "PATH" in shape or "STR" in shape
    return {"values": values, "files": files, "takes": takes, "about": _first_sentence(about)}


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;:]) | \(default", " ".join(text.split()))[0].rstrip(".;:")
