"""The content term of one layer: how far its features are from those of the content picture, place by place."""

import jax.numpy as jnp

from stylejax.losses.style import ENERGY_FLOOR
from stylejax.types import Features, Scalar


def content_loss(features: Features, target: Features, *, relative: bool) -> Scalar:
    """Mean over `[rows, columns, channels]` of (F - P)²; Gatys et al. 2016, eq. 1, as a mean instead of half a sum.

    Args:
        features: F, of the picture that is painted.
        target: P, of the content picture.
        relative: divide by mean P², so that one weight means the same for every network, layer and size.
    """
    wide = jnp.promote_types(features.dtype, jnp.float32)  # a difference of bfloat16 numbers would be rounded away
    features, target = features.astype(wide), target.astype(wide)
    distance = jnp.mean((features - target) ** 2)
    return distance / jnp.maximum(jnp.mean(target**2), ENERGY_FLOOR) if relative else distance
