"""The arguments of a batch, as one request for each picture."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from PIL import Image

from stylejax.errors import SettingsError
from stylejax.images.picture import Picture
from stylejax.images.resize import resize
from stylejax.images.transparency import resize_picture
from stylejax.run.inputs.reader import ImageSource, given_source, mask_lists
from stylejax.run.result import StylizedImage
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings

ShapesName = Literal["same", "group", "resize"]

LOSS_WEIGHTS = ("content_weight", "style_weight", "tv_weight")


class Request(NamedTuple):
    """The caller's arguments for one picture."""

    content: ImageSource
    styles: list[ImageSource]
    settings: Settings
    content_masks: Sequence[ImageSource] = ()
    style_masks: Sequence[ImageSource] = ()


def requests_of(
    contents: Sequence[ImageSource] | ImageSource,
    styles: Sequence[ImageSource | Sequence[ImageSource]] | ImageSource,
    *,
    settings: Settings | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    loss_weights: Sequence[float | Mapping[str, float]] | None = None,
    each: Sequence[Settings | Mapping[str, Any]] | None = None,
    content_masks: Sequence[Sequence[ImageSource]] | None = None,
    style_masks: Sequence[Sequence[ImageSource]] | None = None,
) -> list[Request]:
    """One request for each picture. See `stylize_batch` for the arguments; `options` are those of all pictures.

    Raises:
        SettingsError: there is no picture, the arguments are for different numbers of pictures, or a setting cannot be used.
        ImageError: a path is empty, or no file can have it.
    """
    given = {"contents": contents, "styles": styles, "loss weights": loss_weights, "sets of options": each}
    many = {name: value for name, value in given.items() if value is not None and not _is_one(value)}
    batch_size = _common_length(many)
    masks = zip(
        mask_lists(content_masks, batch_size, "content_masks"), mask_lists(style_masks, batch_size, "style_masks"), strict=True
    )
    return [
        Request(
            given_source(contents[number] if "contents" in many else contents),
            [given_source(style) for style in _as_list(styles[number] if "styles" in many else styles)],
            _own_settings(
                settings, options, loss_weights[number] if loss_weights is not None else {}, each[number] if each else {}
            ),
            *own_masks,
        )
        for number, own_masks in enumerate(masks)
    ]


def _common_length(many: Mapping[str, Sequence[Any]]) -> int:
    """The number of pictures that all these arguments are for.

    Raises:
        SettingsError: it is 0, or they differ.
    """
    counts = {name: len(value) for name, value in many.items()}
    if any(count == 0 for count in counts.values()) or not counts:
        raise SettingsError("got no picture to paint; give at least one content and one style")
    if len(set(counts.values())) > 1:
        got = " and ".join(f"{count} {name}" for name, count in counts.items())
        raise SettingsError(f"got {got}; give one of each for every picture, or a single content or style for all")
    return next(iter(counts.values()))


def _own_settings(
    base: Settings | None,
    options: Mapping[str, Any],
    loss_weights: float | Mapping[str, float],
    own: Settings | Mapping[str, Any],
) -> Settings:
    """The settings of one picture: `own` or `base`, then what all pictures have, the picture's weights and its own options."""
    if isinstance(own, Settings):
        base, own = own, {}
    return settings_from({**options, **_by_name(loss_weights), **own}, base=base)


def check_shapes(shapes: str) -> None:
    """Raise SettingsError unless `shapes` is one of `ShapesName`."""
    if shapes not in get_args(ShapesName):
        raise SettingsError(f"shapes is {shapes!r}; it must be one of {', '.join(get_args(ShapesName))}")


def at_one_shape(pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures, all resized to the shape of the first."""
    shape = pictures[0].height, pictures[0].width
    differing = {id(each): each for each in pictures if (each.height, each.width) != shape}
    made = {key: resize_picture(each, *shape) for key, each in differing.items()}
    return [made.get(id(each), each) for each in pictures]


def at_own_shapes(results: Sequence[StylizedImage], contents: Sequence[Picture]) -> list[StylizedImage]:
    """The pictures resized to the aspect of their own contents, with the opacity of these."""

    def own(painting: StylizedImage, content: Picture) -> StylizedImage:
        shape = scale_shapes(content.height, content.width, painting.settings)[-1]
        image = np.clip(resize(painting.image, *shape), 0, 1)
        return dataclasses.replace(painting, image=image, alpha=resized_alpha(content, *shape))

    return [own(painting, content) for painting, content in zip(results, contents, strict=True)]


def resized_alpha(picture: Picture, height: int, width: int) -> np.ndarray | None:
    """The opacity of a picture, if it has any, at another shape."""
    return None if picture.alpha is None else resize(picture.alpha[..., None], height, width)[..., 0]


def _is_one(value: Any) -> bool:
    """Whether a value is one picture rather than several: a path, a PIL image, or an array with the axes of a picture."""
    return isinstance(value, str | os.PathLike | Image.Image) or getattr(value, "ndim", 0) in (2, 3)


def _as_list(style: ImageSource | Sequence[ImageSource]) -> list[ImageSource]:
    return list(style) if isinstance(style, list | tuple) else [style]


def _by_name(loss_weights: float | Mapping[str, float]) -> dict[str, float]:
    """Loss weights by the names of their settings; a number is the style weight."""
    if not isinstance(loss_weights, Mapping):
        return {"style_weight": float(loss_weights)}
    for name in loss_weights:
        if name not in LOSS_WEIGHTS:
            raise SettingsError(
                f"loss_weights have {name!r}; they may have {', '.join(LOSS_WEIGHTS)}, and `each` has other settings"
            )
    return dict(loss_weights)
