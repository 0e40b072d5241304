"""The pictures and masks of a batch, each read and prepared once: pictures that share an input share its array."""

import dataclasses
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from stylejax.errors import ImageError, SettingsError
from stylejax.files.url import is_url
from stylejax.files.user_paths import user_path
from stylejax.images.io.open_image import PIXEL_LIMIT
from stylejax.images.io.read import to_picture
from stylejax.images.masks import Regions, read_regions
from stylejax.images.picture import Picture
from stylejax.images.proof import soft_proof
from stylejax.images.transparency import fill_transparent
from stylejax.run.inputs.preserve_color import content_to_paint, style_to_paint
from stylejax.settings.settings import Settings
from stylejax.types import AnyHostSamples, HostSamples

ImageSource = Any
"""A picture: a path, a `PIL.Image.Image`, or an array `[height, width(, channels)]`, uint8, uint16 or float in [0, 1]."""


class Reader:
    """Remembers all that it made, as long as it lives."""

    def __init__(self, limit: int = PIXEL_LIMIT):
        """Read pictures of at most `limit` pixels."""
        self._limit = limit
        self._made: dict[Hashable, Any] = {}

    def read(self, source: ImageSource, *, proof: str = "") -> Picture:
        """The picture of `source`, what is hidden in it filled; with the path of a profile, as its printer would print it."""
        picture = self._once(("picture", _key(source)), lambda: fill_transparent(to_picture(source, limit=self._limit)))
        if not proof:
            return picture
        proofed = lambda: dataclasses.replace(picture, samples=soft_proof(picture.samples, proof))  # noqa: E731
        return self._once(("proof", _key(source), proof), proofed)

    def content(self, content: Picture, settings: Settings) -> HostSamples:
        """The content as it is painted; see `run.inputs.preserve_color`."""
        key = ("content", id(content), settings.keep_color)
        return self._once(key, lambda: content_to_paint(content.samples, settings))

    def style(self, style: Picture, content: Picture, settings: Settings) -> AnyHostSamples:
        """A style as it is painted on `content`."""
        if settings.keep_color == "none":
            return style.samples
        key = ("style", id(style), id(content), settings.keep_color, settings.color_match)
        return self._once(key, lambda: style_to_paint(style, content, settings))

    def regions(
        self,
        content_masks: Sequence[ImageSource],
        style_masks: Sequence[ImageSource],
        content: Picture,
        styles: Sequence[Picture],
    ) -> Regions | None:
        """The regions that the masks name; None without masks."""
        if not content_masks and not style_masks:
            return None
        shape, shapes = content.samples.shape, tuple(style.samples.shape for style in styles)
        masks = tuple(tuple(_key(mask) for mask in masks) for masks in (content_masks, style_masks))
        key = ("regions", masks, shape, shapes)
        return self._once(key, lambda: read_regions(content_masks, style_masks, shape, shapes, limit=self._limit))

    def _once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def given_source(source: ImageSource) -> ImageSource:
    """A source as it is meant where it is a path that somebody gave.

    Raises:
        ImageError: the path is empty, or no file can have it.
    """
    return user_path(source, error=ImageError) if isinstance(source, str | Path) and not is_url(source) else source


def files_of(settings: Settings) -> list[tuple[str, str]]:
    """The files that settings name, each with its purpose."""
    files = {"start": settings.file("init"), "profile": settings.file("proof"), "network": settings.file("model")}
    return [(purpose, place) for purpose, place in files.items() if place]


def mask_lists(masks: Sequence[Sequence[ImageSource]] | None, batch_size: int, name: str) -> list[list[ImageSource]]:
    """The masks of each picture, none where `masks` is None.

    Raises:
        SettingsError: there is not one list for each picture.
    """
    if masks is None:
        return [[] for _ in range(batch_size)]
    if len(masks) != batch_size or not all(isinstance(each, list | tuple) for each in masks):
        raise SettingsError(f"{name} of a batch must be {batch_size} lists of masks, one for each picture")
    return [[given_source(mask) for mask in each] for each in masks]


def source_name(source: ImageSource) -> str:
    """What a record calls a source: a file's name without its folders, which are nobody's business, or a kind of object."""
    if isinstance(source, Picture):
        return Path(source.source).name
    return Path(source).name if isinstance(source, str | Path) else f"the {type(source).__name__}"


def named_picture(source: ImageSource, *, limit: int = PIXEL_LIMIT) -> Picture:
    """The picture of `source`, of at most `limit` pixels, under the name that a record has for it."""
    return dataclasses.replace(fill_transparent(to_picture(source, limit=limit)), source=source_name(source))


def _key(source: ImageSource) -> Hashable:
    return str(source) if isinstance(source, str | Path) else id(source)
