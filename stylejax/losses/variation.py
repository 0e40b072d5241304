"""Total variation of a picture, which is small where a picture is smooth. Three forms are in use in the field."""

import jax.numpy as jnp

from stylejax.choices import VariationName
from stylejax.types import AnyImage, Image, Scalar


def variation_loss(image: Image, kind: VariationName) -> Scalar:
    """Total variation of an sRGB picture in [0, 1].

    squared     mean of squared differences to the right + the same below; independent of the picture's size
    nine-point  2 (d₁/3 + d₂/3 + d₃/12 + d₄/12), means of squared differences to the right, below and along both diagonals of
                the edge-padded picture (Crowson 2021)
    absolute    sum of absolute differences to the right and below (Johnson 2015); grows with the picture
    """
    if kind == "squared":
        return _mean_square(image[:, 1:] - image[:, :-1]) + _mean_square(image[1:] - image[:-1])
    if kind == "absolute":
        return jnp.abs(image[:, 1:] - image[:, :-1]).sum() + jnp.abs(image[1:] - image[:-1]).sum()
    padded = jnp.pad(image, [(1, 1), (1, 1), (0, 0)], mode="edge")
    right = _mean_square(padded[1:-1, 2:] - image)
    below = _mean_square(padded[2:, 1:-1] - image)
    falling = _mean_square(padded[1:, 1:] - padded[:-1, :-1])
    rising = _mean_square(padded[1:, :-1] - padded[:-1, 1:])
    return 2 * (right / 3 + below / 3 + falling / 12 + rising / 12)


def _mean_square(differences: AnyImage) -> Scalar:
    return (differences**2).sum() / max(differences.size, 1)  # a picture one pixel wide has no differences
