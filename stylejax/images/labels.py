"""Label pictures: one picture that names the region of every pixel by its color.

Each distinct color is a label. A picture of more than `MOST_LABELS` colors (antialiased, or saved as JPEG) is read by its
common colors, those of at least `LEAST_SHARE` of the pixels that are not nearly the same as a more common one; every other
pixel joins the label whose color is nearest.
"""

from typing import NamedTuple

import numpy as np

from stylejax.errors import ImageError
from stylejax.images.picture import Picture

MOST_LABELS = 16
LEAST_SHARE = 0.005
NEARLY_SAME = 32
"""Colors of an unclean label picture that differ by fewer levels of 255 in every channel are one label."""


class Labels(NamedTuple):
    """The regions of a label picture, from dark to light."""

    colors: np.ndarray
    """Levels of 255, `[labels, 3]`."""
    masks: np.ndarray
    """Float32 `[labels, height, width]`, 1 where the label is."""
    merged: int
    """Pixels of other colors that joined the nearest label."""

    @property
    def names(self) -> list[str]:
        """The labels' colors as in `#ff8000`."""
        return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in self.colors.tolist()]


def read_labels(picture: Picture) -> Labels:
    """The regions of a label picture.

    Raises:
        ImageError: it has no two labels, or more than `MOST_LABELS`; a photograph has, for one.
    """
    levels = np.rint(picture.pixels.reshape(-1, 3) * 255).astype(np.int32)
    codes, inverse, counts = np.unique(levels @ (65536, 256, 1), return_inverse=True, return_counts=True)
    colors = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    labels = np.arange(len(colors)) if len(colors) <= MOST_LABELS else _common(colors, counts)
    if not 2 <= len(labels) <= MOST_LABELS:
        if len(colors) == 1:
            raise ImageError(
                f"{picture.source} is all of one color; wanted a region, white on black, or several in flat colors"
            )
        raise ImageError(
            f"{picture.source} has {len(colors)} colors, of which {len(labels)} are labels; wanted 2 to {MOST_LABELS} regions, "
            "each of one flat color, or one gray mask for each region"
        )
    labels = labels[np.argsort(colors[labels] @ (299, 587, 114), kind="stable")]
    distances = ((colors[:, np.newaxis] - colors[labels]) ** 2).sum(2)
    label_of_pixel = distances.argmin(1)[inverse].reshape(picture.height, picture.width)
    masks = np.stack([label_of_pixel == number for number in range(len(labels))]).astype(np.float32)
    return Labels(colors[labels], masks, int(counts.sum() - counts[labels].sum()))


def _common(colors: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Indices of the common colors, none of them nearly the same as another."""
    kept: list[int] = []
    for index in np.argsort(-counts, kind="stable").tolist():
        if counts[index] < LEAST_SHARE * counts.sum() or len(kept) > MOST_LABELS:
            break
        if all(np.abs(colors[index] - colors[other]).max() >= NEARLY_SAME for other in kept):
            kept.append(index)
    return np.array(kept, np.intp)


def order_like(ours: Labels, others: Labels, *, source: str, other_source: str) -> list[int]:
    """For each of our labels, which of the others it is: the one of the same color, or of nearly the same.

    Raises:
        ImageError: a label is in one of the two pictures only; the message names its color and its share of the pixels.
    """
    tolerance = NEARLY_SAME if ours.merged or others.merged else 1
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
