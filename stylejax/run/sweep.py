"""A grid of settings on one content: every combination of the values, in batches as large as memory allows.

Combinations that differ only in traced settings share a compiled program; those that differ in a static one run one program
after the other. The results are in the order of the grid, its last axis fastest.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stylejax.errors import SettingsError
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.api import StylizeInterrupted, stylize_requests
from stylejax.run.inputs.prepare import network_for
from stylejax.run.inputs.reader import ImageSource, Reader, given_source
from stylejax.run.inputs.requests import Request
from stylejax.run.memory.estimate import batch_size_that_fits
from stylejax.run.progress import Preparing, Progress, Whole
from stylejax.run.result import StylizedImage
from stylejax.settings.derived import OF_CONTENT, OF_STYLES, STATIC, values_of
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings


def sweep(
    content: ImageSource,
    *styles: ImageSource,
    grid: Mapping[str, Sequence[Any]],
    settings: Settings | None = None,
    model: str | Path | None = None,
    batch_size: int | None = None,
    observe: Callable[[Progress, Sequence[int]], None] | None = None,
    keep: Callable[[int, StylizedImage], None] | None = None,
    preparing: Callable[[Preparing], None] | None = None,
    **options: Any,
) -> list[StylizedImage]:
    """Stylize `content` with every combination of the values in `grid`.

    Args:
        content: as for `stylize`.
        *styles: as for `stylize`.
        grid: for each field of `Settings` to vary, its values: `{"style_weight": [1, 10, 100], "seed": [0, 1]}`.
        settings: as for `stylize`, of all pictures.
        model: as for `stylize`.
        batch_size: pictures in a batch; by default as many as fit into memory.
        observe: called after every few steps with the progress of a batch, whose fraction and time left are those of the whole
            sweep, and with the numbers of its pictures in the grid.
        keep: called with the number in the grid and the result of each picture, as soon as its batch is finished.
        preparing: as for `stylize`.
        **options: as for `stylize`, of all pictures.

    Returns:
        One result for each combination. One whose loss stopped being finite has a `failure`.

    Raises:
        SettingsError: a setting cannot be used, or has no values.
        StylizeInterrupted: on Ctrl-C; `keep` was called with all its pictures, those of the unfinished batch included.
    """
    options |= {} if model is None else {"model": str(model)}
    return sweep_settings(
        content,
        styles,
        settings_of(combinations(grid), base=settings, options=options),
        batch_size=batch_size,
        observe=observe,
        keep=keep,
        preparing=preparing,
    )


def sweep_settings(
    content: ImageSource,
    styles: Sequence[ImageSource],
    settings: Sequence[Settings],
    *,
    batch_size: int | None = None,
    observe: Callable[[Progress, Sequence[int]], None] | None = None,
    keep: Callable[[int, StylizedImage], None] | None = None,
    preparing: Callable[[Preparing], None] | None = None,
) -> list[StylizedImage]:
    """Stylize `content` once with each of `settings`, which are checked; see `sweep` for the other arguments."""
    if batch_size is not None and batch_size < 1:
        raise SettingsError(f"batch_size is {batch_size}; it must be a whole number, at least 1")
    content, styles = given_source(content), [given_source(style) for style in styles]
    finished: dict[int, StylizedImage] = {}
    whole = Whole(len(settings))

    def take(numbers: Sequence[int], paintings: Sequence[StylizedImage]) -> None:
        for number, painting in zip(numbers, paintings, strict=False):
            finished[number] = painting
            if keep:
                keep(number, painting)
        whole.finish(len(numbers))

    for group in _alike(settings):
        network = network_for(settings[group[0]])
        size = batch_size or _lanes(network, content, [settings[number] for number in group])
        for numbers in _batches(group, size):
            try:
                paintings = stylize_requests(
                    [Request(content, styles, settings[number]) for number in numbers],
                    network=network,
                    observe=lambda progress, numbers=numbers: observe(whole.of(progress), numbers) if observe else None,
                    preparing=preparing,
                )
            except StylizeInterrupted as stopped:
                take(numbers, stopped.paintings)
                raise StylizeInterrupted([finished[number] for number in sorted(finished)]) from None
            take(numbers, paintings)
    return [finished[number] for number in range(len(settings))]


def settings_of(
    changes: Sequence[Mapping[str, Any]], *, base: Settings | None = None, options: Mapping[str, Any]
) -> list[Settings]:
    """The settings of each combination: `base` or a recipe, then `options`, then what the combination changes.

    Raises:
        SettingsError: a combination cannot be used.
    """
    return [settings_from({**options, **change}, base=base) for change in changes]


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
    """Indices of the settings that share a program, together."""
    groups: dict[Any, list[int]] = {}
    for number, each in enumerate(settings):
        groups.setdefault((each.objective_spec(), each.coarsest, *values_of(each, STATIC)), []).append(number)
    return list(groups.values())


def _lanes(network: VGG19, content: ImageSource, settings: Sequence[Settings]) -> int:
    """The number of pictures of one program that fit into memory, at least 1; the run itself refuses one that does not fit."""
    if len(settings) == 1:
        return 1
    picture = Reader().read(content)
    shape = scale_shapes(picture.height, picture.width, settings[0])[-1]
    return max(1, batch_size_that_fits(network, settings[0], *shape, most=min(64, len(settings)), shared=_shared(settings)))


def _batches(group: Sequence[int], size: int) -> list[list[int]]:
    """Batches of at most `size`, of sizes as equal as possible."""
    count = math.ceil(len(group) / size)
    return [list(part) for part in (group[len(group) * i // count : len(group) * (i + 1) // count] for i in range(count))]


def _shared(settings: Sequence[Settings]) -> Shared:
    def same(names: Sequence[str]) -> bool:
        return len({values_of(each, names) for each in settings}) == 1

    return Shared(content=same(OF_CONTENT), style=same(OF_STYLES), guides=True)
