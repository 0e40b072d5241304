"""Rows that run the same programs form a group; the rows of a group are executed in minibatches of one size."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stylejax.batch.plan.aspects import settings_at
from stylejax.batch.records import JobSpec, Minibatch, RowFailure, RowResult
from stylejax.optimize.chunk import Shared
from stylejax.run.compatibility import BatchKey, Shape, program_key
from stylejax.run.sharing import TargetKeys, planned_target_keys, shared_among
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings


@dataclass(frozen=True)
class Group:
    """Rows that can be optimized in one batch."""

    rows: tuple[JobSpec, ...]
    """All of the table, including those that are done: a continued run then has the same batch size as the first."""
    scales: tuple[Shape, ...]
    """Height and width at each scale: one program each."""
    shared: Shared
    """Which targets all rows share."""
    batch_size: int = 1

    @property
    def settings(self) -> Settings:
        """The settings of the first row; the static ones are those of all rows."""
        return self.rows[0].settings

    def minibatches(self, rows: Iterable[JobSpec]) -> list[Minibatch]:
        """Those of the group's rows that are still to be done, in minibatches."""
        rows = sorted(rows, key=lambda row: row.styles)  # rows of one style follow each other, so its targets are made once
        starts = range(0, len(rows), self.batch_size)
        parts = (tuple(rows[start : start + self.batch_size]) for start in starts)
        return [Minibatch(part, self.scales[-1], self.batch_size, self.shared) for part in parts]


def group_rows(rows: Iterable[tuple[JobSpec, Shape]]) -> tuple[list[Group], list[RowResult]]:
    """Group rows, each given with the height and width at which it is optimized (`aspects.optimized_shape`).

    Returns:
        The groups, in the order in which the table first names them, and the rows that are too small for their layers.
    """
    groups: dict[BatchKey, list[JobSpec]] = {}
    refused = []
    for row, shape in rows:
        try:
            groups.setdefault(_batch_key(row, shape), []).append(row)
        except Exception as problem:
            refused.append(RowResult(row, RowFailure.of("read", problem)))
    return [
        Group(tuple(members), key.scales, shared_among(map(_target_keys, members))) for key, members in groups.items()
    ], refused


def with_batch_size(groups: Iterable[Group], batch_size_for: Callable[[Group], int]) -> list[Group]:
    """The groups with their batch sizes: what `batch_size_for` says, but not more than they have rows."""
    return [dataclasses.replace(group, batch_size=max(1, min(len(group.rows), batch_size_for(group)))) for group in groups]


def _batch_key(row: JobSpec, shape: Shape) -> BatchKey:
    settings = settings_at(row.settings, shape)
    masks = len(row.content_masks), len(row.style_masks)  # they, and the styles, decide how many regions there are
    regions = (*masks, len(row.styles) if any(masks) else 0)
    return BatchKey(program_key(settings), regions, tuple(scale_shapes(*shape, settings)))


def _target_keys(row: JobSpec) -> TargetKeys:
    masks = {"content_masks": row.content_masks, "style_masks": row.style_masks}
    return planned_target_keys(row.settings, row.content, row.styles, **masks)
