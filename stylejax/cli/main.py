"""The entry point of the command line, which handles signals and streams before it imports anything slow."""

from collections.abc import Sequence

from stylejax.cli.process import run_as_process


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 a bug, 2 a user error, 3 some pictures failed, 129, 130 or 143 stopped."""
    run_as_process(_run, arguments)


def _run(arguments: list[str]) -> int:
    from stylejax.cli.parsing import commands

    return commands.run(arguments)
