"""A grid of settings on one content: every combination of the values, in batches as large as memory allows.

Combinations that differ only in traced settings share a compiled program; those that differ in a static one run one program
after the other. The results are in the order of the grid, its last axis fastest.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from stylejax.choices import BatchSize, DeviceCount, SplitName
from stylejax.errors import SettingsError
from stylejax.network.vgg import VGG19
from stylejax.run.compatibility import grouped, program_key
from stylejax.run.devices import devices_of, side_by_side
from stylejax.run.execute import RunOptions, stylize_requests
from stylejax.run.inputs.prepare import network_for
from stylejax.run.inputs.reader import ImageSource, Reader, given_source
from stylejax.run.inputs.requests import Request
from stylejax.run.memory.batch_size import automatic_batch_size
from stylejax.run.progress import Preparing, Progress, Whole
from stylejax.run.result import StylizedImage, StylizeInterrupted
from stylejax.run.sharing import planned_target_keys, shared_among
from stylejax.settings.pyramid import pixel_limit, scale_shapes
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings

LARGEST_BATCH = 64


def sweep(
    content: ImageSource,
    *styles: ImageSource,
    grid: Mapping[str, Sequence[Any]],
    settings: Settings | None = None,
    model: str | Path | None = None,
    batch_size: BatchSize = "auto",
    devices: DeviceCount = "all",
    split: SplitName = "none",
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
        batch_size: pictures in a batch; `auto` for as many as fit into memory, or one for each group of devices with `split`.
        devices: as for `stylize_batch`.
        split: likewise.
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
        devices=devices,
        split=split,
        observe=observe,
        keep=keep,
        preparing=preparing,
    )


def sweep_settings(
    content: ImageSource,
    styles: Sequence[ImageSource],
    settings: Sequence[Settings],
    *,
    batch_size: BatchSize = "auto",
    devices: DeviceCount = "all",
    split: SplitName = "none",
    observe: Callable[[Progress, Sequence[int]], None] | None = None,
    keep: Callable[[int, StylizedImage], None] | None = None,
    preparing: Callable[[Preparing], None] | None = None,
) -> list[StylizedImage]:
    """Stylize `content` once with each of `settings`, which are checked; see `sweep` for the other arguments and errors."""
    if batch_size != "auto" and batch_size < 1:
        raise SettingsError(f"batch_size is {batch_size}; it must be a whole number, at least 1, or auto")
    devices_of(1, wanted=devices, split=split)  # refused before anything is painted
    content, styles = given_source(content), [given_source(style) for style in styles]
    finished: dict[int, StylizedImage] = {}
    whole = Whole(len(settings))

    def take(numbers: Sequence[int], results: Sequence[StylizedImage]) -> None:
        for number, painting in zip(numbers, results, strict=False):
            finished[number] = painting
            if keep:
                keep(number, painting)
        whole.finish(len(numbers))

    def show(numbers: Sequence[int], progress: Progress) -> None:
        if observe:
            observe(whole.of(progress), numbers)

    for group in grouped(settings, program_key):
        network = network_for(settings[group[0]])
        alike = [settings[number] for number in group]
        if batch_size != "auto":
            size = batch_size
        elif split != "none":
            size = side_by_side(len(group), wanted=devices, split=split)
        else:
            size = _automatic(network, content, alike)
        for numbers in _batches(group, size):
            try:
                results = stylize_requests(
                    [Request(content, styles, settings[number]) for number in numbers],
                    RunOptions(observe=partial(show, numbers), preparing=preparing, devices=devices, split=split),
                    network=network,
                )
            except StylizeInterrupted as stopped:
                take(numbers, stopped.results)
                raise StylizeInterrupted([finished[number] for number in sorted(finished)]) from None
            take(numbers, results)
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


def _automatic(network: VGG19, content: ImageSource, settings: Sequence[Settings]) -> int:
    """The batch size for settings that run the same programs."""
    if len(settings) == 1:
        return 1
    picture = Reader(max(map(pixel_limit, settings))).read(content)
    shape = scale_shapes(picture.height, picture.width, settings[0])[-1]
    shared = shared_among(planned_target_keys(each, "the content", "the styles") for each in settings)  # one of each for all
    return automatic_batch_size(network, settings[0], shape, most=min(len(settings), LARGEST_BATCH), shared=shared)


def _batches(group: Sequence[int], size: int) -> list[list[int]]:
    """Batches of at most `size`, as equal in size as possible."""
    count = math.ceil(len(group) / size)
    return [list(part) for part in (group[len(group) * i // count : len(group) * (i + 1) // count] for i in range(count))]
