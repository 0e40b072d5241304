"""An output folder, on this machine or in a bucket, whose files are written whole or not at all.

Names are relative and '/'-separated. None may lead out of the folder, neither by `..` nor through a symbolic link. All errors,
those of a bucket's client included, become FolderErrors.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from stylejax.errors import StylejaxError, one_line
from stylejax.files.atomic import check_writable, is_permitted, make_folder, temporary_files, write_atomically
from stylejax.files.bounded_read import open_regular, read_bounded
from stylejax.files.file_names import check_length, checked_name, printable
from stylejax.files.lines import Tail, append_line, rewrite_lines
from stylejax.files.url import file_system, is_url
from stylejax.files.user_paths import user_path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors that writing any other file would meet, too."""
ABSENT = (FileNotFoundError, NotADirectoryError)


class FolderError(StylejaxError):
    """A file in an output folder cannot be read or written."""


class StorageFullError(FolderError):
    """The disk is full or read-only: nothing more can be written."""


class Folder:
    """The files below one local path or URL."""

    def __init__(self, place: str | os.PathLike[str]):
        """Take `place`, a local path or a URL, as the root. Nothing is created yet.

        Raises:
            StylejaxError: the path is empty or impossible, or the URL has an unknown scheme.
            MissingExtraError: the packages for the URL's scheme are not installed.
        """
        self.place = place if isinstance(place, str) and is_url(place) else str(user_path(place))
        # Absolute, so that threads keep writing here when the process changes its working directory.
        self.local = None if is_url(self.place) else Path(self.place).absolute()
        self._system, self._root = (None, "") if self.local else file_system(self.place)

    def make(self) -> None:
        """Create the folder.

        Raises:
            FolderError: it cannot be created or written.
        """
        if self.local:
            with self._explained(self.place, "used as the output folder"):
                make_folder(self.local)
                if not is_permitted(self.local, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, "no permission to write there")

    def check(self, name: str) -> None:
        """Raise FolderError if `write` would certainly fail for this name, as far as is known without writing."""
        if self.local:
            path = Path(self.path(name))
            if path.is_dir():
                raise FolderError(f"{printable(name)} cannot be written: it is a folder; remove it or name another output")
            check_writable(path, error=FolderError)

    def check_file(self, name: str) -> None:
        """Raise StylejaxError if the folder cannot contain this name: it leads out, or is too long."""
        check_length(checked_name(name), self.local)
        self.path(name)

    def path(self, name: str) -> str:
        """The full path of `name`.

        Raises:
            FolderError: it is outside the folder.
        """
        name = checked_name(name)
        if self.local is None:
            return f"{self._root}/{name}"
        root = os.path.realpath(self.local)
        target = os.path.realpath(os.path.join(root, name))  # noqa: PTH118 - realpath, unlike resolve, accepts any name
        if os.path.commonpath([root, target]) != root or target == root:
            raise FolderError(f"output {name!r} leads out of {self.place} through a symbolic link; remove the link")
        return target

    def real_name(self, name: str) -> str:
        """The name with its symbolic links resolved.

        Raises:
            FolderError: it leads out of the folder.
        """
        return checked_name(name) if self.local is None else os.path.relpath(self.path(name), os.path.realpath(self.local))

    def contains(self, place: str) -> bool:
        """Whether a path or URL is in this folder."""
        if self.local is None or is_url(place):
            return place.startswith(self.place.rstrip("/") + "/")
        return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(self.local))

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all, replacing an older one.

        Raises:
            StorageFullError: the disk is full or read-only.
            FolderError: it cannot be written.
        """
        with self._explained(name, "written"):
            path = self.path(name)
            if self._system:
                self._system.pipe_file(path, data)
                return
            with write_atomically(Path(path)) as file:
                file.write(data)

    def append(self, name: str, line: bytes) -> None:
        """Append a line, which ends in a newline. In a bucket the whole file is rewritten, so only one process may append.

        Raises:
            StorageFullError: the disk is full or read-only.
            FolderError: it cannot be written.
        """
        if self._system:
            before = self.read(name) or b""
            self.write(name, before + (b"" if before[-1:] in (b"", b"\n") else b"\n") + line)
            return
        with self._explained(name, "written"):
            path = Path(self.path(name))
            make_folder(path.parent)
            append_line(path, line)

    def change(self, name: str, rewrite: Callable[[bytes], bytes]) -> None:
        """Replace the content of a file of lines by `rewrite(content)` under a lock; a file without content is removed.

        Raises:
            StorageFullError: the disk is full or read-only.
            FolderError: it cannot be read or written, or there are no locks, so that lines of other processes could be lost.
        """
        if self._system:
            after = rewrite(self.read(name) or b"")
            self.write(name, after) if after else self.remove(name)
            return
        with self._explained(name, "tidied"):
            path = Path(self.path(name))
            if path.exists() and not rewrite_lines(path, rewrite):
                raise FolderError(
                    f"{name} keeps its outdated lines: {self.place} has no locks, and another process may be adding to it"
                )

    def read(self, name: str) -> bytes | None:
        """The content of a small file; None if it does not exist.

        Raises:
            FolderError: it cannot be read, is not a regular file, or is too long.
        """
        with self._explained(name, "read"):
            try:
                return self._system.cat_file(self.path(name)) if self._system else read_bounded(self.path(name))
            except ABSENT:
                return None

    def read_new(self, name: str, tail: Tail) -> tuple[bytes, bool]:
        """What `tail` has not read of a file of lines, and whether that is all of it, as it always is in a bucket.

        Raises:
            FolderError: it cannot be read or is not a regular file.
        """
        if self._system:
            return self.read(name) or b"", True
        with self._explained(name, "read"):
            try:
                return tail.read(Path(self.path(name)))
            except ABSENT:
                return b"", True

    def is_intact(self, name: str, size: int, *, sha256: str | None = None) -> bool:
        """Whether a file of this size exists, with this checksum if one is given and the folder is local.

        Buckets verify checksums themselves.

        Raises:
            FolderError: it cannot be read.
        """
        with self._explained(name, "read"):
            try:
                path = self.path(name)
                same = (self._system.size(path) if self._system else Path(path).stat().st_size) == size
                if self._system or not same or sha256 is None:
                    return same
                with BufferedReader(open_regular(path)) as file:
                    return hashlib.file_digest(file, "sha256").hexdigest() == sha256  # pyright: ignore[reportArgumentType]
            except ABSENT:
                return False

    def remove(self, name: str) -> None:
        """Remove the file if it exists.

        Raises:
            FolderError: it cannot be removed.
        """
        with self._explained(name, "removed"):
            try:
                self._system.rm_file(self.path(name)) if self._system else Path(self.path(name)).unlink()
            except ABSENT:
                return

    def temporary_files(self) -> Iterator[Path]:
        """The temporary files in a local folder."""
        if self.local:
            yield from temporary_files(self.local)

    @contextmanager
    def _explained(self, name: str, verb: str) -> Iterator[None]:
        try:
            yield
        except StylejaxError:
            raise
        except Exception as problem:
            if not (isinstance(problem, OSError | ValueError) or self._system):  # a bucket's client raises its own kinds
                raise
            if verb != "read" and isinstance(problem, OSError) and problem.errno in FULL:
                remedy = "finished pictures are complete; free some space and run the same command again"
                raise StorageFullError(f"{self.place} cannot hold more: {one_line(problem)}; {remedy}") from None
            raise FolderError(f"{printable(name)} cannot be {verb}: {one_line(problem)}") from None
