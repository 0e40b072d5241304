"""The states of pictures in tiles at the beginning of a scale, made in host memory, in bands of rows."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.choices import ResamplingName
from stylejax.files.disk_arrays import disk_zeros
from stylejax.images.bands import Bands, equal_bands
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.enlarge import enlarge_one
from stylejax.optimize.step import PictureState, is_history, start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import upsampling_of
from stylejax.run.chunk_program import abstract_states
from stylejax.run.tiles.update import of_picture, put_rows, rows_of
from stylejax.types import AnyFeatures, Shape

PIXELS = 2**18
"""About so many in a band, of which there are some twenty arrays."""


def begin_in_bands(
    starts: Sequence[Bands], static: StaticConfig, *, history_on_disk: bool = False, pixels: int = PIXELS
) -> PictureState:
    """`begin`.

    Args:
        starts: the pictures, `[height, width, 3]` each.
        static: of the whole batch.
        history_on_disk: where the optimizer keeps the pairs that it remembers; otherwise in memory.
        pixels: about so many in a band.

    Raises:
        StylejaxError: the disk has no room.
    """
    height, width, _ = starts[0].shape
    states = _empty(static, (height, width), len(starts), history_on_disk=history_on_disk)
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
    history_on_disk: bool = False,
    pixels: int = PIXELS,
) -> PictureState:
    """`enlarge`.

    Args:
        states: batched, wherever they are.
        traced: batched.
        details: of each picture, `[*shape, 3]`.
        shape: height and width.
        static: of the whole batch.
        history_on_disk: as for `begin_in_bands`.
        pixels: about so many in a band.

    Raises:
        StylejaxError: the disk has no room.
    """
    states = jax.tree.map(np.asarray, states)  # not copied from host memory
    _, height, width, _ = states.variable.shape
    enlarged = _empty(static, shape, len(details), history_on_disk=history_on_disk)
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


def _empty(static: StaticConfig, shape: Shape, count: int, *, history_on_disk: bool) -> PictureState:
    """Arrays for the states of so many pictures; those of a history are zeros, which need not be written."""

    def array(leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        make = (disk_zeros if history_on_disk else np.zeros) if is_history(leaf) else np.empty
        return make(leaf.shape, leaf.dtype)

    return jax.tree.map(array, abstract_states(static, *shape, count))
