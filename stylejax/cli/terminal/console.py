"""The one way to print for people: text as it is.

rich reads `[old]` in a file's name as a style and `:dog:` as a picture of a dog, and colors numbers. Consoles made here do not,
in lines, in tables and beside bars.
"""

from rich.console import Console


def plain_console(*, stderr: bool = False) -> Console:
    """A console that prints strings as they are, on standard output or standard error."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)
