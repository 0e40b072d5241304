"""A file of lines to which several processes append, and which they rewrite, without losing each other's lines."""

import os
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from stylejax.files.atomic import write_atomically
from stylejax.files.bounded_read import open_regular
from stylejax.files.lock import file_lock

_KNOWN = 4096
"""How many of the last bytes read identify a file that has only grown."""


def append_line(path: Path, line: bytes) -> None:
    """Append a line, which ends in a newline, whole or not at all; a truncated last line is terminated first.

    Raises:
        OSError: the file cannot be written, or the disk is full.
    """
    with file_lock(path) as (file, held):
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        left = memoryview(line)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            if held:
                with suppress(OSError):
                    file.truncate(end)
            raise


def rewrite_lines(path: Path, change: Callable[[bytes], bytes]) -> bool:
    """Replace the content of a file by `change(content)` under a lock; a file without content is removed.

    Returns:
        False if there is something to change but no lock: nothing is changed, because appended lines could be lost.

    Raises:
        OSError: the file cannot be read or written, or the disk is full; it is unchanged.
    """
    with file_lock(path) as (file, held):
        file.seek(0)
        before = file.readall()
        after = change(before)
        if after and after == before:
            return True
        if not held:
            return False
        if not after:
            path.unlink()
            return True
        with write_atomically(path) as new:
            new.write(after)
    return True


class Tail:
    """Reads a growing file of lines piece by piece. No two of its lines may be equal."""

    def __init__(self):
        self._end, self._last = 0, b""

    def read(self, path: Path) -> tuple[bytes, bool]:
        """Read what was appended since the last call.

        A last line without newline is returned now and again next time.

        Returns:
            The bytes, and whether they are the whole file: because it was rewritten, or this is the first call.

        Raises:
            OSError: the file does not exist, is not a regular file, or cannot be read.
        """
        with BufferedReader(open_regular(path)) as file:
            file.seek(self._end - len(self._last))
            added = file.read()
            if self._last and added.startswith(self._last):
                return self._advance(added[len(self._last) :]), False
            self._end, self._last = 0, b""
            file.seek(0)
            return self._advance(file.read()), True

    def _advance(self, added: bytes) -> bytes:
        lines = added[: added.rfind(b"\n") + 1]
        self._end += len(lines)
        self._last = (self._last + lines)[-_KNOWN:]
        return added
