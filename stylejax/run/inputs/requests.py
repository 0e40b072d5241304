"""What a caller gives for a batch, brought to one content, one list of styles and one set of options for every lane."""

import dataclasses
import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from PIL import Image

from stylejax.errors import SettingsError
from stylejax.images.picture import Picture
from stylejax.images.resize import resize
from stylejax.images.visible import resized_picture
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.reader import ImageSource, given_source
from stylejax.run.result import StylizedImage
from stylejax.settings.pyramid import scale_shapes

ShapesName = Literal["same", "group", "resize"]

WEIGHTS = ("content_weight", "style_weight", "tv_weight")


class Request(NamedTuple):
    """One picture of a batch, as the caller gave it."""

    content: ImageSource
    styles: list[ImageSource]
    options: dict[str, Any]


def requests_of(
    contents: Sequence[ImageSource] | ImageSource,
    styles: Sequence[ImageSource | Sequence[ImageSource]] | ImageSource,
    weights: Sequence[float | Mapping[str, float]] | None,
    each: Sequence[Mapping[str, Any]] | None,
) -> list[Request]:
    """One lane a picture; a content or a style that is no list serves all lanes. See `stylize_batch` for the arguments.

    Raises:
        SettingsError: there is no picture, or there are more of one thing than of another.
        ImageError: a path is empty, or no file can have it.
    """
    many = {"contents": contents, "styles": styles, "weights": weights, "sets of options": each}
    many = {name: value for name, value in many.items() if value is not None and not _is_one(value)}
    counts = {name: len(value) for name, value in many.items()}
    if any(count == 0 for count in counts.values()) or not counts:
        raise SettingsError("got no picture to paint; give at least one content and one style")
    lanes = max(counts.values())
    if set(counts.values()) != {lanes}:
        told = " and ".join(f"{count} {name}" for name, count in counts.items())
        raise SettingsError(f"got {told}; give one of each for every picture, or a single content or style for all")
    chosen = [_weights(own) for own in weights or [{}] * lanes]
    return [
        Request(
            content=given_source(many["contents"][lane] if "contents" in many else contents),
            styles=[given_source(style) for style in _as_list(many["styles"][lane] if "styles" in many else styles)],
            options={**chosen[lane], **(each[lane] if each else {})},
        )
        for lane in range(lanes)
    ]


def check_shapes(shapes: str) -> None:
    """Raise SettingsError unless `shapes` is one of `ShapesName`."""
    if shapes not in get_args(ShapesName):
        raise SettingsError(f"shapes is {shapes!r}; it must be one of {', '.join(get_args(ShapesName))}")


def at_one_shape(pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures, all brought to the shape of the first."""
    shape = pictures[0].height, pictures[0].width
    differing = {id(each): each for each in pictures if (each.height, each.width) != shape}
    made = {key: resized_picture(each, *shape) for key, each in differing.items()}
    return [made.get(id(each), each) for each in pictures]


def at_own_shapes(paintings: Sequence[StylizedImage], contents: Sequence[Picture]) -> list[StylizedImage]:
    """The paintings with the aspect and the opacity of their own contents."""

    def own(painting: StylizedImage, content: Picture) -> StylizedImage:
        shape = scale_shapes(content.height, content.width, painting.settings)[-1]
        image = np.clip(resize(painting.image, *shape), 0, 1)
        return dataclasses.replace(painting, image=image, alpha=resized_alpha(content, *shape))

    return [own(painting, content) for painting, content in zip(paintings, contents, strict=True)]


def resized_alpha(picture: Picture, height: int, width: int) -> np.ndarray | None:
    """The opacity of a picture, if it has any, at another shape."""
    return None if picture.alpha is None else resize(picture.alpha[..., None], height, width)[..., 0]


def groups_of(jobs: Sequence[Job]) -> list[list[int]]:
    """Numbers of the jobs that are painted at the same shapes, together."""
    groups: dict[Hashable, list[int]] = {}
    for number, job in enumerate(jobs):
        height, width = job.content.shape[:2]
        groups.setdefault(tuple(scale_shapes(height, width, job.settings)), []).append(number)
    return list(groups.values())


def _is_one(value: Any) -> bool:
    """Whether it is one picture, rather than many: a path, a PIL image, or an array with the axes of a picture."""
    return isinstance(value, str | os.PathLike | Image.Image) or getattr(value, "ndim", 0) in (2, 3)


def _as_list(style: ImageSource | Sequence[ImageSource]) -> list[ImageSource]:
    return list(style) if isinstance(style, list | tuple) else [style]


def _weights(own: float | Mapping[str, float]) -> dict[str, float]:
    if not isinstance(own, Mapping):
        return {"style_weight": float(own)}
    for name in own:
        if name not in WEIGHTS:
            raise SettingsError(f"weights have {name!r}; they may have {', '.join(WEIGHTS)}, and `each` has other settings")
    return dict(own)
