"""What is done, what failed, and the writing of both.

A picture is done when its record lies beside it with the digest of its row. The picture is written first and the record after
it, each whole or not at all, so that a process may be killed at any moment. Two processes that paint the same row write the
same picture.
"""

import errno
import json
from collections.abc import Iterable
from typing import Any

from stylejax.batch.record import record_of, sidecar_name
from stylejax.batch.row import Outcome, Result, Row
from stylejax.errors import StylejaxError, told
from stylejax.files.folder import Folder
from stylejax.images.write import encode_picture

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that would meet every other picture, too."""


class FullError(StylejaxError):
    """Nothing more can be written; the run cannot go on."""


class Store:
    """The output folder of a run."""

    def __init__(self, folder: Folder, *, bits: int = 8, failures: str = "failures.jsonl"):
        """Write pictures of so many `bits` a channel into `folder`, and what failed into its file `failures`."""
        self.folder, self._bits, self._failures = folder, bits, failures

    def is_done(self, row: Row) -> bool:
        """Whether the picture of `row` and its record are there."""
        return self.record(row) is not None

    def record(self, row: Row) -> dict[str, Any] | None:
        """The record of a row that is done."""
        data = self.folder.read(sidecar_name(row.output))
        try:
            record = json.loads(data) if data else {}
        except ValueError:
            return None
        good = isinstance(record, dict) and record.get("digest") == row.digest
        return record if good and self.folder.size(row.output) == record.get("bytes") else None

    def save(self, outcome: Outcome) -> Result:
        """Write a painting and its record; where there is none, or it cannot be written, the reason goes into the failures.

        Raises:
            FullError: the disk is full or read-only. Nothing partial is left.
        """
        row, painting = outcome.row, outcome.painting
        if painting is None:
            return self.fail(Result(row, stage=outcome.stage, reason=outcome.reason))
        try:
            data = encode_picture(row.output, painting.image, alpha=painting.alpha, metadata=painting.record, bits=self._bits)
            record = record_of(outcome, len(data))
            self.folder.write(row.output, data)
            self.folder.write(sidecar_name(row.output), json.dumps(record).encode() + b"\n")
        except Exception as problem:
            self._check_full(problem)
            return self.fail(Result(row, stage="write", reason=f"{row.output} cannot be written: {told(problem)}"))
        return Result(row, record)

    def fail(self, result: Result) -> Result:
        """Note a failure, and give it back."""
        row = result.row
        facts = {"row": row.number, "output": row.output, "content": row.content, "styles": row.styles}
        line = json.dumps({**facts, "stage": result.stage, "reason": result.reason, "digest": row.digest})
        try:
            self.folder.append(self._failures, line.encode() + b"\n")
        except OSError as problem:
            self._check_full(problem)
            raise StylejaxError(f"{self._failures} cannot be written: {problem.strerror or problem}") from None
        return result

    def failures(self) -> dict[str, dict[str, Any]]:
        """The newest failure of each output, as far as the file can be read."""
        newest = {}
        for line in (self.folder.read(self._failures) or b"").splitlines():
            try:
                failure = json.loads(line)
                newest[failure["output"]] = failure
            except (ValueError, TypeError, KeyError):
                continue  # a line that a crash cut off
        return newest

    def tidy_failures(self, rows: Iterable[Row]) -> None:
        """Leave in the file what is still so: of `rows`, those that are not done, and all that belong to other tables."""
        before = self.failures()
        done = {row.output for row in rows if row.output in before and self.is_done(row)}
        left = [failure for output, failure in before.items() if output not in done]
        if left:
            self.folder.write(self._failures, b"".join(json.dumps(failure).encode() + b"\n" for failure in left))
        elif before:
            self.folder.remove(self._failures)

    def _check_full(self, problem: Exception) -> None:
        if isinstance(problem, OSError) and problem.errno in FULL:
            raise FullError(
                f"{self.folder.place} cannot hold more: {problem.strerror}; what is finished is whole: make room and give the "
                "same command again"
            ) from None
