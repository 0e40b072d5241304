"""Two processes on one output folder do not paint the same row at once.

A row that is being painted is one locked byte of one file. The operating system drops the locks of a process that dies, however
it dies, so none is ever stale. In a bucket, or where there are no locks, there are no claims: two processes may then paint a
row twice, and write the same picture twice.
"""

import hashlib
import os
from contextlib import suppress
from io import FileIO

from stylejax.batch.input.row import Row
from stylejax.files.atomic import RESERVED_PREFIX, make_folder
from stylejax.files.bounded_read import open_regular
from stylejax.files.folder import Folder
from stylejax.files.lock import TAKEN

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = f"{RESERVED_PREFIX}claims"
_PRESENCE = 1 << 61  # the byte that every running process shares


class Claims:
    """The rows that this process paints."""

    def __init__(self, folder: Folder):
        """Take part in painting into `folder`; temporary files are removed if nobody else does."""
        self.problem = ""
        """Why there are no claims, or no more of them."""
        self._file: FileIO | None = None
        if folder.local is None or fcntl is None:
            return
        try:
            make_folder(folder.local)
            self._file = open_regular(folder.local / NAME, append=True)
        except OSError as problem:
            self._do_without(problem)
        if self._lock(_PRESENCE):  # else others run, and may be writing
            with suppress(OSError):
                for leftover in () if self.problem else folder.temporary_files():
                    leftover.unlink(missing_ok=True)
        self._lock(_PRESENCE, share=True)  # waits while another one starts

    def take(self, row: Row) -> bool:
        """Claim a row; False when another process has it."""
        return self._lock(_place(row))

    def drop(self, row: Row) -> None:
        """Let a row go."""
        if self._file is not None and fcntl is not None:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(row))
            except OSError as problem:
                self._do_without(problem)

    def close(self) -> None:
        """Let all go."""
        if self._file is not None:
            self._file.close()

    def _lock(self, place: int, *, share: bool = False) -> bool:
        """Lock a byte; False when another process has it. Anything else that goes wrong is no reason to wait, or to stop."""
        if self._file is None or fcntl is None or self.problem:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_SH if share else fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError as problem:
            if problem.errno in TAKEN:
                return False
            self._do_without(problem)
        return True

    def _do_without(self, problem: OSError) -> None:
        told = f"rows cannot be claimed: {NAME} cannot be locked ({problem.strerror})"
        self.problem = f"{told}; another process on this folder may paint the same pictures again"


def _place(row: Row) -> int:
    return int.from_bytes(hashlib.sha256(os.fsencode(row.output)).digest()[:7], "big") & (_PRESENCE - 1)
