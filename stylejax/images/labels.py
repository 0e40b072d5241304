"""Label pictures: one picture whose flat colors define the region of each pixel.

Each distinct color is a label. If a picture has more than `MAX_LABELS` colors (antialiased, or saved as JPEG), its labels are
the common colors: those with at least `MIN_SHARE` of the pixels that differ by `COLOR_TOLERANCE` from all more common ones.
Every other pixel belongs to the label with the nearest color.
"""

from typing import NamedTuple

import numpy as np

from stylejax.errors import ImageError
from stylejax.images.bands import bands
from stylejax.images.picture import Picture, unit_values

MAX_LABELS = 16
MIN_SHARE = 0.005
COLOR_TOLERANCE = 32
"""Levels of 255: in a picture with more colors than labels, colors that differ by less in every channel are one label."""


class Labels(NamedTuple):
    """Regions of a label picture, ordered from dark to light."""

    colors: np.ndarray
    """Integers from 0 to 255, `[labels, 3]`."""
    masks: np.ndarray
    """Float32 `[labels, height, width]`, 1 inside the region and 0 outside."""
    merged: int
    """Number of pixels of other colors that were assigned to the nearest label."""

    @property
    def names(self) -> list[str]:
        """Colors of the labels, such as `#ff8000`."""
        return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in self.colors.tolist()]


def read_labels(picture: Picture) -> Labels:
    """Find the regions of a label picture.

    Raises:
        ImageError: the picture has fewer than two labels or, like a photograph, more than `MAX_LABELS`.
    """
    codes, counts = _found(picture)
    colors = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    labels = np.arange(len(colors)) if len(colors) <= MAX_LABELS else _common(colors, counts)
    if not 2 <= len(labels) <= MAX_LABELS:
        if len(colors) == 1:
            raise ImageError(
                f"{picture.source} has a single color; wanted a region, white on black, or several regions in flat colors"
            )
        raise ImageError(
            f"{picture.source} has {len(colors)} colors, of which {len(labels)} are labels; wanted 2 to {MAX_LABELS} regions, "
            "each of one flat color, or one gray mask for each region"
        )
    labels = labels[np.argsort(colors[labels] @ (299, 587, 114), kind="stable")]
    distances = ((colors[:, np.newaxis] - colors[labels]) ** 2).sum(2)
    nearest, masks = distances.argmin(1), np.empty((len(labels), picture.height, picture.width), np.float32)
    for rows in bands(picture.height):
        masks[:, rows] = nearest[np.searchsorted(codes, _codes(picture, rows))] == np.arange(len(labels))[:, None, None]
    return Labels(colors[labels], masks, int(counts.sum() - counts[labels].sum()))


def _found(picture: Picture) -> tuple[np.ndarray, np.ndarray]:
    """The codes of all colors in ascending order, and the number of pixels of each."""
    parts = [np.unique(_codes(picture, rows), return_counts=True) for rows in bands(picture.height)]
    codes, inverse = np.unique(np.concatenate([codes for codes, _ in parts]), return_inverse=True)
    counts = np.zeros(len(codes), np.int64)
    np.add.at(counts, inverse, np.concatenate([counts for _, counts in parts]))
    return codes, counts


def _codes(picture: Picture, rows: slice) -> np.ndarray:
    """The colors of some rows as numbers of 24 bits."""
    levels = np.rint(unit_values(picture.samples[rows]) * 255).astype(np.int32)
    return levels @ np.array([65536, 256, 1], np.int32)


def _common(colors: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Indices of the common colors that differ by at least `COLOR_TOLERANCE`."""
    kept: list[int] = []
    for index in np.argsort(-counts, kind="stable").tolist():
        if counts[index] < MIN_SHARE * counts.sum() or len(kept) > MAX_LABELS:
            break
        if all(np.abs(colors[index] - colors[other]).max() >= COLOR_TOLERANCE for other in kept):
            kept.append(index)
    return np.array(kept, np.intp)


def match_labels(ours: Labels, others: Labels, *, source: str, other_source: str) -> list[int]:
    """For each label of `ours`, find the index of the label in `others` with the same or nearly the same color.

    Raises:
        ImageError: only one of the two pictures has a label; the message names its color and its share of the pixels.
    """
    tolerance = COLOR_TOLERANCE if ours.merged or others.merged else 1
    apart = np.abs(ours.colors[:, np.newaxis] - others.colors).max(2)
    _check_present(apart.min(1) < tolerance, ours, has=source, lacks=other_source)
    _check_present(apart.min(0) < tolerance, others, has=other_source, lacks=source)
    return apart.argmin(1).tolist()


def _check_present(present: np.ndarray, labels: Labels, *, has: str, lacks: str) -> None:
    if present.all():
        return
    missing = [number for number in range(len(present)) if not present[number]]
    named = ", ".join(f"{labels.names[number]} ({labels.masks[number].mean():.2%} of it)" for number in missing)
    raise ImageError(f"{has} has the label {named}, which {lacks} lacks; every region must be in both pictures")
