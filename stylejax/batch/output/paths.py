"""The files that the rows of a table make, none in the way of another's or of the run's own.

A picture and its record each need a name of their own, and folders above them that are no files. Two names may be one file:
through symbolic links below the output folder, or where the file system does not tell upper case from lower.
"""

import os
from pathlib import Path, PurePosixPath

from stylejax.batch.input.row import Row
from stylejax.batch.output.sidecar import sidecar_name
from stylejax.errors import StylejaxError
from stylejax.files.atomic import RESERVED_PREFIX
from stylejax.files.folder import Folder
from stylejax.files.same_file import NameRegistry

RESERVED = SHEET, FAILURES = ("contact_sheet.jpg", "failures.jsonl")


class Outputs:
    """What the rows have taken so far."""

    def __init__(self, folder: Folder | None = None):
        """Look at the links in the output `folder` and at its file system; without one, at names alone."""
        self._folder = folder
        local = Path(os.path.realpath(folder.local)) if folder and folder.local else None
        self._files: NameRegistry[int] = NameRegistry(local)
        self._folders: NameRegistry[int] = NameRegistry(local)

    def take(self, row: Row) -> None:
        """Take the names of what `row` makes.

        Raises:
            StylejaxError: one is in the way of something, or something is in its way; the message says of which line.
        """
        parts = row.output.casefold().split("/")
        if parts[0] in RESERVED or any(part.startswith(RESERVED_PREFIX) for part in parts):
            raise StylejaxError(f"output {row.output} has a name of the run's own files; choose another")
        names = [self._folder.real_name(name) if self._folder else name for name in (row.output, sidecar_name(row.output))]
        above = [str(folder) for folder in PurePosixPath(names[0]).parents][:-1]
        for name in names:
            _check(row, name, self._files, "is that of line {}, too; give each its own name")
            _check(row, name, self._folders, "is a folder of the output of line {}; choose another name")
        for folder in above:
            _check(row, folder, self._files, "is below a file of line {}; choose another name")
        for name in names:
            self._files.take(name, row.number)
        for folder in above:
            self._folders.take(folder, row.number)


def _check(row: Row, name: str, taken: NameRegistry[int], message: str) -> None:
    if (number := taken.owner(name)) is not None:
        raise StylejaxError(f"output {row.output} {message.format(number)}")
