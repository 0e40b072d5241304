"""Arrays on a mesh of devices, which may belong to several processes."""

from collections.abc import Sequence

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from stylejax.losses.split.geometry import BATCH, ROWS, RowSplit
from stylejax.network.backend import Device
from stylejax.optimize.step import has_rows
from stylejax.run.split.chunk import state_spec, without_padding
from stylejax.types import Images

EVERYWHERE = PartitionSpec()
"""A copy on every device."""


def mesh_of(devices: Sequence[Device], *, each: int) -> Mesh:
    """A mesh of pictures and rows, with so many devices for each picture."""
    return Mesh(np.array(devices).reshape(-1, each), (BATCH, ROWS))


def put(tree: PyTree, mesh: Mesh, specs: PyTree) -> PyTree:
    """Place arrays, which every process holds whole, on a mesh; one of `specs` is for one array or for a tree of them."""

    def place(spec: PartitionSpec, part: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: whole_on(np.asarray(leaf), NamedSharding(mesh, spec)), part)

    def whole_on(whole: np.ndarray, sharding: NamedSharding) -> jax.Array:
        return jax.make_array_from_callback(whole.shape, sharding, lambda part: whole[part])

    return jax.tree.map(place, specs, tree)


def with_padding(pictures: np.ndarray, split: RowSplit) -> np.ndarray:
    """Pictures `[..., height, width, 3]` with the rows below that make all devices store as many."""
    return np.pad(pictures, [(0, 0)] * (pictures.ndim - 3) + [(0, split.padded - split.height), (0, 0), (0, 0)])


def put_states(states: PyTree, split: RowSplit) -> PyTree:
    """Place a batched state as `split.chunk.stored` does; that of process 0, where there are several."""
    states = jax.device_get(states)
    if jax.process_count() > 1:
        states = multihost_utils.broadcast_one_to_all(states)

    def place(leaf: np.ndarray) -> jax.Array:
        return put(with_padding(leaf, split) if has_rows(leaf) else leaf, split.mesh, state_spec(leaf))

    return jax.tree.map(place, states)


def whole_states(states: PyTree, split: RowSplit) -> PyTree:
    """A batched state in the memory of each process, as it would be without a mesh."""
    if jax.process_count() > 1:
        states = _replicated(split.mesh)(states)
    return without_padding(jax.device_get(states), split.height)


def whole_pictures(pictures: Images, split: RowSplit) -> Images:
    """`stored` pictures without the padding. They stay divided where there is none and one process has all devices."""
    if jax.process_count() == 1 and split.padded == split.height:
        return pictures
    return jax.device_put(whole_states(pictures, split))


def _replicated(mesh: Mesh):
    return jax.jit(lambda tree: tree, out_shardings=NamedSharding(mesh, EVERYWHERE))
