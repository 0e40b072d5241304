"""Files that appear whole or not at all.

A file is written under another name in the same folder, flushed to the disk, and renamed over its target in one step, and
the folder is flushed, too. A reader sees the old file or the new one; a crash, a full disk or Ctrl-C leaves the old one and no
litter, and a power cut afterwards the new one.
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


@contextmanager
def write_atomically(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary file, readable and seekable, that becomes `path` when the block ends without an exception.

    Missing parent folders are made. A symbolic link is followed, so its target is replaced and the link stays. A new
    file gets the permissions of the umask, a replaced one keeps its own.

    Raises:
        OSError: the folder or the file cannot be written, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    make_folder(target.parent)
    temporary = target.parent / f".stylejax-{uuid.uuid4().hex}.tmp"
    try:
        # Not tempfile: its files are private (0o600) and would stay so after the rename.
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


def save_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, as `write_atomically` does.

    Raises:
        StylejaxError: it cannot be written.
    """
    try:
        with write_atomically(path) as file:
            file.write(data)
    except OSError as problem:
        raise StylejaxError(f"{path} cannot be written: {problem.strerror or problem}") from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they are there after a power cut, too.

    Raises:
        OSError: one of them cannot be made.
    """
    new = list(itertools.takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        _flush(each.parent)


def _flush(folder: Path) -> None:
    """Flush what a folder lists to the disk, where folders can be flushed."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows; or a folder that may be written and not listed
        return
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


def check_writable(path: Path, *, error: type[StylejaxError] = StylejaxError) -> None:
    """Raise `error` when `write_atomically(path)` could only fail, so that no work is done in vain.

    Nothing is made or touched: missing parent folders are fine as long as the nearest one that exists can be written.
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
    """Whether this process, as the user it acts for, may use `path` so."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
