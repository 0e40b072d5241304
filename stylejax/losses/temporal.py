"""The temporal term: how far a frame of a video is from what the motion makes of the painting before it.

    temporal = 1/D · Σ c (x - ω)²              Ruder, Dosovitskiy and Brox 2016, eq. 7; D: pixels times channels

ω is the painting before, warped along the motion, and c the weight of each pixel: 0 where something comes into view and at
the boundaries of motion, 1 elsewhere. Where c is 0 the frame is painted as freely as a single picture.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.types import Image, Scalar


class TemporalTarget(NamedTuple):
    """What a frame is compared with; batched targets have a leading axis `batch`."""

    picture: Float[Array, "*batch height width 3"]
    """ω: sRGB in [0, 1]."""
    weights: Float[Array, "*batch height width"]
    """c: in [0, 1]; 0 everywhere for a frame that has none before it."""


def temporal_loss(image: Image, target: TemporalTarget) -> Scalar:
    """The mean over pixels and channels of c (x - ω)²."""
    return jnp.mean(target.weights[..., jnp.newaxis] * (image - target.picture) ** 2)
