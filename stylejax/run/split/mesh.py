"""Arrays on a mesh of devices, which may belong to several processes."""

from collections.abc import Sequence
from functools import cache, partial

import jax
import numpy as np
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from stylejax.losses.split.geometry import BATCH, ROWS, RowSplit
from stylejax.network.backend import Device
from stylejax.optimize.step import Leaf, has_rows
from stylejax.run.processes.lockstep import of_the_first
from stylejax.run.split.chunk import state_spec, without_padding
from stylejax.types import HostImages, Images

EVERYWHERE = PartitionSpec()
"""A copy on every device."""


def mesh_of(devices: Sequence[Device], *, each: int) -> Mesh:
    """A mesh of pictures and rows, with so many devices for each picture."""
    return Mesh(np.array(devices).reshape(-1, each), (BATCH, ROWS))


def put(tree: PyTree, mesh: Mesh, specs: PyTree) -> PyTree:
    """Place arrays, which every process holds whole, on a mesh, or say of shapes that their arrays will be there.

    Each of `specs` is for one array or for a tree of them.
    """

    def place(spec: PartitionSpec, part: PyTree) -> PyTree:
        return jax.tree.map(partial(on, sharding=NamedSharding(mesh, spec)), part)

    def on(leaf: Leaf, sharding: NamedSharding) -> jax.Array | jax.ShapeDtypeStruct:
        if isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf.update(sharding=sharding)
        whole = np.asarray(leaf)
        return jax.make_array_from_callback(whole.shape, sharding, lambda part: whole[part])

    return jax.tree.map(place, specs, tree)


def with_padding(pictures: np.ndarray, split: RowSplit) -> np.ndarray:
    """Pictures `[..., height, width, 3]` with the rows below that make all devices store as many."""
    return np.pad(pictures, [(0, 0)] * (pictures.ndim - 3) + [(0, split.padded - split.height), (0, 0), (0, 0)])


def put_states(states: PyTree, split: RowSplit) -> PyTree:
    """Place a batched state as `split.chunk.stored` does; that of process 0, where there are several."""
    states = of_the_first(jax.device_get(states))

    def place(leaf: np.ndarray) -> jax.Array:
        return put(with_padding(leaf, split) if has_rows(leaf) else leaf, split.mesh, state_spec(leaf))

    return jax.tree.map(place, states)


def whole_states(states: PyTree, split: RowSplit) -> PyTree:
    """A batched state in the memory of each process, as it would be without a mesh."""
    return without_padding(in_memory(states), split.height)


def in_memory(tree: PyTree) -> PyTree:
    """Arrays in the memory of each process, all of which call this where they hold parts of one array."""

    def gathered(leaf: jax.Array | np.ndarray) -> np.ndarray:
        if isinstance(leaf, jax.Array) and isinstance(leaf.sharding, NamedSharding) and not leaf.is_fully_replicated:
            leaf = leaf if leaf.is_fully_addressable else _replicated(leaf.sharding.mesh)(leaf)
        return np.asarray(leaf)

    return jax.tree.map(gathered, tree)


def whole_pictures(pictures: Images | HostImages, split: RowSplit) -> Images | HostImages:
    """`stored` pictures without the padding. They stay divided where there is none and one process has all devices."""
    if jax.process_count() == 1 and split.padded == split.height:
        return pictures
    return whole_states(pictures, split)


@cache
def _replicated(mesh: Mesh | AbstractMesh):
    return jax.jit(lambda tree: tree, out_shardings=NamedSharding(mesh, EVERYWHERE))
