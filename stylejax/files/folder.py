"""A folder of results, on this machine or in a bucket: files by name, each written whole or not at all.

Names are relative and '/'-separated. None may lead out of the folder, neither by `..` nor through a symbolic link.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.atomic import check_writable, write_atomically
from stylejax.files.names import check_fits, check_name
from stylejax.files.url import file_system, is_url


class Folder:
    """The files below one place."""

    def __init__(self, place: str | os.PathLike[str]):
        """Take `place`, a local path or a URL, as the root. Nothing is made yet."""
        self.place = os.fspath(place)
        # Absolute: threads go on writing here, wherever the process goes meanwhile.
        self.local = None if is_url(self.place) else Path(self.place).absolute()
        self._system, self._root = (None, "") if self.local else file_system(self.place)

    def check(self) -> None:
        """Raise StylejaxError when nothing could be written here."""
        if self.local and not self.local.is_dir():
            check_writable(self.local, error=StylejaxError)
        elif self.local:
            check_writable(self.local / "any", error=StylejaxError)

    def check_file(self, name: str) -> None:
        """Raise StylejaxError when no file of this name can lie in the folder: it leads out, or its name is too long."""
        check_fits(check_name(name), self.local)
        self.path(name)

    def path(self, name: str) -> str:
        """Where `name` lies.

        Raises:
            StylejaxError: outside the folder.
        """
        name = check_name(name)
        if self.local is None:
            return f"{self._root}/{name}"
        root = os.path.realpath(self.local)
        target = os.path.realpath(os.path.join(root, name))  # noqa: PTH118 - realpath, unlike resolve, takes any name
        if os.path.commonpath([root, target]) != root or target == root:
            raise StylejaxError(f"output {name!r} leads out of {self.place} through a symbolic link; remove the link")
        return target

    def holds(self, place: str) -> bool:
        """Whether a path or URL lies in this folder."""
        if self.local is None or is_url(place):
            return place.startswith(self.place.rstrip("/") + "/")
        return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(self.local))

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all, over an older one.

        Raises:
            OSError: it cannot be written, or the disk is full.
        """
        path = self.path(name)
        if self._system:
            self._system.pipe_file(path, data)
            return
        with write_atomically(Path(path)) as file:
            file.write(data)

    def append(self, name: str, line: bytes) -> None:
        """Add a line to a file. A bucket's file is written anew, so only one process may add to it.

        Raises:
            OSError: it cannot be written, or the disk is full.
        """
        if self._system:
            self.write(name, (self.read(name) or b"") + line)
            return
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            file.write(line)

    def read(self, name: str) -> bytes | None:
        """What the file holds; None where there is none."""
        try:
            return self._system.cat_file(self.path(name)) if self._system else Path(self.path(name)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def size(self, name: str) -> int | None:
        """Bytes of the file; None where there is none."""
        try:
            return self._system.size(self.path(name)) if self._system else Path(self.path(name)).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def remove(self, name: str) -> None:
        """Remove the file, if it is there."""
        try:
            self._system.rm_file(self.path(name)) if self._system else Path(self.path(name)).unlink()
        except FileNotFoundError:
            return

    def litter(self) -> Iterator[Path]:
        """Temporary files that writers have left, or are just writing."""
        if self.local:
            yield from self.local.rglob(".stylejax-*.tmp")
