"""Consoles that print text unchanged.

By default rich interprets `[old]` in a file name as a style and `:dog:` as an emoji, and colors numbers. Consoles made here do
not, in lines, tables and bars.
"""

from rich.console import Console


def plain_console(*, stderr: bool = False) -> Console:
    """A console that prints strings unchanged, on standard output or standard error."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)
