"""A grid of settings on one content: every combination of the values, painted together as far as memory allows.

What is traced shares a compiled program, and combinations that differ in something static are painted one program after the
other. The pictures come in the order of the grid, its last axis fastest.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stylejax.errors import SettingsError
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.api import StylizeInterrupted, stylize_batch
from stylejax.run.inputs.job import TRACED
from stylejax.run.inputs.prepare import network_for
from stylejax.run.inputs.reader import ImageSource, Reader, given_source
from stylejax.run.memory.estimate import lanes_that_fit
from stylejax.run.progress import Preparing, Progress, Whole
from stylejax.run.result import StylizedImage
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings

_OF_STYLES = ("proof", "keep_color", "style_blend", "style_scale", "style_size", "style_fit", "color_match", "strength")


def sweep(
    content: ImageSource,
    *styles: ImageSource,
    grid: Mapping[str, Sequence[Any]],
    model: str | Path | None = None,
    batch_size: int | None = None,
    observe: Callable[[Progress, Sequence[int]], None] | None = None,
    keep: Callable[[int, StylizedImage], None] | None = None,
    preparing: Callable[[Preparing], None] | None = None,
    **options: Any,
) -> list[StylizedImage]:
    """Paint `content` in the style of `styles` with every combination of the values in `grid`.

    Args:
        content: as for `stylize`.
        *styles: as for `stylize`.
        grid: for each field of `Settings` to sweep, its values: `{"style_weight": [1, 10, 100], "seed": [0, 1]}`.
        model: as for `stylize`.
        batch_size: how many pictures are painted together; by default as many as fit into memory.
        observe: called after each few steps with the progress of the pictures that are painted together, whose fraction and
            time left are those of the whole sweep, and their numbers in the grid.
        preparing: as for `stylize`.
        keep: called with each finished picture and its number in the grid, as soon as its batch is done.
        **options: any field of `Settings`, for all pictures.

    Returns:
        One painting a combination. One whose loss stopped being finite says so in `failure`.

    Raises:
        SettingsError: a setting cannot be used, or has no values.
        StylizeInterrupted: on Ctrl-C; its paintings were all given to `keep`, those of the batch that was under way as well.
    """
    if batch_size is not None and batch_size < 1:
        raise SettingsError(f"batch_size is {batch_size}; it must be a whole number, at least 1")
    content, styles = given_source(content), tuple(map(given_source, styles))
    options |= {} if model is None else {"model": str(model)}
    changes = combinations(grid)
    settings = [settings_from({**options, **change}) for change in changes]
    finished: dict[int, StylizedImage] = {}
    whole = Whole(len(settings))

    def take(numbers: Sequence[int], paintings: Sequence[StylizedImage]) -> None:
        for number, painting in zip(numbers, paintings, strict=False):
            finished[number] = painting
            if keep:
                keep(number, painting)
        whole.finish(len(numbers))

    def tell(progress: Progress, numbers: Sequence[int]) -> None:
        if observe:
            observe(whole.of(progress), numbers)

    def paint_together(network: VGG19, numbers: Sequence[int]) -> None:
        try:
            paintings = stylize_batch(
                [content] * len(numbers),
                [list(styles)] * len(numbers),
                each=[{**options, "model": settings[number].model, **changes[number]} for number in numbers],
                model=network,
                observe=lambda progress: tell(progress, numbers),
                preparing=preparing,
            )
        except StylizeInterrupted as stopped:
            take(numbers, stopped.paintings)
            raise StylizeInterrupted([finished[number] for number in sorted(finished)]) from None
        take(numbers, paintings)

    for group in _alike(settings):
        network = network_for(settings[group[0]])
        size = batch_size or _lanes(network, content, [settings[number] for number in group])
        for numbers in _batches(group, size):
            paint_together(network, numbers)
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
        groups.setdefault((each.objective_spec(), each.coarsest, *static.items()), []).append(number)
    return list(groups.values())


def _lanes(network: VGG19, content: ImageSource, settings: Sequence[Settings]) -> int:
    """How many pictures of one program fit into memory together; at least 1, which is refused later if that is too much."""
    if len(settings) == 1:
        return 1
    picture = Reader().read(content)
    shape = scale_shapes(picture.height, picture.width, settings[0])[-1]
    return max(1, lanes_that_fit(network, settings[0], *shape, most=min(64, len(settings)), shared=_shared(settings)))


def _batches(group: Sequence[int], size: int) -> list[list[int]]:
    """Batches of at most `size`, as alike in size as they can be."""
    count = math.ceil(len(group) / size)
    return [list(part) for part in (group[len(group) * i // count : len(group) * (i + 1) // count] for i in range(count))]


def _shared(settings: Sequence[Settings]) -> Shared:
    def same(*names: str) -> bool:
        return len({tuple(getattr(each, name) for name in names) for each in settings}) == 1

    return Shared(content=same("proof", "keep_color"), style=same(*_OF_STYLES), guides=True)
