"""From rows to groups that run one program a scale, and from groups to units that are painted in one go."""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from stylejax.batch.input.row import Outcome, Row, Unit
from stylejax.batch.plan.aspects import painted_shape
from stylejax.choices import Rounding
from stylejax.errors import one_line
from stylejax.optimize.chunk import Shared
from stylejax.settings.derived import OF_STYLES, STATIC, values_of
from stylejax.settings.pyramid import scale_shapes, side_of
from stylejax.settings.settings import Settings

Shape = tuple[int, int]


@dataclass(frozen=True)
class Group:
    """Rows of one static setting that are painted at one shape."""

    rows: tuple[Row, ...]
    """All of the table, those that are already done, too: so that a run that goes on has the same batches as the first."""
    scales: tuple[Shape, ...]
    """Height and width of each scale: each is a program."""
    shared: Shared
    lanes: int = 1
    """Pictures of a batch."""

    @property
    def settings(self) -> Settings:
        """The settings of the first row: in what is static they are those of all."""
        return self.rows[0].settings

    def units(self, rows: Iterable[Row]) -> list[Unit]:
        """Those of the group's rows that are still to be painted, in batches."""
        rows = sorted(rows, key=lambda row: row.styles)  # a style's targets are made, used and forgotten
        starts = range(0, len(rows), self.lanes)
        return [Unit(tuple(rows[i : i + self.lanes]), self.scales[-1], self.lanes, self.shared) for i in starts]


def group_rows(rows: Iterable[tuple[Row, Shape]], rounding: Rounding) -> tuple[list[Group], list[Outcome]]:
    """Group rows, each given with the height and width of its content.

    Returns:
        The groups, in the order in which the table first names them, and the rows that are too small for their layers.
    """
    groups: dict[Hashable, list[Row]] = {}
    scales: dict[Hashable, tuple[Shape, ...]] = {}
    refused = []
    for row, (height, width) in rows:
        shape = painted_shape(height, width, row.settings, rounding)
        try:
            settings = dataclasses.replace(row.settings, size=side_of(*shape, row.settings))
            key = (*_static(settings), *_form(row), *shape)
            scales[key] = tuple(scale_shapes(*shape, settings))
            groups.setdefault(key, []).append(row)
        except Exception as problem:
            refused.append(Outcome(row, stage="read", reason=one_line(problem)))
    return [Group(tuple(members), scales[key], _shared(members)) for key, members in groups.items()], refused


def with_lanes(groups: Iterable[Group], lanes_for: Callable[[Group], int]) -> list[Group]:
    """The groups with their batch size: what `lanes_for` says, but no more than they have rows."""
    return [dataclasses.replace(group, lanes=max(1, min(len(group.rows), lanes_for(group)))) for group in groups]


def _static(settings: Settings) -> tuple[Hashable, ...]:
    return (*values_of(settings, STATIC), settings.objective_spec(), settings.coarsest)


def _form(row: Row) -> tuple[Hashable, ...]:
    """What decides how many regions there are."""
    masks = (len(row.content_masks), len(row.style_masks))
    return (*masks, len(row.styles) if any(masks) else 0)


def _shared(rows: Sequence[Row]) -> Shared:
    """Which targets all rows have in common."""

    def common(key: Callable[[Row], Hashable]) -> bool:
        return len({key(row) for row in rows}) == 1

    content = common(lambda row: (row.content, row.settings.keep_color, row.settings.proof))
    guides = common(lambda row: (row.content if row.content_masks else None, row.content_masks, row.style_masks))
    style = common(lambda row: (row.styles, *values_of(row.settings, OF_STYLES)))
    of_content = any(row.settings.keep_color != "none" or row.settings.strength < 1 for row in rows)
    return Shared(content, style and guides and (content or not of_content), guides)
