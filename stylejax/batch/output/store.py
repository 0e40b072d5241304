"""The output folder: which rows are done, which failed, and the writing of both.

A row is done when its picture has a record beside it with the digest of the row and the checksum of the picture. The picture is
written first and the record after it, each completely or not at all, so a process may be killed at any moment. Two processes
that stylize the same row write the same picture.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stylejax.batch.input.output_names import sidecar_name
from stylejax.batch.output.failures import Failures
from stylejax.batch.output.sidecar import is_record, record_of
from stylejax.batch.records import JobSpec, RowFailure, RowResult
from stylejax.errors import one_line
from stylejax.files.bounded_read import parse_json
from stylejax.files.folder import Folder, FolderError, StorageFullError
from stylejax.images.io.write import encode_picture


class Store:
    """The output folder of a run."""

    def __init__(self, folder: Folder, *, bits: int = 8):
        """Write pictures of `bits` per channel into `folder`, and failures into its `failures.jsonl`."""
        self.folder, self._bits, self._failures = folder, bits, Failures(folder)
        self._forgotten: dict[str, dict[str, Any]] = {}
        self._verified: set[tuple[str, str]] = set()
        self.problem = ""
        """Why failures cannot be read or written; shown to the user, and no reason to end the run."""

    def known(self, row: JobSpec) -> RowResult | None:
        """What became of a row in this run, in an earlier one or in another process; None if it is still to be done.

        Each stage asks when it has a new reason to: the planner to see what an earlier run has left to do; an engine after it
        has claimed a row, since another process may have finished it since the plan was made; the run while it waits for rows
        that other processes have claimed; and the caller's loop when it reports earlier rows, whose records the plan does not
        keep in memory. `is_done` is asked once more at the end, for the contact sheet and for resolved failures.
        """
        record = self.record(row)
        if record:
            seconds = record.get("seconds", 0.0)
            return RowResult(row, picture=self.place(row), record=record, seconds=seconds, earlier=True)
        found = self.failures().get(row.output)
        if found and found.get("digest") == row.digest and found != self._forgotten.get(row.output):
            failure = RowFailure(found.get("stage", "paint"), str(found.get("reason", "")))
            return RowResult(row, failure, earlier=True)
        return None

    def forget_failures(self) -> None:
        """Treat all rows that have failed so far as still to be done."""
        self._forgotten = dict(self.failures())

    def place(self, row: JobSpec) -> Path | str:
        """The path of a row's picture, or its URL in a bucket."""
        if self.folder.local:
            return self.folder.local / row.output
        return f"{self.folder.place.rstrip('/')}/{row.output}"

    def record(self, row: JobSpec) -> dict[str, Any] | None:
        """The record of a row that is done. The checksum of its picture is verified once per process."""
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

    def is_done(self, row: JobSpec) -> bool:
        """Whether the picture of `row` and its record are there."""
        return self.record(row) is not None

    def check(self, row: JobSpec) -> None:
        """Raise FolderError when a row's picture or record could not be written."""
        for name in (row.output, sidecar_name(row.output)):
            self.folder.check(name)

    def save(self, result: RowResult) -> RowResult:
        """Write the picture of a result and its record; a failure, of an earlier stage or of writing, goes into the failures.

        Returns:
            The result with `picture` and `record`, or with a `failure`; without the picture in memory.

        Raises:
            StorageFullError: the disk is full or read-only. Nothing partial is left.
        """
        row = result.row
        if result.failure:
            return self.fail(row, result.failure)
        try:
            record = self._write(result)
        except StorageFullError:
            raise
        except FolderError as problem:
            return self.fail(row, RowFailure.of("write", problem))
        except Exception as problem:
            return self.fail(row, RowFailure("write", f"{row.output} cannot be written: {one_line(problem)}"))
        return dataclasses.replace(result, stylized=None, picture=self.place(row), record=record, seconds=record["seconds"])

    def _write(self, result: RowResult) -> dict[str, Any]:
        row, stylized = result.row, result.stylized
        assert stylized is not None
        data = encode_picture(row.output, stylized.image, alpha=stylized.alpha, metadata=stylized.record, bits=self._bits)
        record = record_of(result, len(data), hashlib.sha256(data).hexdigest())
        self.folder.write(row.output, data)
        self.folder.write(sidecar_name(row.output), json.dumps(record).encode() + b"\n")
        self._verified.add((row.output, record["sha256"]))
        return record

    def fail(self, row: JobSpec, failure: RowFailure) -> RowResult:
        """Record that a row failed. If that cannot be written, `problem` says so and the run continues.

        Raises:
            StorageFullError: the disk is full or read-only.
        """
        try:
            self._failures.append(row, failure)
        except StorageFullError:
            raise
        except FolderError as problem:
            self.problem = self.problem or str(problem)
        return RowResult(row, failure)

    def failures(self) -> dict[str, dict[str, Any]]:
        """The newest failure of each output, as far as the file can be read."""
        try:
            return self._failures.newest()
        except FolderError as problem:
            self.problem = self.problem or str(problem)
            return {}

    def remove_resolved_failures(self, rows: Iterable[JobSpec]) -> None:
        """Remove the failures of those of `rows` that are done; failures of other tables stay."""
        before = self.failures()
        done = {row.output for row in rows if row.output in before and self.is_done(row)}
        try:
            self._failures.remove({output: before[output] for output in done})
        except FolderError as problem:
            self.problem = self.problem or str(problem)
