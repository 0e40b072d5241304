"""The public functions for pictures in memory or files: `stylize` and `stylize_batch`."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.choices import DeviceCount
from stylejax.errors import NonFiniteError, SettingsError
from stylejax.images.picture import Picture
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import CHUNK
from stylejax.run.checkpoint.checkpoint import Checkpoint
from stylejax.run.compatibility import common_scales, grouped, scales_of
from stylejax.run.devices import devices_for
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.prepare import job_from, network_for, sources_of
from stylejax.run.inputs.preserve_color import with_kept_colors
from stylejax.run.inputs.reader import ImageSource, Reader
from stylejax.run.inputs.requests import (
    Request,
    ShapesName,
    at_one_shape,
    at_own_shapes,
    check_shapes,
    requests_of,
    resized_alpha,
)
from stylejax.run.loop import paint
from stylejax.run.progress import NON_FINITE_ADVICE, Preparing, Progress, Whole
from stylejax.run.result import StylizedImage
from stylejax.settings.settings import Settings
from stylejax.signals import noting_interrupts


class StylizeInterrupted(KeyboardInterrupt):
    """Ctrl-C during a run; `paintings` holds the pictures so far, and is empty before the first steps."""

    def __init__(self, paintings: list[StylizedImage]):
        super().__init__()
        self.paintings = paintings


def stylize(
    content: ImageSource,
    *styles: ImageSource,
    settings: Settings | None = None,
    content_masks: Sequence[ImageSource] = (),
    style_masks: Sequence[ImageSource] = (),
    model: str | Path | VGG19 | None = None,
    observe: Callable[[Progress], None] | None = None,
    every: int = CHUNK,
    preparing: Callable[[Preparing], None] | None = None,
    checkpoint: Checkpoint | None = None,
    **options: Any,
) -> StylizedImage:
    """Stylize one picture: optimize `content` in the style of `styles`.

    Args:
        content: a path, a PIL image, or an array.
        *styles: one style or several, mixed by `style_blend`, or each in a region of its own.
        settings: the settings; by default those of the recipe `options["recipe"]`, or of the default recipe.
        content_masks: regions of the content: one gray mask for each, or one label picture.
        style_masks: regions of the styles; see `stylejax.images.masks` for how they are paired.
        model: name or path of the feature network, or a network from `load_model`, whose own pooling, padding and precision
            then apply.
        observe: called with the `Progress` after every few steps.
        every: `observe` is also called after every so many steps of a scale.
        preparing: called with a `Preparing` before the programs of a scale are compiled.
        checkpoint: saves the state of the run, and resumes an interrupted run of the same arguments with the same bytes.
        **options: fields of `Settings` in place of those of `settings`, such as `size=768` or `content_weight=0.1`. The
            `optimizer` may also be any `optax.GradientTransformation`, such as `optax.lion(1e-2)`.

    Raises:
        SettingsError: an option does not exist or cannot be used.
        ImageError: a picture cannot be read.
        WeightsError: the network is not installed or damaged.
        OutOfMemoryError: the run needs more memory than is available; the message says what would fit.
        NonFiniteError: the loss stopped being finite; its `result` contains the last good picture.
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
        settings=settings,
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
    settings: Settings | None = None,
    loss_weights: Sequence[float | Mapping[str, float]] | None = None,
    each: Sequence[Settings | Mapping[str, Any]] | None = None,
    content_masks: Sequence[Sequence[ImageSource]] | None = None,
    style_masks: Sequence[Sequence[ImageSource]] | None = None,
    model: str | Path | VGG19 | None = None,
    observe: Callable[[Progress], None] | None = None,
    every: int = CHUNK,
    preparing: Callable[[Preparing], None] | None = None,
    checkpoint: Checkpoint | None = None,
    shapes: ShapesName = "same",
    devices: DeviceCount = "all",
    **options: Any,
) -> list[StylizedImage]:
    """Stylize several pictures in one compiled program, each independent of the others.

    Args:
        contents: one content for each picture, or a single one for all.
        styles: one style for each picture, or several that are mixed; or a single one for all. The targets of a style that
            occurs more than once are computed once.
        settings: as for `stylize`, of all pictures.
        loss_weights: for each picture its style weight, or a mapping of `content_weight`, `style_weight` and `tv_weight`.
        each: for each picture a `Settings` in place of `settings`, or a mapping of fields in place of some of it. Pictures of
            one batch may differ in every traced setting, such as strength and learning rate.
        content_masks: for each picture a list as for `stylize`, empty for none.
        style_masks: the same.
        model: as for `stylize`.
        observe: as for `stylize`.
        every: as for `stylize`.
        preparing: as for `stylize`.
        checkpoint: as for `stylize`, of all pictures together.
        shapes: how contents of different shapes are treated. `same` refuses them; `group` stylizes those of each shape
            together, one group after the other; `resize` stylizes all at the shape of the first and resizes the results to
            their own.
        devices: the largest number of this machine's devices to use; the batch is distributed over them.
        **options: as for `stylize`, of all pictures.

    Returns:
        One result for each picture. One whose loss stopped being finite has a `failure`; the others are finished.

    Raises:
        SettingsError: there is no picture, the arguments are for different numbers of pictures, or shapes differ; the message
            says which.

    Example:
        >>> import stylejax
        >>> paintings = stylejax.stylize_batch("town.jpg", "starry_night.jpg", loss_weights=[1, 10, 100])  # doctest: +SKIP
    """
    check_shapes(shapes)
    if model is not None:
        options |= {"model": model.spec.name if isinstance(model, VGG19) else str(model)}
    requests = requests_of(
        contents,
        styles,
        settings=settings,
        options=options,
        loss_weights=loss_weights,
        each=each,
        content_masks=content_masks,
        style_masks=style_masks,
    )
    return stylize_requests(
        requests,
        network=model if isinstance(model, VGG19) else None,
        observe=observe,
        every=every,
        preparing=preparing,
        checkpoint=checkpoint,
        shapes=shapes,
        devices=devices,
    )


