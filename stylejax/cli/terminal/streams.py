"""Standard output and standard error that never fail: what cannot be written any more is replaced by silence.

A reader that has seen enough (`| head -1`), a terminal that is gone, a full disk under a log, a descriptor that was closed from
the start (`>&-`): none of them may end the work, and none changes its exit code. All that is printed goes through here, whoever
prints.
"""

import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

NOBODY_READS = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF)
"""Errors that nobody need be told of: the reader or the terminal went away, or there never was one."""


class _Unfailing(io.FileIO):
    """A descriptor for writing whose first failure turns it into /dev/null, for other writers in this process, too."""

    def write(self, data) -> int:
        """Write as much as goes, and pretend to have written what does not."""
        try:
            while (written := super().write(data)) is None:  # it does not block, and is full
                select.select([], [self], [])
            return written
        except OSError as problem:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if problem.errno not in NOBODY_READS and self.fileno() == 1:
                with suppress(OSError):
                    told = f"stylejax: standard output cannot be written: {problem.strerror}; the work goes on without it\n"
                    os.write(2, told.encode())
            return len(data)


def make_streams_unfailing() -> None:
    """Replace `sys.stdout` and `sys.stderr`; for a program that has the process to itself, before anything else is opened."""
    for place in (0, 1, 2):
        try:
            os.fstat(place)
        except OSError:  # the next file would get this number, and whatever is printed
            os.open(os.devnull, os.O_RDONLY)  # which refuses a picture that is to go there
    if os.name == "posix":
        sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)


def _stream(place: int, before: TextIO | Any | None) -> io.TextIOWrapper:
    """Text written to a descriptor; what its encoding lacks is spelled out, rather than refused."""
    raw = _Unfailing(place, "wb", closefd=False)
    encoding = getattr(before, "encoding", None) or "utf-8"
    lines = place == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=lines)
