"""Region masks: pairs of regions of the content and regions of the styles.

There are two kinds of masks. *Gray masks* describe one region each: white inside, black outside, gray for soft borders. *Label
pictures* describe all regions of a picture by flat colors (see `labels`).

    content masks        style masks          styles    pairs
    n gray masks         n gray masks         one       region i of the content and region i of the style
    n gray masks         n gray masks or none n         region i and (mask i of) style i
    one label picture    one label picture    one       regions of the same color
    one label picture    n gray masks or none n         as with gray masks, with labels ordered from dark to light

Content masks must cover the content. Parts of a style outside its masks are ignored. Where gray masks overlap, both styles
apply. Transparent parts of a mask count as black.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.errors import ImageError, SettingsError
from stylejax.images.bands import Computed, bands, whole
from stylejax.images.io.open_image import PIXEL_LIMIT
from stylejax.images.io.read import to_picture
from stylejax.images.labels import match_labels, read_labels
from stylejax.images.picture import Picture, unit_values
from stylejax.images.resample import Resampled

MIN_COVERAGE = 0.5
"""Masks cover a pixel if their values sum to at least this."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of a content picture and of its styles."""

    content: np.ndarray
    """Float32 `[regions, height, width]` in [0, 1], with the content's height and width."""
    styles: tuple[np.ndarray, ...]
    """Regions of each style picture, `[regions of this style, height, width]`, in the order of the content's regions. A single
    style has all regions; with several styles, each has one."""
    notes: tuple[str, ...] = ()
    """Notes to the user, one line each."""


def read_regions(
    content_masks: Sequence[Any],
    style_masks: Sequence[Any],
    content_shape: Sequence[int],
    style_shapes: Sequence[Sequence[int]],
    *,
    limit: int = PIXEL_LIMIT,
) -> Regions:
    """Read the masks and pair their regions.

    Args:
        content_masks: paths, Pillow images or arrays `[height, width]`.
        style_masks: the same.
        content_shape: height and width of the content; its masks are resized to them.
        style_shapes: height and width of each style.
        limit: the most pixels of a mask.

    Raises:
        ImageError: a mask cannot be read or is black, pixels of the content belong to no region, or only one of two label
            pictures has a label.
        SettingsError: the numbers of masks and styles are inconsistent.
    """
    contents = [_read(mask, f"content mask {number}", limit) for number, mask in enumerate(content_masks, start=1)]
    styles = [_read(mask, f"style mask {number}", limit) for number, mask in enumerate(style_masks, start=1)]
    _check_counts(len(contents), len(styles), len(style_shapes))
    notes = [note for mask in (*contents, *styles) for note in mask.notes]
    labels = read_labels(contents[0]) if len(contents) == 1 else None
    if labels is not None and len(styles) == len(style_shapes) == 1:
        theirs = read_labels(styles[0])
        style = list(theirs.masks[match_labels(labels, theirs, source=contents[0].source, other_source=styles[0].source)])
        _note_merged(notes, styles[0], theirs.merged)
    else:
        _check_styles(len(contents) if labels is None else len(labels.masks), len(styles), len(style_shapes))
        style = [_gray(mask) for mask in styles] or [np.ones(shape[:2], np.float32) for shape in style_shapes]
    if labels is not None:
        _note_merged(notes, contents[0], labels.merged)
    content = [_gray(mask) for mask in contents] if labels is None else list(labels.masks)
    content = _fitted(content, contents, [content_shape] * len(content), notes)
    _check_cover(content)
    style = _fitted(style, styles, list(style_shapes) * (len(style) // len(style_shapes)), notes)
    groups = [style] if len(style_shapes) == 1 else [[region] for region in style]
    return Regions(np.stack(content), tuple(np.stack(group) for group in groups), tuple(notes))


def resize_masks(masks: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample `[regions, H, W]` with a triangle filter, which preserves sums of masks and does not overshoot."""
    resized = np.empty((len(masks), height, width), np.float32)
    for mask, out in zip(masks, resized, strict=True):
        whole(Resampled(lambda rows: mask[rows], mask.shape, (height, width), "bilinear"), out=out)  # noqa: B023
    return resized


def _read(mask: Any, name: str, limit: int) -> Picture:
    if getattr(mask, "dtype", None) == np.bool_:
        mask = np.asarray(mask, np.float32)
    picture = to_picture(mask, limit=limit)
    if picture.alpha is not None:  # transparent pixels are black, also in label pictures
        picture = dataclasses.replace(picture, samples=picture.pixels * picture.alpha[..., np.newaxis], alpha=None)
    return picture if isinstance(mask, str) or hasattr(mask, "__fspath__") else dataclasses.replace(picture, source=name)


def _gray(mask: Picture) -> np.ndarray:
    gray = whole(Computed(mask.samples.shape[:2], lambda rows: unit_values(mask.samples[rows]).mean(2)))
    if gray.max() < 1 / 255:
        raise ImageError(f"{mask.source} is all black; make its region white, or leave the mask out")
    return gray


def _check_counts(contents: int, style_masks: int, styles: int) -> None:
    if contents == 0:
        raise SettingsError(f"got {style_masks} style masks and no content mask; give the masks of the content too")
    if style_masks == 0 and styles == 1:
        raise SettingsError("got content masks and one style without masks; give style masks, or one style for each region")
    if contents > 1 and style_masks not in (0, contents):
        raise SettingsError(f"got {contents} content masks and {style_masks} style masks; give one of each for a region")


def _check_styles(regions: int, style_masks: int, styles: int) -> None:
    if style_masks not in (0, regions):
        raise SettingsError(f"got {regions} regions of the content and {style_masks} style masks; give a mask for each region")
    if styles not in (1, regions):
        raise SettingsError(f"got {regions} regions and {styles} styles; give one style, or one for each region in their order")


def _note_merged(notes: list[str], mask: Picture, merged: int) -> None:
    if merged:
        notes.append(f"{mask.source}: {merged:,} pixels between the flat colors were taken as the nearest label")


def _fitted(
    masks: Sequence[np.ndarray], sources: Sequence[Picture], shapes: Sequence[Sequence[int]], notes: list[str]
) -> list[np.ndarray]:
    """Resize masks to the shapes of their pictures, with one note for each file that had another shape."""
    fitted = []
    for number, (mask, shape) in enumerate(zip(masks, shapes, strict=True)):
        height, width = shape[:2]
        if mask.shape != (height, width):
            source = sources[min(number, len(sources) - 1)].source
            note = f"{source} is {mask.shape[1]}×{mask.shape[0]} and its picture {width}×{height}; the mask was resized"
            if note not in notes:
                notes.append(note)
            mask = resize_masks(mask[np.newaxis], height, width)[0]
        fitted.append(mask)
    return fitted


def _check_cover(masks: Sequence[np.ndarray]) -> None:
    bare = np.empty(masks[0].shape, bool)
    for some in bands(len(bare)):
        bare[some] = sum(mask[some] for mask in masks) < MIN_COVERAGE
    if not bare.any():
        return
    rows, columns = (np.flatnonzero(bare.any(axis)) for axis in (1, 0))
    raise ImageError(
        f"{int(bare.sum()):,} pixels of the content ({bare.mean():.2%}) belong to no region, within rows {rows[0]} to "
        f"{rows[-1]} and columns {columns[0]} to {columns[-1]}; the content masks must cover the picture"
    )