def stylize_requests(
    requests: Sequence[Request],
    *,
    network: VGG19 | None = None,
    observe: Callable[[Progress], None] | None = None,
    every: int = CHUNK,
    preparing: Callable[[Preparing], None] | None = None,
    checkpoint: Checkpoint | None = None,
    shapes: ShapesName = "same",
    devices: DeviceCount = "all",
) -> list[StylizedImage]:
    """Stylize the pictures of `requests`, whose settings are checked; see `stylize_batch`.

    Args:
        requests: one for each picture.
        network: the feature network; that of the first picture's settings unless given.
        observe: as for `stylize_batch`, like all other arguments, the result and the errors.
        every: as for `stylize_batch`.
        preparing: as for `stylize_batch`.
        checkpoint: as for `stylize_batch`.
        shapes: as for `stylize_batch`.
        devices: as for `stylize_batch`.
    """
    reader = Reader()
    read = [reader.read(each.content, proof=each.settings.proof) for each in requests]
    contents = at_one_shape(read) if shapes == "resize" else read
    styles = [[reader.read(style, proof=each.settings.proof) for style in each.styles] for each in requests]
    inputs = [
        (content, own, each.content_masks, each.style_masks)
        for content, own, each in zip(contents, styles, requests, strict=True)
    ]
    jobs = [job_from(reader, *own, each.settings) for own, each in zip(inputs, requests, strict=True)]
    sources = [sources_of(*own) for own in inputs]
    groups = grouped(jobs, scales_of) if shapes == "group" else [list(range(len(jobs)))]
    for group in groups:  # before the network is loaded, which takes longer than finding a setting that cannot be used
        common_scales([jobs[number] for number in group])
    if checkpoint and len(groups) > 1:
        raise SettingsError(f"got pictures of {len(groups)} shapes and a checkpoint, which keeps one batch; leave it out")
    network = network or network_for(requests[0].settings)
    paintings = _paint_groups(groups, network, jobs, contents, sources, observe, every, preparing, checkpoint, devices)
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
        spread = devices_for(len(group), wanted=devices)
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
    return NonFiniteError(f"{painting.failure}; {NON_FINITE_ADVICE}", painting)


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

    with noting_interrupts() as interrupts:
        try:
            interrupts.check()
            steps = iter(progresses)
            while True:
                with interrupts.interruptible() if progress is None else nullcontext():  # nothing is there that could be lost
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
                    with interrupts.interruptible():
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
