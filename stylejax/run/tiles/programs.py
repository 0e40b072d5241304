"""The programs of the two passes, from shapes alone: compiled before the first step, and asked for their memory."""

from collections.abc import Iterator

import jax
import numpy as np

from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.tiles.geometry import tiles_of
from stylejax.losses.tiles.objective import Owned, TileInput, TileTargets, tile_sums
from stylejax.network.vgg import VGG19
from stylejax.run.programs.program import Compilation, compiled
from stylejax.run.targets import layer_shapes
from stylejax.run.tiles.gradient import gradient_program, sums_program
from stylejax.types import Shape


def tile_programs(
    model: VGG19, spec: ObjectiveSpec, shape: Shape, side: int, *, regions: int, octaves: int
) -> Iterator[Compilation]:
    """The programs of all kinds of tiles of a picture, first that of the gradient of the largest tile, which takes most memory.

    Each begins to be compiled when it is asked for.

    Args:
        model: the feature network.
        spec: what is compared.
        shape: height and width of the picture.
        side: most pixels along each side of a tile with its overlap.
        regions: how many have a style of their own.
        octaves: how many of the octaves count.
    """
    weights = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), model)
    for octave in range(octaves):
        layers = spec.style_layers if octave else spec.layers
        height, width = (model.spec.padding.pooled(length, octave) for length in shape)
        kinds = {(tile.rows.size, tile.columns.size) for tile in tiles_of(height, width, side, layers)}
        for kind in sorted(kinds, key=lambda kind: -kind[0] * kind[1]):
            window = _window(model, spec, kind, octave, regions)
            sums = jax.eval_shape(lambda model, window: tile_sums(model, window, spec), weights, window)
            centers = jax.eval_shape(lambda sums: sums.centers, sums)
            yield compiled(gradient_program, weights, window, centers, sums, spec=spec)
            yield compiled(sums_program, weights, window, spec=spec)


def compile_tiles(model: VGG19, spec: ObjectiveSpec, shape: Shape, side: int, *, regions: int) -> None:
    """Compile all programs of a picture in tiles, so that its steps find them; arguments as for `tile_programs`."""
    for compilation in list(tile_programs(model, spec, shape, side, regions=regions, octaves=spec.octaves)):
        compilation.program()


def _window(model: VGG19, spec: ObjectiveSpec, shape: Shape, octave: int, regions: int) -> TileInput:
    """Shapes and types of a window of `shape` at an octave."""
    shapes = layer_shapes(model, *shape, spec.layers)

    def array(*sides: int) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(sides, np.float32)

    owned = Owned(*[jax.ShapeDtypeStruct((), np.int32)] * 4)  # pyright: ignore[reportArgumentType]
    content = {} if octave else {layer: array(*shapes[layer]) for layer in spec.content_layers}
    guides = {layer: array(regions, *shapes[layer][:2]) for layer in spec.style_layers} if regions else None
    return TileInput(array(*shape, 3), TileTargets(owned, content, guides))  # pyright: ignore[reportArgumentType]
