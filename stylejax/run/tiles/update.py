"""The states of pictures in host memory after a step, and the pictures that they stand for.

States are arrays of NumPy that change in place, a band of rows after the other. The pairs that L-BFGS remembers, of which each
step changes one, may be on disk.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from stylejax.images.bands import PIXELS, equal_bands
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, advance_once, has_rows, is_history, measure, picture
from stylejax.optimize.traced_config import TracedConfig
from stylejax.types import HostImage, HostImages, Scalar


@contextmanager
def on_host() -> Iterator[None]:
    """New arrays are made in host memory, and computed there."""
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        yield


def in_host_memory(states: PictureState) -> PictureState:
    """The states as this module changes them; the given ones are used up, one array after the other."""

    def own(leaf: jax.Array | np.ndarray) -> np.ndarray:
        if isinstance(leaf, np.ndarray):
            return leaf
        copy = np.array(leaf)
        leaf.delete()
        return copy

    return jax.tree.map(own, states)


def update_in_bands(
    states: PictureState,
    index: int,
    value: float,
    gradient: HostImage,
    learning_rate: Scalar,
    traced: TracedConfig,
    *,
    static: StaticConfig,
    pixels: int = PIXELS,
) -> None:
    """Take one step with one picture of a batch.

    Args:
        states: from `in_host_memory`; changed in place.
        index: of the picture.
        value: of the objective; not finite where any of the gradient is not, since a band does not see the others.
        gradient: of the whole picture.
        learning_rate: of this step.
        traced: of this picture.
        static: of the batch.
        pixels: about so many in a band.
    """
    bands = equal_bands((gradient.shape[0], gradient.shape[1]), pixels=pixels)
    parts = [jax.device_get(_measure(rows_of(states, index, band), gradient[band], static=static)) for band in bands]
    sums = jax.tree.map(lambda *each: np.sum(each, 0, np.float64).astype(np.float32), *parts)
    for band in bands:
        rows = rows_of(states, index, band)
        new = _advance(rows, jnp.float32(value), gradient[band], learning_rate, traced, static=static, sums=sums)
        put_rows(states, index, band, new, numbers=band.stop == gradient.shape[0])  # which every band reads


def kept_pictures(states: PictureState, traced: TracedConfig, *, static: StaticConfig, pixels: int = PIXELS) -> HostImages:
    """The pictures as they would be kept now."""
    pictures = np.empty(states.variable.shape, np.float32)
    for index, one in enumerate(pictures):
        for band in equal_bands((one.shape[0], one.shape[1]), pixels=pixels):
            one[band] = _picture(rows_of(states, index, band), of_picture(traced, index), static=static)
    return pictures


def of_picture(tree: PyTree, index: int) -> PyTree:
    """The part of a batched tree that is of one picture."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


_advance = jax.jit(advance_once, static_argnames="static")
_measure = jax.jit(measure, static_argnames="static")
_picture = jax.jit(picture, static_argnames="static")


def rows_of(states: PictureState, index: int, band: slice) -> PictureState:
    """The state of one picture in a band of rows."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[index, ..., band, :, :] if has_rows(leaf) else leaf[index], states)


def put_rows(states: PictureState, index: int, band: slice, part: PictureState, *, numbers: bool = True) -> None:
    """Set the state of one picture in a band of rows, and its numbers, which belong to the whole picture."""
    for leaf, new in zip(jax.tree.leaves(states), jax.tree.leaves(part), strict=True):
        if is_history(leaf):
            for old, pair in zip(leaf[index, :, band], np.asarray(new), strict=True):
                if not np.array_equal(old, pair):  # on disk, reading costs less than writing
                    old[...] = pair
        elif has_rows(leaf):
            leaf[index, ..., band, :, :] = new
        elif numbers:
            leaf[index] = new
