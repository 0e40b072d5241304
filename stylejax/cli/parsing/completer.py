"""The completions of a word. The completion scripts contain the source of this module, so it imports only `sys`."""

import sys

FILES = "<files>"
"""Printed where the shell should offer files."""


def offers(grammar: dict, words: list[str]) -> list[tuple[str, str]]:
    """Completions of the last of `words`, which follow the program's name; each with a description.

    Bash splits `--flag=value` into three words; other shells keep it as one.
    """
    *before, word = [each for each in words[:-1] if each != "="] + [words[-1].removeprefix("=")]
    name, equals, value = word.partition("=")
    if word.startswith("-") and equals:
        return [(f"{name}={found}", about) for found, about in offers(grammar, [*before, name, value]) if found != FILES]
    command, flag, taken = grammar, None, 0
    for each in before:
        if each.startswith("-"):
            flag, taken = command["flags"].get(each), 0
        elif flag and wants(flag, taken):
            taken += 1
        elif each in command["commands"]:
            command, flag = command["commands"][each], None
    if word.startswith("-"):
        return [(name, slot["about"]) for name, slot in command["flags"].items() if name.startswith(word)]
    if flag and wants(flag, taken):
        return values(flag, word)
    if command["commands"]:
        return [(name, "") for name in command["commands"] if name.startswith(word)]
    return values(command["place"], word) if command["place"] else []


def wants(slot: dict, taken: int) -> bool:
    """Whether a slot that has taken so many words takes another."""
    return slot["takes"] == "many" or taken < slot["takes"]


def values(slot: dict, word: str) -> list[tuple[str, str]]:
    """The known values with the prefix `word`, or else files."""
    known = [(value, "") for value in slot["values"] if value.startswith(word)]
    return known if known or not slot["files"] else [(FILES, "")]


def print_offers(grammar: dict) -> None:
    """Print a line for each completion: the word, a tab, and its description."""
    for found, about in offers(grammar, sys.argv[1:]):
        print(f"{found}\t{about}")
