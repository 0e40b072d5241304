"""Atomic writes: a file appears whole or not at all.

A temporary file in the same folder is written, flushed to the disk and renamed over the target in one step; then the folder is
flushed. A reader sees the old file or the new one. A crash, a full disk or Ctrl-C leaves the old file and no temporary one; a
power cut after the write leaves the new file.
"""

import errno
import itertools
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stylejax.errors import StylejaxError

RESERVED_PREFIX = ".stylejax-"
"""Prefix of the names of stylejax's own files among a user's files."""
TEMPORARY_SUFFIX = ".tmp"
TEMPORARY_LENGTH = len(RESERVED_PREFIX) + 32 + len(TEMPORARY_SUFFIX)
"""Bytes of the name of a temporary file."""


@contextmanager
def write_atomically(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary file, readable and seekable, that becomes `path` when the block ends without an exception.

    Missing parent folders are created. A symbolic link is followed: its target is replaced and the link stays. A new file gets
    the permissions of the umask; a replaced file keeps its own.

    Raises:
        OSError: the folder or the file cannot be written, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    make_folder(target.parent)
    temporary = target.parent / f"{RESERVED_PREFIX}{uuid.uuid4().hex}{TEMPORARY_SUFFIX}"
    try:
        # Not tempfile: its files are private (0o600) and would remain so after the rename.
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _flush(target.parent)


def temporary_files(folder: Path) -> Iterator[Path]:
    """The temporary files below a folder, left by writers that were killed or in use by others."""
    yield from (path for path in folder.rglob(f"{RESERVED_PREFIX}*{TEMPORARY_SUFFIX}") if path.is_file())


def save_file(path: Path, data: bytes) -> None:
    """Write a file as `write_atomically` does, with errors for users.

    Raises:
        StylejaxError: the file cannot be written.
    """
    try:
        with write_atomically(path) as file:
            file.write(data)
    except OSError as problem:
        raise StylejaxError(f"{path} cannot be written: {problem.strerror or problem}") from None


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, flushed so that they survive a power cut.

    Raises:
        OSError: one of them cannot be created.
    """
    missing = list(itertools.takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        _flush(each.parent)


def _flush(folder: Path) -> None:
    """Flush the entries of a folder to the disk, where the system supports it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows, or a folder that may be written but not listed
        return
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


def check_writable(path: Path, *, error: type[StylejaxError] = StylejaxError) -> None:
    """Raise `error` if `write_atomically(path)` could only fail, so that no work is wasted.

    Nothing is created or changed. Parent folders may be missing as long as the nearest existing one is writable.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise error(f"{path} is a folder; name a file to write, such as {path / 'out.png'}")
        if target.exists() and not target.is_file():
            raise error(f"{path} is a device or a pipe; name an ordinary file to write")
        if target.exists() and not is_permitted(target, os.W_OK):
            raise error(f"{path} is write-protected; name another file or allow writing to it")
        folder = next(parent for parent in target.parents if parent.exists())
    except OSError as problem:
        raise error(f"{path} cannot be written: {problem.strerror}; name another file") from None
    if not folder.is_dir():
        raise error(f"{path} cannot be written: {folder} is a file, not a folder; name another file")
    if not is_permitted(folder, os.W_OK | os.X_OK):
        raise error(f"{path} cannot be written: no permission to write in {folder}; name another folder")


def is_permitted(path: Path, mode: int) -> bool:
    """Whether the effective user of this process may access `path` with this `os.access` mode."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
