"""One-line messages for command lines that cannot be parsed: what was given, what was expected, and where to read more."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from tyro import _errors as tyro_errors

from stylejax.cli.parsing.grammar import Grammar
from stylejax.errors import UsageError, nearest

_IN_WORDS = {"INT": "a whole number", "FLOAT": "a number", "PATH": "a path", "STR": "a text", "{True,False}": "True or False"}


@contextmanager
def errors_in_one_line(arguments: Sequence[str], root: Grammar, grammar_of: Callable[[str], Grammar]) -> Iterator[None]:
    """Raise UsageError instead of printing tyro's boxes while the block parses `arguments`.

    Args:
        arguments: the words after the program's name.
        root: the commands and the flags that may come first.
        grammar_of: the grammar of a command.
    """

    def fail(event: tyro_errors.ParseErrorEvent) -> NoReturn:
        command, *words = arguments
        if command in root["commands"]:
            grammars = {name: grammar_of(name) for name in root["commands"]}
            raise UsageError(_Line(command, words, grammars[command], grammars).message(event))
        raise UsageError(_Line("", [command, *words], root, {}).message(event))

    with tyro_errors.on_parse_error(fail):
        yield


class _Line:
    """A command, the words that follow its name, its grammar, and those of all commands."""

    def __init__(self, command: str, words: list[str], grammar: Grammar, commands: dict[str, Grammar]):
        self._commands = commands
        while command and words and words[0] in grammar["commands"]:
            command, grammar, words = f"{command} {words[0]}", grammar["commands"][words[0]], words[1:]
        self._title, self._help = command or "stylejax", f"stylejax {command}".rstrip() + " --help"
        self._words, self._grammar = words, grammar

    def message(self, event: tyro_errors.ParseErrorEvent) -> str:
        """The mistake in one line."""
        mistake = self._unknown() or self._misused(event)
        return f"{mistake} See {self._help}" if mistake.endswith("?") else f"{mistake}; see {self._help}"

    def _unknown(self) -> str:
        """The mistake in the first word that is no known command or flag; empty where all are known."""
        commands, flags = self._grammar["commands"], self._grammar["flags"]
        if commands and not self._words:
            return f"{self._title} needs a command; there are {', '.join(commands)}"
        if commands and not self._words[0].startswith("-"):
            meant = _meant(self._words[0], commands) or f"there are {', '.join(commands)}"
            return f"{self._title} has no command {self._words[0]!r}; {meant}"
        for word in self._words[: self._words.index("--") if "--" in self._words else None]:
            name, equals, value = word.partition("=")
            name = name.replace("_", "-")
            if name in flags and equals and not flags[name]["takes"]:
                return f"{name} takes no value, but got {value!r}"
            known = name in flags or (word[:2] in flags and word[1] != "-")  # -opainted.png
            if re.match(r"--?[a-z]", name, re.IGNORECASE) and not known and not _is_number(word):
                owners = [command for command, grammar in self._commands.items() if name in grammar["flags"]]
                if owners:
                    return f"{self._title} has no flag {name}; it is a flag of {_listed(owners, 'and')}"
                meant = _meant(name, [flag for flag in flags if len(flag) > 2])
                return f"{self._title} has no flag {name}" + (meant and f"; {meant}")
        return ""

    def _misused(self, event: tyro_errors.ParseErrorEvent) -> str:
        if isinstance(event, tyro_errors.MissingArgs):
            return f"{self._title} needs {_listed([_name(each.arg) for each in event.missing_arguments], 'and')}"
        if isinstance(event, tyro_errors.BadValue):
            return f"{_name(event.argument)} needs a value, {_wanted(event.argument)}"
        if isinstance(event, tyro_errors.InvalidChoice):
            meant = _meant(event.value, event.choices)
            return f"{_name(event.argument)} is {event.value!r}; it must be {_one_of(event.choices)}" + (meant and f"; {meant}")
        if isinstance(event, tyro_errors.UnrecognizedArgs):
            return f"{self._title} has no place for {event.tokens[0]!r}"
        if isinstance(event, tyro_errors.InstantiationFailure) and event.argument:
            return f"{_name(event.argument)} is {self._value_of(event.argument)}; it must be {_wanted(event.argument)}"
        return " ".join(str(getattr(event, "message", type(event).__name__)).split())

    def _value_of(self, argument: Any) -> str:
        """The value given for a flag, in quotes."""
        for number, word in enumerate(self._words):
            name, equals, value = word.partition("=")
            if name.replace("_", "-") in argument.lowered.name_or_flags:
                return repr(value if equals else " ".join(self._words[number + 1 : number + 2]))
        return "something else"


def _name(argument: Any) -> str:
    """The longest name of a flag, or the name of a positional argument."""
    return str(argument.lowered.metavar) if argument.is_positional() else max(argument.lowered.name_or_flags, key=len)


def _wanted(argument: Any) -> str:
    """The values that an argument may have, in words."""
    kinds = [kind for kind in str(argument.lowered.metavar).split("|") if kind != "{None}"]
    return _listed([_IN_WORDS.get(kind) or _one_of(kind.strip("{}").split(",")) for kind in kinds], "or")


def _one_of(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"one of {', '.join(values)}"


def _listed(words: Sequence[str], joined: str) -> str:
    return f" {joined} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _meant(word: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or an empty text where no known word is similar."""
    begun = [each for each in known if len(word.strip("-")) > 2 and each.lstrip("-").startswith(word.lstrip("-"))]
    near = begun[0] if begun else nearest(word, known, cutoff=0.6)
    return f"did you mean {near}?" if near else ""
