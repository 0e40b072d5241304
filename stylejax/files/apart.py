"""No file of a run takes the place of another: what is written is compared with itself and with what is read, before any work.

Two paths are one file if both are there and are one, as hard links are, or names in other case where the file system does not
tell them apart. What is yet to be written is compared by name, through whatever links and without case: where it lies, or where
somebody copies it to, cases may not be told apart.
"""

import os
import unicodedata
from collections.abc import Hashable, Iterable
from pathlib import PurePath

from stylejax.errors import StylejaxError

Named = tuple[str, str | os.PathLike[str]]
"""What a file is for, as a message calls it, and its path."""


def check_apart(outputs: Iterable[Named], inputs: Iterable[Named] = ()) -> None:
    """Raise StylejaxError when an output is an input or another output, or would lie below another output.

    Inputs that do not exist are left to those who read them.
    """
    read = {same: what for what, path in inputs if (same := _identity(path))}
    written: dict[Hashable, Named] = {}
    for what, path in outputs:
        same = _identity(path)
        if same in read:
            raise StylejaxError(f"the {what} {path} would take the place of the {read[same]}; name another file")
        for key in {same, _folded(path)} - {None}:
            other, its_path = written.setdefault(key, (what, path))
            if (other, its_path) != (what, path):
                raise StylejaxError(
                    f"the {other} {its_path} and the {what} {path} would be one file; name another for one of them"
                )
    for what, path in written.values():
        for folder in PurePath(_folded(path)).parents:
            if above := written.get(str(folder)):
                raise StylejaxError(f"the {what} {path} would lie in the {above[0]} {above[1]}, which is a file; name another")


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Which file is there, if any."""
    try:
        status = os.stat(path)  # noqa: PTH116 - any name
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _folded(path: str | os.PathLike[str]) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()
