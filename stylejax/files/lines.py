"""A file of lines that several processes add to, and tidy, without losing one another's."""

import os
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from stylejax.files.atomic import write_atomically
from stylejax.files.bounded_read import open_regular
from stylejax.files.lock import file_lock

_KNOWN = 4096
"""Bytes before the end by which a file is known again."""


def append_line(path: Path, line: bytes) -> None:
    """Add a line, which ends in a newline, whole or not at all; a last line that was cut off is ended first.

    Raises:
        OSError: it cannot be written, or the disk is full.
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
    """Replace all that a file holds by what `change` makes of it; nobody adds to it meanwhile. A file of nothing is removed.

    False where there would be something to change and are no locks: nothing is changed, since what others add would be lost.

    Raises:
        OSError: it cannot be read or written, or the disk is full. The file is as it was.
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
    """How far a file of lines has been read. No two of the lines may be equal."""

    def __init__(self):
        self._end, self._last = 0, b""

    def read(self, path: Path) -> tuple[bytes, bool]:
        """What has been added, and whether it is all that the file holds: since it was changed otherwise, or never read.

        A last line that has no end yet is given now, and again the next time.

        Raises:
            OSError: it is not there, is no ordinary file, or cannot be read.
        """
        with BufferedReader(open_regular(path)) as file:
            file.seek(self._end - len(self._last))
            added = file.read()
            if self._last and added.startswith(self._last):
                return self._seen(added[len(self._last) :]), False
            self._end, self._last = 0, b""
            file.seek(0)
            return self._seen(file.read()), True

    def _seen(self, added: bytes) -> bytes:
        lines = added[: added.rfind(b"\n") + 1]
        self._end += len(lines)
        self._last = (self._last + lines)[-_KNOWN:]
        return added
