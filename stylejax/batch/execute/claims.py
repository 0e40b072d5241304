"""Claims on rows, so that two processes with one output folder do not stylize the same row at once.

A claim is one locked byte of one file. The operating system releases the locks of a process that dies, however it dies, so no
claim is ever stale. In a bucket, or where the file system has no locks, there are no claims: two processes may then stylize a
row twice, and write the same picture twice.
"""

import hashlib
import os
from contextlib import suppress
from io import FileIO

from stylejax.batch.records import JobSpec
from stylejax.files.atomic import RESERVED_PREFIX, make_folder
from stylejax.files.bounded_read import open_regular
from stylejax.files.folder import Folder
from stylejax.files.lock import TAKEN

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = f"{RESERVED_PREFIX}claims"
_PRESENCE = 1 << 61  # a byte on which every running process holds a shared lock


class Claims:
    """The rows that this process has claimed."""

    def __init__(self, folder: Folder):
        """Join the processes that write into `folder`; remove temporary files if there are no others."""
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
        if self._lock(_PRESENCE):  # otherwise another process runs, and may be writing
            with suppress(OSError):
                for leftover in () if self.problem else folder.temporary_files():
                    leftover.unlink(missing_ok=True)
        self._lock(_PRESENCE, share=True)  # waits while another process starts

    def take(self, row: JobSpec) -> bool:
        """Claim a row; False when another process has it."""
        return self._lock(_place(row))

    def drop(self, row: JobSpec) -> None:
        """Release a row."""
        if self._file is not None and fcntl is not None:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place(row))
            except OSError as problem:
                self._do_without(problem)

    def close(self) -> None:
        """Release all rows."""
        if self._file is not None:
            self._file.close()

    def _lock(self, place: int, *, share: bool = False) -> bool:
        """Lock a byte; False when another process has it. After any other problem the run continues without claims."""
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
        reason = f"rows cannot be claimed: {NAME} cannot be locked ({problem.strerror})"
        self.problem = f"{reason}; another process on this folder may paint the same pictures again"


def _place(row: JobSpec) -> int:
    """The byte of a row."""
    return int.from_bytes(hashlib.sha256(os.fsencode(row.output)).digest()[:7], "big") & (_PRESENCE - 1)
