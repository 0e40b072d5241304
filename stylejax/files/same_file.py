"""Which paths are one file: those that lead to one that is there, and those that the file system does not tell apart.

Whether names that differ in case or in the normalization of Unicode are one is tried out where they would lie.
"""

import os
import tempfile
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Generic, TypeVar

_Owner = TypeVar("_Owner")


def file_id(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """What tells the file at `path` from all others, by whatever name; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - any name
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


class NameRegistry(Generic[_Owner]):
    """Names without links below a folder, each with the first who took it."""

    def __init__(self, folder: Path | None):
        """Nothing is taken yet; without a `folder`, as in a bucket, every name is another."""
        self._folder = folder
        self._names: defaultdict[str, dict[str, _Owner]] = defaultdict(dict)

    def take(self, name: str, owner: _Owner) -> None:
        """Let `owner` have the name, unless it is taken."""
        self._names[_key(name)].setdefault(name, owner)

    def owner(self, name: str) -> _Owner | None:
        """Who has a name that is one file with this one."""
        for other, owner in self._names.get(_key(name), {}).items():
            if name == other or (self._folder and _are_one(self._folder / name, self._folder / other)):
                return owner
        return None


def _key(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _are_one(path: Path, other: Path) -> bool:
    pairs = [(one, two) for one, two in zip(path.parts, other.parts, strict=True) if one != two]
    common = Path(os.path.commonpath([path, other]))
    try:
        there = next(each for each in (common, *common.parents) if each.is_dir())
        with tempfile.TemporaryDirectory(dir=there, prefix=".stylejax-") as trial:
            return all(_is_one(Path(trial), *pair) for pair in pairs)
    except OSError:  # nothing can be written, so nothing is overwritten
        return False


def _is_one(folder: Path, name: str, other: str) -> bool:
    (folder / name).touch()
    return (folder / other).exists()
