"""What a shell may offer for a word. The completion scripts carry the source of this module: it must import only `sys`."""

import sys

FILES = "<files>"
"""What is printed where the shell is to offer its files."""


def offers(grammar: dict, words: list[str]) -> list[tuple[str, str]]:
    """What may stand in place of the last of `words`, which are those after the program's name; each with a remark.

    Bash takes `=` for a word of its own; elsewhere `--flag=value` is one.
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
    """Whether another word belongs to a slot that has `taken` some."""
    return slot["takes"] == "many" or taken < slot["takes"]


def values(slot: dict, word: str) -> list[tuple[str, str]]:
    """The known values that begin so, or else the files."""
    known = [(value, "") for value in slot["values"] if value.startswith(word)]
    return known if known or not slot["files"] else [(FILES, "")]


def print_offers(grammar: dict) -> None:
    """Print a line for each: the word, a tab, and the remark."""
    for found, about in offers(grammar, sys.argv[1:]):
        print(f"{found}\t{about}")
