"""The program of the steps (`stylejax.run.split.chunk`) on a mesh of devices."""

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import NamedSharding
from jaxtyping import Float

from stylejax.losses.objective import LossWeights
from stylejax.losses.split.geometry import RowSplit
from stylejax.losses.targets import Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState, Trace
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.chunk_program import abstract_states
from stylejax.run.programs.program import Program, memory_of
from stylejax.run.split.chunk import run_split_chunk, state_spec
from stylejax.run.split.mesh import EVERYWHERE, put, whole_pictures
from stylejax.types import Count, Images

_KEPT = 8
"""Programs that a process keeps."""


class SplitProgram(NamedTuple):
    """`run_split_chunk`, compiled; takes the arguments of `run_chunk` and returns whole pictures, as that does."""

    compiled: Program
    split: RowSplit

    def __call__(
        self,
        model: VGG19,
        states: PictureState,
        targets: Targets,
        weights: LossWeights,
        learning_rates: Float[jax.Array, "chunk batch"],
        traced: TracedConfig,
        steps: Count,
    ) -> tuple[PictureState, Trace, Images]:
        """Run `steps` steps; learning rates and steps may be on any device."""
        numbers = put((learning_rates, steps), self.split.mesh, EVERYWHERE)
        states, trace, pictures = self.compiled.run(model, states, targets, weights, numbers[0], traced, numbers[1])
        return states, trace, whole_pictures(pictures, self.split)


def split_program(
    model: VGG19,
    targets: Targets,
    weights: LossWeights,
    traced: TracedConfig,
    *,
    static: StaticConfig,
    shared: Shared,
    split: RowSplit,
    width: int,
) -> SplitProgram:
    """The program of a batch, which is compiled unless it was before.

    Args:
        model: on every device of the mesh.
        targets: from `split_targets`.
        weights: on every device.
        traced: likewise.
        static: of the batch.
        shared: which targets have no axis `batch`.
        split: where the rows are.
        width: of the pictures, in pixels.
    """
    batch_size = len(traced.beta1)

    def like(leaf: jax.Array) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding)

    def on_mesh(leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=NamedSharding(split.mesh, state_spec(leaf)))

    model, targets, weights, traced = jax.tree.map(like, (model, targets, weights, traced))
    numbers = jax.ShapeDtypeStruct((static.chunk, batch_size), np.float32), jax.ShapeDtypeStruct((), np.int32)
    states, (rates, steps) = jax.tree.map(on_mesh, (abstract_states(static, split.padded, width, batch_size), numbers))
    leaves, structure = jax.tree.flatten((model, states, targets, weights, rates, traced, steps))
    return SplitProgram(_compiled(structure, tuple(leaves), static, shared, split), split)


@lru_cache(_KEPT)
def _compiled(
    structure: Any, leaves: tuple[jax.ShapeDtypeStruct, ...], static: StaticConfig, shared: Shared, split: RowSplit
) -> Program:
    arguments = jax.tree.unflatten(structure, leaves)
    program = run_split_chunk.lower(*arguments, static=static, shared=shared, split=split).compile()
    return Program(program, memory_of(program))
