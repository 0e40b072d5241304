"""What a run begins with: the network and the jobs that settings and pictures make."""

from collections.abc import Sequence
from typing import Any

from stylejax.errors import ImageError
from stylejax.images.masks import Regions
from stylejax.images.picture import Picture
from stylejax.images.transparency import opacity_weights
from stylejax.network.vgg import VGG19
from stylejax.run.inputs.job import Job, Opacity
from stylejax.run.inputs.reader import ImageSource, Reader, source_name
from stylejax.run.inputs.style_size import check_styles
from stylejax.settings.settings import Settings
from stylejax.weights.load import load_model


def network_for(settings: Settings) -> VGG19:
    """The feature network that `settings` ask for."""
    return load_model(
        settings.model,
        pooling=settings.pooling,
        padding=settings.padding,
        precision=settings.precision,
        convolution=settings.convolution,
    )


def job_from(
    reader: Reader,
    content: Picture,
    styles: Sequence[Picture],
    content_masks: Sequence[ImageSource],
    style_masks: Sequence[ImageSource],
    settings: Settings,
) -> Job:
    """The job of painting `content` in `styles`, with what the settings do to their colors."""
    start = settings.file("init")
    init = reader.read(start, proof=settings.proof) if start else None
    regions = reader.regions(content_masks, style_masks, content, styles)
    seen = Opacity(
        opacity_weights(content),
        tuple(opacity_weights(style) for style in styles),
        None if init is None else opacity_weights(init),
    )
    check_styles(content, styles, settings)
    _check_seen(styles, regions)
    notes = [
        note for each in (content, *styles, *((init,) if init else ()), *((regions,) if regions else ())) for note in each.notes
    ]
    return Job(
        content=reader.content(content, settings),
        styles=tuple(reader.style(style, content, settings) for style in styles),
        settings=settings,
        init=None if init is None else init.samples,
        regions=regions,
        opacity=seen,
        notes=tuple(dict.fromkeys(notes)),
    )


def sources_of(
    content: Picture, styles: Sequence[Picture], content_masks: Sequence[ImageSource], style_masks: Sequence[ImageSource]
) -> dict[str, Any]:
    """What a record says of the pictures that went into a painting."""
    masks = {"content_masks": content_masks, "style_masks": style_masks}
    named = {kind: [source_name(mask) for mask in each] for kind, each in masks.items() if each}
    return {"content": source_name(content.source), "styles": [source_name(style.source) for style in styles], **named}


def _check_seen(styles: Sequence[Picture], regions: Regions | None) -> None:
    """Raise ImageError where all that a region could learn from is transparent."""
    for style, masks in zip(styles, () if regions is None else regions.styles, strict=False):
        for number, mask in enumerate(masks, start=1):
            if style.alpha is not None and (mask * style.alpha).max() < 1 / 255:
                raise ImageError(
                    f"{style.source} is fully transparent in its region {number}; move the mask to where it is seen"
                )
