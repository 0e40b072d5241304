"""The values of a form, as a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.errors import StylejaxError
from stylejax.preview.app.clip import ClipRun, check_clip
from stylejax.preview.app.painting import check_upload
from stylejax.preview.app.run import Run
from stylejax.settings.parse import parse_setting

LARGEST_SIZE = 1024
FIELDS = (
    "model",
    "size",
    "iterations",
    "strength",
    "content_weight",
    "style_weight",
    "tv_weight",
    "keep_color",
    "style_blend",
)
"""Settings of the form of a picture; the others are those of the recipe."""
LARGEST_CLIP = 768
CLIP_FIELDS = ("model", "size", "iterations", "strength", "content_weight", "keep_color")
"""Settings of the form of a clip."""
CLIP_OPTIONS = ("preview", "temporal_weight")
"""Options of the form of a clip."""


def read_picture_form(content: str | None, styles: Sequence[Any] | None, recipe: str, *rest: Any) -> Run | None:
    """The run for the values of the form, optionally followed by a drawn region; None while a picture is missing.

    Raises:
        StylejaxError: a value cannot be used.
    """
    if not content or not styles:
        for path in (content, *(style for style, _ in styles or ())):
            if path:
                check_upload(Path(path))
        return None
    fields, masks, drawn = rest[: len(FIELDS)], rest[len(FIELDS)], rest[len(FIELDS) + 1 :]
    options = _settings(recipe, FIELDS, fields, largest=LARGEST_SIZE)
    region = np.asarray(drawn[0]["layers"][0])[..., 3] if drawn and drawn[0] and drawn[0]["layers"] else None
    return Run(Path(content), [Path(style) for style, _ in styles], options, [Path(mask) for mask in masks or ()], region)


def read_clip_form(clip: str | None, styles: Sequence[Any] | None, recipe: str, *rest: Any) -> ClipRun | None:
    """The run for the values of the form; None while the clip or a style is missing.

    Raises:
        StylejaxError: a value cannot be used, or an extra is not installed.
    """
    if not clip or not styles:
        if clip:
            check_clip(Path(clip))
        for style, _ in styles or ():
            check_upload(Path(style))
        return None
    options = _settings(recipe, CLIP_FIELDS, rest[: len(CLIP_FIELDS)], largest=LARGEST_CLIP)
    video: dict[str, Any] = dict(zip(CLIP_OPTIONS, rest[len(CLIP_FIELDS) :], strict=True))
    _check_given(video)
    return ClipRun(Path(clip), [Path(style) for style, _ in styles], options, video)


def _settings(recipe: str, names: Sequence[str], values: Sequence[Any], *, largest: int) -> dict[str, Any]:
    options = dict(zip(names, values, strict=True)) | {"recipe": recipe}
    _check_given(options)
    options = {name: parse_setting(name, value) for name, value in options.items()}
    options["size"] = min(options["size"], largest)
    return options


def _check_given(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if value is None:
            raise StylejaxError(f"{name.replace('_', ' ')} is empty; give a number")
