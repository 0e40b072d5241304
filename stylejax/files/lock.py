"""File locks between processes, where the file system supports them.

Only the errors `TAKEN` mean that another process holds the lock. Any other error (no lock support, no more locks) means that
there is no lock, and waiting for one would never end.
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
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""Errors of a file system that has no locks."""


@contextmanager
def file_lock(path: Path) -> Iterator[tuple[FileIO, bool]]:
    """Hold a lock on the file at `path`, which is created if missing, during the block; wait while another process holds it.

    The block may replace or remove the file at `path`: processes that wait then lock the new one.

    Yields:
        The file, open for reading and appending, and whether it is locked: False where locks are not supported.

    Raises:
        UnsuitableFileError: it is not a regular file.
        OSError: it cannot be opened or created.
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
