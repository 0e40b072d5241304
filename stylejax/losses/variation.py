"""Total variation of a picture, which is small where a picture is smooth. Three forms are in use in the field."""

import jax.numpy as jnp

from stylejax.choices import VariationName
from stylejax.types import AnyImage, Image, Scalar, Shape


def variation_loss(image: Image, kind: VariationName, *, of: Shape | None = None) -> Scalar:
    """Total variation of an sRGB picture in [0, 1].

    squared     mean of squared differences to the right + the same below; independent of the picture's size
    nine-point  2 (d₁/3 + d₂/3 + d₃/12 + d₄/12), means of squared differences to the right, below and along both diagonals of
                the edge-padded picture (Crowson 2021)
    absolute    sum of absolute differences to the right and below (Johnson 2015); grows with the picture

    Args:
        image: the picture.
        kind: the form.
        of: height and width of a picture of which `image` is some rows: its sums count as their part of that picture's means.
    """
    height, width = of or (image.shape[0], image.shape[1])

    def mean_square(differences: AnyImage, rows: int, columns: int) -> Scalar:
        return (differences**2).sum() / max(3 * rows * columns, 1)  # a picture one pixel wide has no differences

    if kind == "squared":
        right, below = image[:, 1:] - image[:, :-1], image[1:] - image[:-1]
        return mean_square(right, height, width - 1) + mean_square(below, height - 1, width)
    if kind == "absolute":
        return jnp.abs(image[:, 1:] - image[:, :-1]).sum() + jnp.abs(image[1:] - image[:-1]).sum()
    padded = jnp.pad(image, [(1, 1), (1, 1), (0, 0)], mode="edge")
    right = mean_square(padded[1:-1, 2:] - image, height, width)
    below = mean_square(padded[2:, 1:-1] - image, height, width)
    falling = mean_square(padded[1:, 1:] - padded[:-1, :-1], height + 1, width + 1)
    rising = mean_square(padded[1:, :-1] - padded[:-1, 1:], height + 1, width + 1)
    return 2 * (right / 3 + below / 3 + falling / 12 + rising / 12)


def band_variation(band: AnyImage, count: int, kind: VariationName, *, of: Shape) -> Scalar:
    """The part of `variation_loss` of some rows of a picture; those of all its bands of rows add up to the whole.

    Each form sums over rows and over pairs of neighboring rows. A row counts with its pair below: what the last row of the
    band would be as a picture of its own is left to the next band.

    Args:
        band: `count` rows and the one that follows, if there is one.
        count: rows that count.
        kind: the form.
        of: height and width of the whole picture.
    """
    part = variation_loss(band, kind, of=of)
    return part if band.shape[0] == count else part - variation_loss(band[count:], kind, of=of)
