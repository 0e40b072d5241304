"""Detect paths that lead to the same file, including names that the file system does not distinguish.

Whether names that differ only in case or Unicode normalization are the same is tested in the folder where they would lie.
"""

import os
import tempfile
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Generic, TypeVar

from stylejax.files.atomic import RESERVED_PREFIX

_Owner = TypeVar("_Owner")


def file_id(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Device and inode of the file at `path`, equal for all names of one file; None if there is no file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - accepts any name
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


class NameRegistry(Generic[_Owner]):
    """Relative names without links below a folder, each with the first owner that took it."""

    def __init__(self, folder: Path | None):
        """Start empty; without a `folder`, as in a bucket, only equal names are the same."""
        self._folder = folder
        self._names: defaultdict[str, dict[str, _Owner]] = defaultdict(dict)

    def take(self, name: str, owner: _Owner) -> None:
        """Give the name to `owner` unless it is taken."""
        self._names[_key(name)].setdefault(name, owner)

    def owner(self, name: str) -> _Owner | None:
        """The owner of a name that leads to the same file as this one; None if there is none."""
        for other, owner in self._names.get(_key(name), {}).items():
            if name == other or (self._folder and _are_same(self._folder / name, self._folder / other)):
                return owner
        return None


def _key(name: str) -> str:
    """A key that is equal for all names that some file system does not distinguish."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _are_same(path: Path, other: Path) -> bool:
    pairs = [(one, two) for one, two in zip(path.parts, other.parts, strict=True) if one != two]
    common = Path(os.path.commonpath([path, other]))
    try:
        folder = next(each for each in (common, *common.parents) if each.is_dir())
        with tempfile.TemporaryDirectory(dir=folder, prefix=RESERVED_PREFIX) as trial:
            return all(_is_same(Path(trial), *pair) for pair in pairs)
    except OSError:  # nothing can be written there, so nothing would be overwritten
        return False


def _is_same(folder: Path, name: str, other: str) -> bool:
    (folder / name).touch()
    return (folder / other).exists()
