"""Names in the output folder: each row needs one for its picture and one for its record, and none may conflict with another.

Folders above them must not be files of other rows. Two names may be one file: through symbolic links below the output folder,
or where the file system ignores case.
"""

import os
from pathlib import Path, PurePosixPath

from stylejax.batch.records import JobSpec
from stylejax.errors import StylejaxError
from stylejax.files.atomic import RESERVED_PREFIX
from stylejax.files.folder import Folder
from stylejax.files.same_file import NameRegistry

RESERVED = SHEET, FAILURES = ("contact_sheet.jpg", "failures.jsonl")


def sidecar_name(output: str) -> str:
    """The name of the record of an output."""
    return f"{output}.json"


class Outputs:
    """The names that the rows have taken so far."""

    def __init__(self, folder: Folder | None = None):
        """Follow the links and the case rules of the output `folder`; without one, compare names alone."""
        self._folder = folder
        local = Path(os.path.realpath(folder.local)) if folder and folder.local else None
        self._files: NameRegistry[int] = NameRegistry(local)
        self._folders: NameRegistry[int] = NameRegistry(local)

    def take(self, row: JobSpec) -> None:
        """Take the names of the files that `row` makes.

        Raises:
            StylejaxError: a name conflicts with that of another row, whose line the message gives, or with the run's own files.
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


def _check(row: JobSpec, name: str, taken: NameRegistry[int], message: str) -> None:
    if (number := taken.owner(name)) is not None:
        raise StylejaxError(f"output {row.output} {message.format(number)}")
