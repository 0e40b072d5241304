"""What is done, what failed, and the writing of both.

A picture is done when its record lies beside it with the digest of its row and the checksum of the picture. The picture is
written first and the record after it, each whole or not at all, so that a process may be killed at any moment. Two processes
that paint the same row write the same picture.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from stylejax.batch.input.row import Outcome, Result, Row
from stylejax.batch.output.failures import Failures
from stylejax.batch.output.sidecar import is_record, record_of, sidecar_name
from stylejax.errors import one_line
from stylejax.files.bounded_read import parse_json
from stylejax.files.folder import Folder, FolderError, StorageFullError
from stylejax.images.io.write import encode_picture


class Store:
    """The output folder of a run."""

    def __init__(self, folder: Folder, *, bits: int = 8):
        """Write pictures of so many `bits` a channel into `folder`, and what failed into its file of failures."""
        self.folder, self._bits, self._failures = folder, bits, Failures(folder)
        self._forgotten: dict[str, dict[str, Any]] = {}
        self._verified: set[tuple[str, str]] = set()
        self.problem = ""
        """Why failures cannot be read, noted or tidied, which ends no run, and is to be told."""

    def known(self, row: Row) -> Result | None:
        """What has become of a row, here, in an earlier run or in another process: its record, or why it failed.

        None for one that is to be painted.
        """
        record = self.record(row)
        if record:
            return Result(row, record)
        failure = self.failures().get(row.output)
        if failure and failure.get("digest") == row.digest and failure != self._forgotten.get(row.output):
            return Result(row, stage=failure.get("stage", "paint"), reason=str(failure.get("reason", "")))
        return None

    def forget_failures(self) -> None:
        """Let what has failed until now be tried again."""
        self._forgotten = dict(self.failures())

    def is_done(self, row: Row) -> bool:
        """Whether the picture of `row` and its record are there."""
        return self.record(row) is not None

    def record(self, row: Row) -> dict[str, Any] | None:
        """The record of a row that is done. The checksum of its picture is computed once."""
        try:
            record = parse_json(self.folder.read(sidecar_name(row.output)) or b"null")
            if not is_record(record) or record["digest"] != row.digest:
                return None
            picture = (row.output, record["sha256"])
            sha256 = None if picture in self._verified else record["sha256"]
            if not self.folder.is_intact(row.output, record["bytes"], sha256=sha256):
                return None
        except (FolderError, ValueError):
            return None
        self._verified.add(picture)
        return record

    def check(self, row: Row) -> None:
        """Raise FolderError when a row's picture or record could not be written."""
        for name in (row.output, sidecar_name(row.output)):
            self.folder.check(name)

    def save(self, outcome: Outcome) -> Result:
        """Write a painting and its record; where there is none, or it cannot be written, the reason goes into the failures.

        Raises:
            StorageFullError: the disk is full or read-only. Nothing partial is left.
        """
        row, painting = outcome.row, outcome.painting
        if painting is None:
            return self.fail(Result(row, stage=outcome.stage, reason=outcome.reason))
        try:
            data = encode_picture(row.output, painting.image, alpha=painting.alpha, metadata=painting.record, bits=self._bits)
            record = record_of(outcome, len(data), hashlib.sha256(data).hexdigest())
            self.folder.write(row.output, data)
            self.folder.write(sidecar_name(row.output), json.dumps(record).encode() + b"\n")
        except StorageFullError:
            raise
        except FolderError as problem:
            return self.fail(Result(row, stage="write", reason=str(problem)))
        except Exception as problem:
            return self.fail(Result(row, stage="write", reason=f"{row.output} cannot be written: {one_line(problem)}"))
        self._verified.add((row.output, record["sha256"]))
        return Result(row, record)

    def fail(self, result: Result) -> Result:
        """Note a failure, and give it back. That it cannot be noted is a problem of this store, and does not end the run.

        Raises:
            StorageFullError: the disk is full or read-only.
        """
        try:
            self._failures.note(result)
        except StorageFullError:
            raise
        except FolderError as problem:
            self.problem = self.problem or str(problem)
        return result

    def failures(self) -> dict[str, dict[str, Any]]:
        """The newest failure of each output, as far as the file can be read."""
        try:
            return self._failures.newest()
        except FolderError as problem:
            self.problem = self.problem or str(problem)
            return {}

    def tidy_failures(self, rows: Iterable[Row]) -> None:
        """Leave in the file what is still so: of `rows`, those that are not done, and all that belong to other tables."""
        before = self.failures()
        done = {row.output for row in rows if row.output in before and self.is_done(row)}
        try:
            self._failures.tidy({output: before[output] for output in done})
        except FolderError as problem:
            self.problem = self.problem or str(problem)
