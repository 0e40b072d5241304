"""The plan of a run, made before the first row is executed: shapes, what is done, what failed, which groups the rows form."""

import dataclasses
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from stylejax.batch.input.output_names import sidecar_name
from stylejax.batch.output.sidecar import digest, inputs
from stylejax.batch.output.store import Store
from stylejax.batch.plan.aspects import optimized_shape, result_shape
from stylejax.batch.plan.groups import Group, group_rows, with_batch_size
from stylejax.batch.records import JobSpec, Minibatch, RowFailure, RowResult
from stylejax.choices import Rounding
from stylejax.errors import ImageError
from stylejax.files.folder import FolderError
from stylejax.files.same_file import file_id
from stylejax.files.url import is_url
from stylejax.images.io.read import read_shape
from stylejax.images.io.write import check_format
from stylejax.run.compatibility import Shape
from stylejax.settings.pyramid import pixel_limit

READERS = 16


@dataclass(frozen=True)
class BatchPlan:
    """What a run has to do."""

    rows: tuple[JobSpec, ...]
    """All rows, in the order of the table."""
    groups: tuple[Group, ...]
    todo: frozenset[str]
    """Outputs still to be made."""
    refused: tuple[RowResult, ...]
    """Rows that cannot be executed, and did not fail before."""
    done: int
    failed_before: int
    """Rows that failed in an earlier run, have not changed since, and are not to be retried."""

    @property
    def earlier(self) -> list[JobSpec]:
        """Rows that were done or had failed before."""
        new = self.todo | {result.row.output for result in self.refused}
        return [row for row in self.rows if row.output not in new]

    @property
    def programs(self) -> int:
        """How many programs there are to compile: one for each group and scale."""
        return sum(len(group.scales) for group in self.groups)

    def todo_of(self, group: Group) -> int:
        """How many rows of a group are still to be done."""
        return sum(row.output in self.todo for row in group.rows)

    def minibatches(self) -> list[Minibatch]:
        """What there is to execute, in order."""
        return [
            minibatch
            for group in self.groups
            for minibatch in group.minibatches(row for row in group.rows if row.output in self.todo)
        ]


class _Examined(NamedTuple):
    """What the planner finds out about a row."""

    row: JobSpec
    """With its digest."""
    shape: Shape | RowFailure
    """Height and width at which it is optimized."""
    known: RowResult | None = None
    """What became of it before."""


def plan_batch(
    rows: Sequence[JobSpec],
    store: Store,
    batch_size_for: Callable[[Group], int],
    *,
    rounding: Rounding = "auto",
    bits: int = 8,
    retry_failed: bool = False,
) -> BatchPlan:
    """Plan the execution of `rows` into `store`. Nothing is written, and of the pictures only the headers are read.

    Args:
        rows: of the table, or of this process's share of it.
        store: the output folder.
        batch_size_for: the batch size of a group; called for groups with something to do. Asking may compile a program.
        rounding: how the shapes are chosen; see `aspects`.
        bits: depth of the results, which is part of the digest.
        retry_failed: treat rows that failed before as still to be done.
    """
    originals = {file_id(place) for row in rows for place in inputs(row) if not is_url(place)} - {None}
    if retry_failed:
        store.forget_failures()
    with ThreadPoolExecutor(READERS) as pool:
        examine = partial(_examine, store=store, originals=originals, rounding=rounding, bits=bits)
        examined = list(pool.map(examine, rows))
    groups, small = group_rows([(each.row, each.shape) for each in examined if not isinstance(each.shape, RowFailure)])
    refused = [RowResult(each.row, each.shape) for each in examined if isinstance(each.shape, RowFailure)]
    known = {each.row.output: each.known for each in examined if each.known}
    done = sum(result.failure is None for result in known.values())
    todo = frozenset(row.output for group in groups for row in group.rows if row.output not in known)

    def batch_size(group: Group) -> int:
        return batch_size_for(group) if any(row.output in todo for row in group.rows) else 1

    return BatchPlan(
        rows=tuple(each.row for each in examined),
        groups=tuple(with_batch_size(groups, batch_size)),
        todo=todo,
        refused=tuple(each for each in (*refused, *small) if each.row.output not in known),
        done=done,
        failed_before=len(known) - done,
    )


def _examine(row: JobSpec, store: Store, originals: Container[Any], rounding: Rounding, bits: int) -> _Examined:
    try:
        content = read_shape(row.content, limit=pixel_limit(row.settings))
        shape = optimized_shape(*content, row.settings, rounding)
    except Exception as problem:
        content = shape = RowFailure.of("read", problem)
    try:
        if not isinstance(content, RowFailure):
            height, width = result_shape(*content, row.settings)
            check_format(row.output, bits=bits, height=height, width=width)
        row = dataclasses.replace(row, digest=digest(row, () if isinstance(shape, RowFailure) else shape, bits=bits))
        known = store.known(row)
        if not known:
            store.check(row)
            _check_originals(row, store, originals)
    except Exception as problem:
        return _Examined(row, RowFailure.of("write" if isinstance(problem, FolderError | ImageError) else "read", problem))
    return _Examined(row, shape, known)


def _check_originals(row: JobSpec, store: Store, originals: Container[Any]) -> None:
    """Raise FolderError when the output would replace an input of some row that no run has made."""
    folder = store.folder
    if folder.local and file_id(folder.path(row.output)) in originals and folder.read(sidecar_name(row.output)) is None:
        raise FolderError(f"output {row.output} would replace a picture that is painted from; choose another name")
