"""Standard output and standard error that never fail: output that cannot be written is discarded.

A reader that closes its pipe (`| head -1`), a closed terminal, a full disk under a log, a descriptor that was closed from
the start (`>&-`): none of them may end the run or change its exit code. All printed output of the process goes through
these streams.
"""

import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

NOBODY_READS = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF)
"""Errors that need no message: the reader or the terminal has gone, or there never was one."""


class _Unfailing(io.FileIO):
    """A file descriptor that becomes /dev/null at its first failure, for all writers in this process."""

    def write(self, data) -> int:
        """Write what can be written, and report everything as written."""
        try:
            while (written := super().write(data)) is None:  # it is non-blocking and full
                select.select([], [self], [])
            return written
        except OSError as problem:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if problem.errno not in NOBODY_READS and self.fileno() == 1:
                with suppress(OSError):
                    message = f"stylejax: standard output cannot be written: {problem.strerror}; the run continues without it\n"
                    os.write(2, message.encode())
            return len(data)


def make_streams_unfailing() -> None:
    """Replace `sys.stdout` and `sys.stderr`, in a program that owns its process, before it opens any file."""
    for place in (0, 1, 2):
        try:
            os.fstat(place)
        except OSError:  # the next file opened would get this number, and the printed output
            os.open(os.devnull, os.O_RDONLY)  # which rejects a picture that is to be written there
    if os.name == "posix":
        sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)


def _stream(place: int, before: TextIO | Any | None) -> io.TextIOWrapper:
    """A text stream for a descriptor; characters that its encoding lacks become escapes."""
    raw = _Unfailing(place, "wb", closefd=False)
    encoding = getattr(before, "encoding", None) or "utf-8"
    lines = place == 2 or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=lines)


def divert_libraries() -> None:
    """Discard what libraries write to standard output past `sys.stdout`, which goes on as before."""
    sys.stdout.flush()
    own, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = _stream(own, sys.stdout)
