"""The rows that could not be painted: one JSON line each, in a file that all processes of a run add to."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stylejax.batch.input.row import Result
from stylejax.batch.output.paths import FAILURES
from stylejax.files.bounded_read import parse_json
from stylejax.files.folder import Folder
from stylejax.files.lines import Tail

_READING = threading.Lock()  # of the module: what holds one cannot be sent to another machine


class Failures:
    """The file of failures in the output folder."""

    def __init__(self, folder: Folder, name: str = FAILURES):
        self._folder, self.name = folder, name
        self._tail = Tail()
        self._newest: dict[str, dict[str, Any]] = {}

    def note(self, result: Result) -> None:
        """Add a failure.

        Raises:
            FolderError: it cannot be written.
        """
        row = result.row
        facts = {"row": row.number, "output": row.output, "content": row.content, "styles": row.styles}
        facts |= {"stage": result.stage, "reason": result.reason, "digest": row.digest}
        line = json.dumps({**facts, "time": datetime.now(UTC).isoformat()})  # which also tells equal failures apart
        self._folder.append(self.name, line.encode() + b"\n")

    def newest(self) -> dict[str, dict[str, Any]]:
        """The newest failure of each output, as far as the lines can be read.

        Raises:
            FolderError: the file cannot be read.
        """
        with _READING:
            added, all_of_it = self._folder.read_new(self.name, self._tail)
            if added or all_of_it:
                new = {found["output"]: found for found in map(_parsed, added.splitlines()) if found}
                self._newest = new if all_of_it else self._newest | new
            return self._newest

    def tidy(self, mended: Mapping[str, dict[str, Any]]) -> None:
        """Leave out what is no longer so: failures that are `mended`, older ones of an output, and lines that were cut off.

        Args:
            mended: failures from `newest`, by output. A newer one of that output stays.

        Raises:
            FolderError: the file cannot be written, or others might be adding to it.
        """

        def left(data: bytes) -> bytes:
            lines = {line: found for line in data.splitlines() if (found := _parsed(line))}
            newest = {found["output"]: found for found in lines.values()}
            newest = {output: found for output, found in newest.items() if found != mended.get(output)}
            return b"".join(line + b"\n" for line, found in lines.items() if newest.get(found["output"]) is found)

        self._folder.change(self.name, left)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The failure that a line tells of; None if it tells of none, since it was cut off, say."""
    try:
        found = parse_json(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("output"), str) else None
