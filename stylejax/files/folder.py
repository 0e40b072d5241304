"""A folder of results, on this machine or in a bucket: files by name, each written whole or not at all.

Names are relative and '/'-separated. None may lead out of the folder, neither by `..` nor through a symbolic link. Whatever
goes wrong, here or in a bucket's client, becomes a FolderError.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from stylejax.errors import StylejaxError, one_line
from stylejax.files.atomic import check_writable, is_permitted, make_folder, write_atomically
from stylejax.files.bounded_read import open_regular, read_bounded
from stylejax.files.file_names import check_length, checked_name, printable
from stylejax.files.lines import Tail, append_line, rewrite_lines
from stylejax.files.url import file_system, is_url
from stylejax.files.user_paths import user_path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that would meet every other file, too."""
ABSENT = (FileNotFoundError, NotADirectoryError)


class FolderError(StylejaxError):
    """A file in a folder of results cannot be read or written."""


class StorageFullError(FolderError):
    """Nothing more can be written."""


class Folder:
    """The files below one place."""

    def __init__(self, place: str | os.PathLike[str]):
        """Take `place`, a local path or a URL, as the root. Nothing is made yet.

        Raises:
            StylejaxError: the path is empty, or no folder can have it.
        """
        self.place = place if isinstance(place, str) and is_url(place) else str(user_path(place))
        # Absolute: threads go on writing here, wherever the process goes meanwhile.
        self.local = None if is_url(self.place) else Path(self.place).absolute()
        self._system, self._root = (None, "") if self.local else file_system(self.place)

    def make(self) -> None:
        """Make the folder.

        Raises:
            FolderError: nothing can be written here.
        """
        if self.local:
            with self._told(self.place, "used as the output folder"):
                make_folder(self.local)
                if not is_permitted(self.local, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, "no permission to write there")

    def check(self, name: str) -> None:
        """Raise FolderError when `write` could only fail with this name, as far as can be seen without writing."""
        if self.local:
            path = Path(self.path(name))
            if path.is_dir():
                raise FolderError(f"{printable(name)} cannot be written: it is a folder; remove it or name another output")
            check_writable(path, error=FolderError)

    def check_file(self, name: str) -> None:
        """Raise StylejaxError when no file of this name can lie in the folder: it leads out, or its name is too long."""
        check_length(checked_name(name), self.local)
        self.path(name)

    def path(self, name: str) -> str:
        """Where `name` lies.

        Raises:
            FolderError: outside the folder.
        """
        name = checked_name(name)
        if self.local is None:
            return f"{self._root}/{name}"
        root = os.path.realpath(self.local)
        target = os.path.realpath(os.path.join(root, name))  # noqa: PTH118 - realpath, unlike resolve, takes any name
        if os.path.commonpath([root, target]) != root or target == root:
            raise FolderError(f"output {name!r} leads out of {self.place} through a symbolic link; remove the link")
        return target

    def real_name(self, name: str) -> str:
        """The name that `name` has without symbolic links.

        Raises:
            FolderError: it leads out of the folder.
        """
        return checked_name(name) if self.local is None else os.path.relpath(self.path(name), os.path.realpath(self.local))

    def contains(self, place: str) -> bool:
        """Whether a path or URL lies in this folder."""
        if self.local is None or is_url(place):
            return place.startswith(self.place.rstrip("/") + "/")
        return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(self.local))

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all, over an older one.

        Raises:
            StorageFullError: the disk is full or read-only.
            FolderError: it cannot be written.
        """
        with self._told(name, "written"):
            path = self.path(name)
            if self._system:
                self._system.pipe_file(path, data)
                return
            with write_atomically(Path(path)) as file:
                file.write(data)

    def append(self, name: str, line: bytes) -> None:
        """Add a line, which ends in a newline, to a file. A bucket's is written anew, so only one process may add to it.

        Raises:
            StorageFullError: the disk is full or read-only.
            FolderError: it cannot be written.
        """
        if self._system:
            before = self.read(name) or b""
            self.write(name, before + (b"" if before[-1:] in (b"", b"\n") else b"\n") + line)
            return
        with self._told(name, "written"):
            path = Path(self.path(name))
            make_folder(path.parent)
            append_line(path, line)

    def change(self, name: str, how: Callable[[bytes], bytes]) -> None:
        """Replace all lines of a file by what `how` makes of them, or remove it for none. Nobody adds to it meanwhile.

        Raises:
            StorageFullError: the disk is full or read-only.
            FolderError: it cannot be read or written, or has no locks: what others add meanwhile would be lost.
        """
        if self._system:
            after = how(self.read(name) or b"")
            self.write(name, after) if after else self.remove(name)
            return
        with self._told(name, "tidied"):
            path = Path(self.path(name))
            if path.exists() and not rewrite_lines(path, how):
                raise FolderError(
                    f"{name} keeps what is mended: {self.place} has no locks, and another process may be adding to it"
                )

    def read(self, name: str) -> bytes | None:
        """What a small file holds; None where there is none.

        Raises:
            FolderError: it cannot be read, is no ordinary file or too long.
        """
        with self._told(name, "read"):
            try:
                return self._system.cat_file(self.path(name)) if self._system else read_bounded(self.path(name))
            except ABSENT:
                return None

    def read_new(self, name: str, tail: Tail) -> tuple[bytes, bool]:
        """What `tail` has not read of a file of lines, and whether it is all; of a bucket's file it is always all.

        Raises:
            FolderError: it cannot be read, or is no ordinary file.
        """
        if self._system:
            return self.read(name) or b"", True
        with self._told(name, "read"):
            try:
                return tail.read(Path(self.path(name)))
            except ABSENT:
                return b"", True

    def is_intact(self, name: str, size: int, sha256: str | None = None) -> bool:
        """Whether there is a file of this size, and checksum if one is given; in a bucket, which keeps its own, of this size.

        Raises:
            FolderError: it cannot be read.
        """
        with self._told(name, "read"):
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
        """Remove the file, if it is there.

        Raises:
            FolderError: it cannot be removed.
        """
        with self._told(name, "removed"):
            try:
                self._system.rm_file(self.path(name)) if self._system else Path(self.path(name)).unlink()
            except ABSENT:
                return

    def temporary_files(self) -> Iterator[Path]:
        """Temporary files that writers have left, or are just writing."""
        if self.local:
            yield from (path for path in self.local.rglob(".stylejax-*.tmp") if path.is_file())

    @contextmanager
    def _told(self, name: str, verb: str) -> Iterator[None]:
        try:
            yield
        except StylejaxError:
            raise
        except Exception as problem:
            if not (isinstance(problem, OSError | ValueError) or self._system):  # a bucket's client has errors of its own
                raise
            if verb != "read" and isinstance(problem, OSError) and problem.errno in FULL:
                todo = "what is finished is whole: make room and give the same command again"
                raise StorageFullError(f"{self.place} cannot hold more: {one_line(problem)}; {todo}") from None
            raise FolderError(f"{printable(name)} cannot be {verb}: {one_line(problem)}") from None
