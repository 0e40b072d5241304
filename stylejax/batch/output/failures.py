"""The file of failed rows: one JSON line each. All processes of a run append to it."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stylejax.batch.input.output_names import FAILURES
from stylejax.batch.records import JobSpec, RowFailure
from stylejax.files.bounded_read import parse_json
from stylejax.files.folder import Folder
from stylejax.files.lines import Tail

_READING = threading.Lock()  # at module level: an object that holds a lock cannot be sent to another machine


class Failures:
    """`failures.jsonl` in the output folder."""

    def __init__(self, folder: Folder):
        self._folder = folder
        self._tail = Tail()
        self._newest: dict[str, dict[str, Any]] = {}

    def append(self, row: JobSpec, failure: RowFailure) -> None:
        """Add a failure.

        Raises:
            FolderError: it cannot be written.
        """
        facts = {"row": row.number, "output": row.output, "content": row.content, "styles": row.styles}
        facts |= {"stage": failure.stage, "reason": failure.reason, "digest": row.digest}
        line = json.dumps({**facts, "time": datetime.now(UTC).isoformat()})  # the time distinguishes equal failures
        self._folder.append(FAILURES, line.encode() + b"\n")

    def newest(self) -> dict[str, dict[str, Any]]:
        """The newest failure of each output; lines that cannot be parsed are ignored.

        Raises:
            FolderError: the file cannot be read.
        """
        with _READING:
            added, all_of_it = self._folder.read_new(FAILURES, self._tail)
            if added or all_of_it:
                new = {found["output"]: found for found in map(_parsed, added.splitlines()) if found}
                self._newest = new if all_of_it else self._newest | new
            return self._newest

    def remove(self, resolved: Mapping[str, dict[str, Any]]) -> None:
        """Remove failures that are `resolved`, older failures of the same output, and truncated lines.

        Args:
            resolved: failures from `newest`, by output. A newer one of that output stays.

        Raises:
            FolderError: the file cannot be written, or others might be appending to it.
        """

        def left(data: bytes) -> bytes:
            lines = {line: found for line in data.splitlines() if (found := _parsed(line))}
            newest = {found["output"]: found for found in lines.values()}
            newest = {output: found for output, found in newest.items() if found != resolved.get(output)}
            return b"".join(line + b"\n" for line, found in lines.items() if newest.get(found["output"]) is found)

        self._folder.change(FAILURES, left)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The failure on a line; None if it is not one, for instance because it is truncated."""
    try:
        found = parse_json(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("output"), str) else None
