"""The public functions for one picture or one batch: `stylize` and `stylize_batch`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stylejax.choices import DeviceCount, SplitName
from stylejax.errors import NonFiniteError
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import CHUNK
from stylejax.run.checkpoint.checkpoint import Checkpoint
from stylejax.run.execute import RunOptions, stylize_requests
from stylejax.run.inputs.reader import ImageSource
from stylejax.run.inputs.requests import ShapesName, check_shapes, requests_of
from stylejax.run.progress import NON_FINITE_ADVICE, Preparing, Progress
from stylejax.run.result import StylizedImage
from stylejax.settings.settings import Settings


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
    devices: DeviceCount = "all",
    split: SplitName = "none",
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
        devices: the largest number of devices to use, where `split` uses several.
        split: `picture` divides the picture by rows among all `devices`, a number among so many of them; the result is that
            of one device up to rounding. After `jax.distributed.initialize` they are those of all processes, each of which
            makes the same call and gets the whole result. Scales with too few rows are computed by one device.
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
        devices=devices,
        split=split,
        **options,
    )
    if painting.failure:
        raise NonFiniteError(f"{painting.failure}; {NON_FINITE_ADVICE}", painting)
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
    split: SplitName = "none",
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
        split: as for `stylize`. With a number, each picture has so many devices, and the batch is distributed over the groups.
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
        RunOptions(observe=observe, every=every, preparing=preparing, checkpoint=checkpoint, devices=devices, split=split),
        network=model if isinstance(model, VGG19) else None,
        shapes=shapes,
    )
