"""The states of pictures in tiles at the beginning of a scale, made in host memory, in bands of rows."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.choices import ResamplingName
from stylejax.images.bands import Bands, equal_bands
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.enlarge import begin, enlarge_one
from stylejax.optimize.step import PictureState, start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import upsampling_of
from stylejax.run.tiles.update import of_picture, put_rows, rows_of
from stylejax.types import AnyFeatures, Shape

PIXELS = 2**18
"""About so many in a band, of which there are some twenty arrays."""


def begin_in_bands(starts: Sequence[Bands], static: StaticConfig, *, pixels: int = PIXELS) -> PictureState:
    """`begin`, for an optimizer that is `elementwise`.

    Args:
        starts: the pictures, `[height, width, 3]` each.
        static: of the whole batch.
        pixels: about so many in a band.
    """
    height, width, _ = starts[0].shape
    states = _empty(static, (height, width), len(starts))
    for index, image in enumerate(starts):
        for band in equal_bands((height, width), pixels=pixels):
            put_rows(states, index, band, start(jnp.asarray(image[band]), static))
    return states


def enlarge_in_bands(
    states: PictureState,
    traced: TracedConfig,
    details: Sequence[Bands | None],
    *,
    shape: Shape,
    static: StaticConfig,
    pixels: int = PIXELS,
) -> PictureState:
    """`enlarge`, for an optimizer that is `elementwise`.

    Args:
        states: batched, wherever they are.
        traced: batched.
        details: of each picture, `[*shape, 3]`.
        shape: height and width.
        static: of the whole batch.
        pixels: about so many in a band.
    """
    states = jax.tree.map(np.asarray, states)  # not copied from host memory
    _, height, width, _ = states.variable.shape
    enlarged = _empty(static, shape, len(details))
    for index, detail in enumerate(details):
        for band in equal_bands(shape, pixels=pixels):
            window, make = upsampling_of(band, (height, width), shape)

            def upsample(values: AnyFeatures, resampling: ResamplingName) -> AnyFeatures:
                return jnp.asarray(make(np.asarray(values), resampling))  # noqa: B023

            own = jax.tree.map(jnp.asarray, rows_of(states, index, window))
            some = None if detail is None else jnp.asarray(detail[band])
            part = enlarge_one(own, of_picture(traced, index), some, upsample=upsample, static=static)
            put_rows(enlarged, index, band, part)
    return enlarged


def _empty(static: StaticConfig, shape: Shape, count: int) -> PictureState:
    """Arrays for the states of so many pictures."""
    states = jax.eval_shape(partial(begin, static=static), jax.ShapeDtypeStruct((count, *shape, 3), np.float32))
    return jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), states)
