"""Run a command as a process: signals, failing streams, and errors in one line.

Imports nothing slow.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from stylejax.cli.terminal.streams import make_streams_unfailing
from stylejax.errors import StylejaxError
from stylejax.signals import listen, received_signals


def run_as_process(run: Callable[[list[str]], int], arguments: Sequence[str] | None) -> None:
    """Call `run` with the arguments of the command line and exit.

    Exit codes: what `run` returns; 1 for a bug in stylejax, 2 for a user error, 129, 130 or 143 for a signal.

    Args:
        run: executes the command.
        arguments: None for those of this process; stylejax then owns the process and handles its signals and streams.
    """
    if arguments is None:
        make_streams_unfailing()
        listen()
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        print_error("stopped")
        code = received_signals().exit_code
    except Exception as problem:
        code, message = outcome(problem)
        if code == 1 and os.environ.get("STYLEJAX_TRACEBACK"):
            raise
        print_error(message)
    if arguments is None:
        _leave_compilers(code)
    sys.exit(code)


def _leave_compilers(code: int) -> None:
    """End the process at once if a compiler is still working on a program that nobody will run; Python would wait for it."""
    programs = sys.modules.get("stylejax.run.programs.program")
    if programs and programs.compiling():
        leave_at_once(code)


def leave_at_once(code: int) -> NoReturn:
    """End the process whatever its threads do; all printed output is written."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def outcome(problem: Exception) -> tuple[int, str]:
    """Exit code and message of an error."""
    if isinstance(problem, StylejaxError):
        return 2, str(problem)
    if isinstance(problem, MemoryError) or "RESOURCE_EXHAUSTED" in str(problem):
        return 2, "there is not enough memory; choose a smaller size, or fewer pictures at a time"
    if isinstance(problem, OSError):
        place = f"{problem.filename}: " if problem.filename is not None else ""
        remedy = "make room" if problem.errno in (errno.ENOSPC, errno.EDQUOT) else "correct that or name another place"
        return 2, f"{place}{problem.strerror or problem}; {remedy}"
    line = " ".join(f"{type(problem).__name__}: {problem}".split())[:500]
    return 1, f"this is a bug in stylejax, please report it: {line} (to see where, set STYLEJAX_TRACEBACK=1)"


def print_error(message: str) -> None:
    """Print the one line of an error."""
    from stylejax.cli.terminal.console import plain_console

    plain_console(stderr=True).print(f"stylejax: {message}", style="red", soft_wrap=True)
