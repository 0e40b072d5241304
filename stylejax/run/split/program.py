"""The program of the steps (`stylejax.run.split.chunk`) on a mesh of devices, from shapes alone."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
from jaxtyping import Float

from stylejax.losses.objective import LossWeights
from stylejax.losses.octaves import halvings
from stylejax.losses.split.geometry import RowSplit
from stylejax.losses.targets import Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import Leaf, PictureState, Trace, has_rows
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.chunk_program import ChunkArguments, chunk_arguments
from stylejax.run.programs.effort import Effort
from stylejax.run.programs.program import Compilation, Program, compiled
from stylejax.run.split.chunk import run_split_chunk, state_spec, target_specs
from stylejax.run.split.mesh import EVERYWHERE, put
from stylejax.types import Count, Images


class SplitProgram(NamedTuple):
    """`run_split_chunk`, compiled."""

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
        return self.compiled.run(model, states, targets, weights, numbers[0], traced, numbers[1])


def split_program(
    model: VGG19,
    static: StaticConfig,
    split: RowSplit,
    width: int,
    *,
    batch_size: int,
    shared: Shared,
    regions: int,
    effort: Effort = "best",
) -> Compilation:
    """The program of `run_split_chunk` for pictures of one shape; it takes the positional arguments of `run_split_chunk`.

    Args:
        model: the feature network.
        static: of the batch.
        split: where the rows are.
        width: of the pictures as they are painted, in pixels.
        batch_size: how many are painted together.
        shared: which targets they have in common.
        regions: how many have a style of their own.
        effort: of the compiler.
    """
    whole = chunk_arguments(model, static, split.height, width, batch_size=batch_size, shared=shared, regions=regions)
    name = f"{static.name} {shared} {split.name}" if static.name else ""
    options = {"effort": effort, "name": name, "static": static, "shared": shared, "split": split}
    return compiled(run_split_chunk, *_divided(whole, static, shared, split), donated=(1,), **options)


def _divided(whole: ChunkArguments, static: StaticConfig, shared: Shared, split: RowSplit) -> ChunkArguments:
    """Shapes and types of the arguments on the mesh: pictures with padding, targets of all windows one after the other."""
    padding, windows = whole.model.spec.padding, split.windows(static.objective)

    def stored(leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return put(_with_rows(leaf, split.padded, axis=-3) if has_rows(leaf) else leaf, split.mesh, state_spec(leaf))

    def of_windows(each: Mapping[str, Leaf], octave: int, axis: int) -> dict[str, Any]:
        size = windows[octave][0].size
        rows = {layer: split.devices * padding.pooled(size, halvings(layer, octave)) for layer in each}
        return {layer: _with_rows(leaf, rows[layer], axis=axis) for layer, leaf in each.items()}

    guides = whole.targets.guides
    if guides is not None:
        octaves = tuple(of_windows(each, octave, -2) for octave, each in enumerate(guides.octaves))
        guides = guides._replace(octaves=octaves)
    targets = whole.targets._replace(content=of_windows(whole.targets.content, 0, -3), guides=guides)
    everywhere = put(whole._replace(states=None, targets=None), split.mesh, EVERYWHERE)
    targets = put(targets, split.mesh, target_specs(shared, regions=guides is not None))
    return everywhere._replace(states=jax.tree.map(stored, whole.states), targets=targets)


def _with_rows(leaf: Leaf, rows: int, *, axis: int) -> jax.ShapeDtypeStruct:
    shape = list(leaf.shape)
    shape[axis] = rows
    return jax.ShapeDtypeStruct(tuple(shape), leaf.dtype)
