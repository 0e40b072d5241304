"""Two processes on one output folder do not paint the same row at once.

A row that is being painted is one locked byte of one file. The operating system drops the locks of a process that dies, however
it dies, so none is ever stale. In a bucket, or without POSIX locks, there are no claims: two processes may then paint a row
twice, and write the same picture twice.
"""

import hashlib
import os
from typing import BinaryIO

from stylejax.batch.row import Row
from stylejax.files.folder import Folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = ".stylejax-claims"
_PRESENCE = 1 << 61  # the byte that every running process shares


class Claims:
    """The rows that this process paints."""

    def __init__(self, folder: Folder):
        """Take part in painting into `folder`; temporary files are removed if nobody else does."""
        self._file: BinaryIO | None = None
        if folder.local is None or fcntl is None:
            return
        folder.local.mkdir(parents=True, exist_ok=True)
        self._file = (folder.local / NAME).open("a+b")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _PRESENCE)
        except OSError:
            pass  # others run, and may be writing
        else:
            for litter in folder.litter():
                litter.unlink(missing_ok=True)
        fcntl.lockf(self._file, fcntl.LOCK_SH, 1, _PRESENCE)  # waits while another one starts

    def take(self, row: Row) -> bool:
        """Claim a row; False when another process has it."""
        if self._file is None or fcntl is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(row))
        except OSError:
            return False
        return True

    def drop(self, row: Row) -> None:
        """Let a row go."""
        if self._file is not None and fcntl is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(row))

    def close(self) -> None:
        """Let all go."""
        if self._file is not None:
            self._file.close()


def _place(row: Row) -> int:
    return int.from_bytes(hashlib.sha256(os.fsencode(row.output)).digest()[:7], "big") & (_PRESENCE - 1)
