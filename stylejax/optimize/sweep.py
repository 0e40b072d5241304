"""A grid of settings on one content: every combination of the values, painted together as far as memory allows.

What is traced shares a compiled program, and combinations that differ in something static are painted one program after the
other. The pictures come in the order of the grid, its last axis fastest.
"""

import dataclasses
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stylejax.errors import SettingsError
from stylejax.optimize.chunk import Shared
from stylejax.optimize.jobs import TRACED
from stylejax.optimize.memory import lanes_that_fit
from stylejax.optimize.painting import Painting
from stylejax.optimize.progress import Progress
from stylejax.optimize.reader import Reader, Source
from stylejax.optimize.recipes import settings_from
from stylejax.optimize.scales import scale_shapes
from stylejax.optimize.settings import Settings
from stylejax.optimize.stylize import PaintingInterrupted, network_for, stylize_batch

_OF_STYLES = ("style_blend", "style_scale", "style_size", "style_fit", "color_match")


def sweep(
    content: Source,
    *styles: Source,
    grid: Mapping[str, Sequence[Any]],
    model: str | Path | None = None,
    batch: int | None = None,
    observe: Callable[[Progress], None] | None = None,
    keep: Callable[[int, Painting], None] | None = None,
    **options: Any,
) -> list[Painting]:
    """Paint `content` in the style of `styles` with every combination of the values in `grid`.

    Args:
        content: as for `stylize`.
        *styles: as for `stylize`.
        grid: for each field of `Settings` to sweep, its values: `{"style_weight": [1, 10, 100], "seed": [0, 1]}`.
        model: as for `stylize`.
        batch: how many pictures are painted together; by default as many as fit into memory.
        observe: called after each few steps; fraction and time left are those of the whole sweep.
        keep: called with each finished picture and its number in the grid, as soon as its batch is done.
        **options: any field of `Settings`, for all pictures.

    Returns:
        One painting a combination. One whose loss stopped being finite says so in `failure`.

    Raises:
        SettingsError: a setting cannot be used, or has no values.
        PaintingInterrupted: on Ctrl-C; its paintings were all given to `keep`, those of the batch that was under way as well.
    """
    if batch is not None and batch < 1:
        raise SettingsError(f"batch is {batch}; it must be a whole number, at least 1")
    options |= {} if model is None else {"model": str(model)}
    changes = combinations(grid)
    settings = [settings_from({**options, **change}) for change in changes]
    groups = [_in_batches(content, group, settings, batch) for group in _alike(settings)]
    finished: dict[int, Painting] = {}
    began = time.perf_counter()

    def of_all(progress: Progress) -> None:
        fraction = (len(finished) + len(progress.records) * progress.fraction) / len(settings)
        left = (time.perf_counter() - began) * (1 - fraction) / fraction
        if observe:
            observe(dataclasses.replace(progress, fraction=fraction, seconds_left=left))

    def take(numbers: Sequence[int], paintings: Sequence[Painting]) -> None:
        for number, painting in zip(numbers, paintings, strict=False):
            finished[number] = painting
            if keep:
                keep(number, painting)

    for numbers in itertools.chain(*groups):
        try:
            paintings = stylize_batch(
                [content] * len(numbers),
                [list(styles)] * len(numbers),
                each=[{**options, **changes[number]} for number in numbers],
                observe=of_all,
            )
        except PaintingInterrupted as stopped:
            take(numbers, stopped.paintings)
            raise PaintingInterrupted([finished[number] for number in sorted(finished)]) from None
        take(numbers, paintings)
    return [finished[number] for number in range(len(settings))]


def combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values, the last axis fastest.

    Raises:
        SettingsError: an axis has no values.
    """
    for name, values in grid.items():
        if not len(values):
            raise SettingsError(f"{name} has no values to sweep; give at least one")
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _alike(settings: Sequence[Settings]) -> list[list[int]]:
    """Numbers of the settings that one program serves, together."""
    groups: dict[Any, list[int]] = {}
    for number, each in enumerate(settings):
        static = {name: value for name, value in each.as_options().items() if name not in TRACED}
        groups.setdefault((each.objective_spec(), *static.items()), []).append(number)
    return list(groups.values())


def _in_batches(content: Source, group: Sequence[int], settings: Sequence[Settings], batch: int | None) -> list[list[int]]:
    ours = [settings[number] for number in group]
    if batch is None and len(group) > 1:
        picture = Reader().read(content, proof=ours[0].proof)
        shape = scale_shapes(picture.height, picture.width, ours[0])[-1]
        batch = lanes_that_fit(network_for(ours[0]), ours[0], *shape, most=min(64, len(group)), shared=_shared(ours))
    size = max(1, batch or 1)
    return [list(group[start : start + size]) for start in range(0, len(group), size)]


def _shared(settings: Sequence[Settings]) -> Shared:
    def same(*names: str) -> bool:
        return len({tuple(getattr(each, name) for name in names) for each in settings}) == 1

    return Shared(content=same("keep_color"), style=same("keep_color", *_OF_STYLES), guides=True)
