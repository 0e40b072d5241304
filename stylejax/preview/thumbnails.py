"""Thumbnails computed on the device, so that only they are transferred to the host."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.images.resize import fit_long_side
from stylejax.types import HostImages, Images

LONG_SIDE = 960


def make_thumbnails(pictures: Images | HostImages, *, long_side: int = LONG_SIDE) -> Array:
    """The pictures as uint8 `[batch, height, width, 3]`, with at most this long side; returns before they are computed."""
    height, width = pictures.shape[1:3]
    if max(height, width) > long_side:
        height, width = fit_long_side(height, width, long_side)
    return _resize_to_uint8(pictures, height=height, width=width)


@partial(jax.jit, static_argnames=("height", "width"))
def _resize_to_uint8(pictures: Images | HostImages, *, height: int, width: int) -> Array:
    resized = jax.image.resize(pictures, (pictures.shape[0], height, width, 3), "linear", antialias=True)
    return jnp.rint(jnp.clip(resized, 0, 1) * 255).astype(jnp.uint8)
