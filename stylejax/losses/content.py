"""The content term of one layer: the distance between its features and those of the content picture, position by position."""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.choices import ContentNormName
from stylejax.losses.style import FLOOR
from stylejax.types import Features, Scalar

_DEVIATION_SHARE = 1e-3
"""Share of the mean deviation that is added to each: a channel that hardly varies is not blown up to noise."""


def content_target(features: Features, norm: ContentNormName) -> Features:
    """The target of `content_loss`, from the content picture's features."""
    return instance_normalized(features) if norm == "instance" else features


def content_loss(features: Features, target: Features, *, relative: bool, norm: ContentNormName = "none") -> Scalar:
    """Mean over `[rows, columns, channels]` of (F - P)²; Gatys et al. 2016, eq. 1, as a mean instead of half a sum.

    Args:
        features: F, of the picture that is optimized.
        target: P, from `content_target`.
        relative: divide by mean P², so that one weight means the same for every network, layer and size.
        norm: with `instance`, F and P are normalized first. This keeps where a channel is high and low, but not how high, and
            so neither the colors nor the contrast of the content.
    """
    wide = jnp.promote_types(features.dtype, jnp.float32)  # a difference of bfloat16 numbers would be rounded away
    features, target = features.astype(wide), target.astype(wide)
    distance = jnp.mean((content_target(features, norm) - target) ** 2)
    return distance / jnp.maximum(jnp.mean(target**2), FLOOR) if relative else distance


def instance_normalized(features: Features) -> Features:
    """Each channel less its mean over the picture, over its standard deviation.

    Source: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization", 2016, eq. 1.
    """
    centered = features - features.mean((0, 1), keepdims=True)
    return centered / deviation((centered**2).mean((0, 1), keepdims=True))


def deviation(variance: Float[Array, "*ones channels"]) -> Float[Array, "*ones channels"]:
    """The standard deviation that `instance_normalized` divides each channel by."""
    return jnp.sqrt(variance + FLOOR + _DEVIATION_SHARE**2 * variance.mean())
