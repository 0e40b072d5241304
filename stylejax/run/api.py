"""The library's front door: pictures in, paintings out."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.choices import DeviceCount
from stylejax.errors import NonFiniteError, SettingsError
from stylejax.files.interrupts import noted
from stylejax.images.picture import Picture
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import CHUNK
from stylejax.run.checkpoint.checkpoint import Checkpoint
from stylejax.run.devices import devices_for
from stylejax.run.inputs.job import Job, common_shapes
from stylejax.run.inputs.prepare import job_from, network_for, sources_of
from stylejax.run.inputs.preserve_color import with_kept_colors
from stylejax.run.inputs.reader import ImageSource, Reader, mask_lists
from stylejax.run.inputs.requests import (
    ShapesName,
    at_one_shape,
    at_own_shapes,
    check_shapes,
    groups_of,
    requests_of,
    resized_alpha,
)
from stylejax.run.loop import paint
from stylejax.run.progress import Preparing, Progress, Whole
from stylejax.run.result import StylizedImage
from stylejax.settings.recipes import settings_from


class StylizeInterrupted(KeyboardInterrupt):
    """Ctrl-C while painting; `paintings` holds what there was, and is empty before the first steps."""

    def __init__(self, paintings: list[StylizedImage]):
        super().__init__()
        self.paintings = paintings


def stylize(
    content: ImageSource,
    *styles: ImageSource,
    content_masks: Sequence[ImageSource] = (),
    style_masks: Sequence[ImageSource] = (),
    model: str | Path | VGG19 | None = None,
    observe: Callable[[Progress], None] | None = None,
    every: int = CHUNK,
    preparing: Callable[[Preparing], None] | None = None,
    checkpoint: Checkpoint | None = None,
    **options: Any,
) -> StylizedImage:
    """Paint `content` in the style of `styles`.

    Args:
        content: a path, a PIL image, or an array.
        *styles: one style or several, mixed by `style_blend`, or each painted in a region of its own.
        content_masks: where the regions of the content are: one gray mask a region, or one label picture.
        style_masks: where the regions of the styles are; see `stylejax.images.masks` for how they are paired.
        model: name or path of the feature network, or one from `load_model` (whose pooling, padding and precision then count).
        observe: called after each few steps with the `Progress`.
        every: `observe` is also called after each so many steps of a scale.
        preparing: called with a `Preparing` before the programs of a scale are compiled.
        checkpoint: keeps the state of the run, and goes on from what it kept of the same run before, to the same bytes.
        **options: any field of `Settings`, such as `size=768` or `content_weight=0.1`.

    Raises:
        SettingsError: an option does not exist or cannot be used.
        ImageError: a picture cannot be read.
        WeightsError: the network is not installed or damaged.
        OutOfMemoryError: the run needs more memory than there is; the message says what would fit.
        NonFiniteError: the loss stopped being finite; its `painting` is the last good picture.
        CheckpointError: the checkpoint is of another run, in use, damaged, or its folder cannot be used.
        StylizeInterrupted: on Ctrl-C; a `KeyboardInterrupt` that carries the picture so far.

    Example:
        >>> import stylejax
        >>> painting = stylejax.stylize("town.jpg", "starry_night.jpg", size=512)  # doctest: +SKIP
        >>> painting.save("painted.png")  # doctest: +SKIP
    """
    (painting,) = stylize_batch(
        [content],
        [styles],
        content_masks=[list(content_masks)],
        style_masks=[list(style_masks)],
        model=model,
        observe=observe,
        every=every,
        preparing=preparing,
        checkpoint=checkpoint,
        **options,
    )
    if painting.failure:
        raise non_finite(painting)
    return painting


def stylize_batch(
    contents: Sequence[ImageSource] | ImageSource,
    styles: Sequence[ImageSource | Sequence[ImageSource]] | ImageSource,
    *,
    weights: Sequence[float | Mapping[str, float]] | None = None,
    content_masks: Sequence[Sequence[ImageSource]] | None = None,
    style_masks: Sequence[Sequence[ImageSource]] | None = None,
    model: str | Path | VGG19 | None = None,
    observe: Callable[[Progress], None] | None = None,
    every: int = CHUNK,
    preparing: Callable[[Preparing], None] | None = None,
    checkpoint: Checkpoint | None = None,
    shapes: ShapesName = "same",
    each: Sequence[Mapping[str, Any]] | None = None,
    devices: DeviceCount = "all",
    **options: Any,
) -> list[StylizedImage]:
    """Paint many pictures in one compiled program, each independent of the others.

    Args:
        contents: one picture a lane, or a single one for all lanes.
        styles: for each lane a picture, or several that are mixed; or a single one for all lanes. A picture that occurs more
            than once is looked at once.
        weights: for each lane its style weight, or a mapping of `content_weight`, `style_weight` and `tv_weight`.
        content_masks: for each lane a list as for `stylize`, empty for none.
        style_masks: the same.
        model: as for `stylize`.
        observe: as for `stylize`.
        every: as for `stylize`.
        preparing: as for `stylize`.
        checkpoint: as for `stylize`, of all lanes together.
        shapes: what becomes of contents of different shapes. `same` refuses them; `group` paints those of each shape together,
            one group after the other; `resize` paints all at the shape of the first and gives the results their own again.
        each: for each lane, options of its own: any setting that is traced, such as strength and learning rate.
        devices: at most so many devices of this machine are used; the lanes are spread over them.
        **options: any field of `Settings`, for all lanes.

    Returns:
        One painting a lane. A lane whose loss stopped being finite says so in `failure`; the others are finished.

    Raises:
        SettingsError: there is no picture, there are more weights than pictures, or shapes differ; the message says which.

    Example:
        >>> import stylejax
        >>> paintings = stylejax.stylize_batch("town.jpg", "starry_night.jpg", weights=[1, 10, 100])  # doctest: +SKIP
    """
    check_shapes(shapes)
    lanes = requests_of(contents, styles, weights, each)
    if model is not None:
        options |= {"model": model.spec.name if isinstance(model, VGG19) else str(model)}
    everything = [settings_from({**options, **lane.options}) for lane in lanes]
    reader = Reader()
    read = [reader.read(lane.content, proof=own.proof) for lane, own in zip(lanes, everything, strict=True)]
    pictures = at_one_shape(read) if shapes == "resize" else read
    style_pictures = [
        [reader.read(style, proof=own.proof) for style in lane.styles] for lane, own in zip(lanes, everything, strict=True)
    ]
    masks = [mask_lists(content_masks, len(lanes), "content_masks"), mask_lists(style_masks, len(lanes), "style_masks")]
    jobs = [job_from(reader, *parts) for parts in zip(pictures, style_pictures, *masks, everything, strict=True)]
    sources = [sources_of(*parts) for parts in zip(pictures, style_pictures, *masks, strict=True)]
    groups = groups_of(jobs) if shapes == "group" else [list(range(len(jobs)))]
    for group in groups:  # before the network is loaded: a setting that cannot be used says so at once
        common_shapes([jobs[number] for number in group])
    if checkpoint and len(groups) > 1:
        raise SettingsError(f"got pictures of {len(groups)} shapes and a checkpoint, which keeps one batch; leave it out")
    network = model if isinstance(model, VGG19) else network_for(everything[0])
    paintings = _paint_groups(groups, network, jobs, pictures, sources, observe, every, preparing, checkpoint, devices)
    return at_own_shapes(paintings, read) if shapes == "resize" else paintings


def _paint_groups(
    groups: Sequence[Sequence[int]],
    network: VGG19,
    jobs: Sequence[Job],
    contents: Sequence[Picture],
    sources: Sequence[dict[str, Any]],
    observe: Callable[[Progress], None] | None,
    every: int,
    preparing: Callable[[Preparing], None] | None,
    checkpoint: Checkpoint | None,
    devices: DeviceCount,
) -> list[StylizedImage]:
    finished: dict[int, StylizedImage] = {}
    whole = Whole(len(jobs))
    for group in groups:
        ours = [jobs[number] for number in group], [contents[number] for number in group], [sources[number] for number in group]
        tell = (lambda progress: observe(whole.of(progress))) if observe and len(groups) > 1 else observe
        spread = devices_for(len(group), devices)
        saved = checkpoint.resume(network, ours[0], devices=len(spread)) if checkpoint else None
        progresses = paint(network, ours[0], every=every, resume=saved, devices=spread, preparing=preparing)
        try:
            finished |= zip(group, _paint_all(progresses, network.spec.name, *ours, tell, checkpoint), strict=True)
        except StylizeInterrupted as stopped:
            finished |= zip(group, stopped.paintings, strict=False)
            raise StylizeInterrupted([finished[number] for number in sorted(finished)]) from None
        finally:
            if checkpoint:
                checkpoint.release()
        whole.finish(len(group))
    return [finished[number] for number in range(len(jobs))]


def non_finite(painting: StylizedImage) -> NonFiniteError:
    """The error that says where `painting` failed; it carries the painting."""
    assert painting.failure is not None
    return NonFiniteError(
        f"the loss stopped being finite at scale {painting.failure.scale}, step {painting.failure.step}; "
        "lower the learning rate or the weights",
        painting,
    )


def _paint_all(
    progresses: Iterable[Progress],
    network: str,
    jobs: Sequence[Job],
    contents: Sequence[Picture],
    sources: Sequence[dict[str, Any]],
    observe: Callable[[Progress], None] | None,
    checkpoint: Checkpoint | None,
) -> list[StylizedImage]:
    resumed = checkpoint.resumed if checkpoint else None
    traces: list[list[dict[str, Any]]] = resumed.traces if resumed else [[] for _ in jobs]
    progress = None

    def paintings() -> list[StylizedImage]:
        if progress is None:
            return []
        images = np.clip(np.asarray(progress.pictures), 0, 1)
        return [
            StylizedImage(
                image=images[lane],
                alpha=resized_alpha(contents[lane], *images.shape[1:3]),
                trace=traces[lane],
                settings=job.settings,
                network=network,
                sources=sources[lane],
                failure=progress.failures[lane],
                notes=job.notes,
                memory=progress.memory,
            )
            for lane, job in enumerate(jobs)
        ]

    with noted() as interrupts:
        try:
            interrupts.check()
            steps = iter(progresses)
            while True:
                with interrupts.unguarded() if progress is None else nullcontext():  # nothing is there that could be lost
                    raw = next(steps, None)
                if raw is None:
                    break
                colored = with_kept_colors(raw.pictures, contents, [job.settings for job in jobs])
                progress = dataclasses.replace(raw, pictures=colored, paintings=paintings)
                for trace, records in zip(traces, progress.records, strict=True):
                    trace.extend(records)
                if checkpoint:
                    checkpoint.keep(progress, traces)
                if observe:
                    with interrupts.unguarded():
                        observe(progress)
                interrupts.check()
                if all(progress.failures):
                    break
        except KeyboardInterrupt:
            if checkpoint:
                checkpoint.save()
            raise StylizeInterrupted(paintings()) from None
        except Exception:
            if checkpoint:
                checkpoint.save()
            raise
    return paintings()
