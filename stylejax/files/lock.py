"""Locks between processes, as far as the file system has any.

Only `TAKEN` means that another process has one. Whatever else goes wrong (there are no locks here, or no more of them) means
that there is none to be had, and waiting for it would be for ever.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from stylejax.files.bounded_read import open_regular

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TAKEN = (errno.EACCES, errno.EAGAIN)


@contextmanager
def file_lock(path: Path) -> Iterator[tuple[FileIO, bool]]:
    """Wait until nobody else holds the file at `path`, which is made if it is not there, and hold it while the block runs.

    Yields the file, to read and to append to, and whether it is held: False where there are no locks. The block may replace
    or remove what lies at `path`; those who wait see it, and hold the new one.

    Raises:
        NotSmallError: it is no ordinary file.
        OSError: it cannot be opened or made.
    """
    while True:
        with open_regular(path, append=True) as file:
            if not _lock(file):
                yield file, False
                return
            if _is_at(path, file):
                yield file, True
                return


def _lock(file: FileIO) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def _is_at(path: Path, file: FileIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
