"""The memory that a run takes, computed before it begins.

    peak = arguments + results + temporaries - donated arguments        by the compiler's own analysis of one chunk's program

This compiles the program from shapes alone and runs nothing. The run that follows finds it compiled, so an estimate of the
program that is run in the end costs nothing; any other costs one compilation.
"""

import math

import jax

from stylejax.choices import PIXELS
from stylejax.network.layers import layers_up_to
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.run.chunk_program import abstract_states, chunk_program
from stylejax.run.memory.available import memory_budget
from stylejax.run.single_precision import in_float32
from stylejax.run.targets import layer_shapes
from stylejax.settings.settings import Settings


@in_float32
def chunk_bytes(
    model: VGG19,
    settings: Settings,
    height: int,
    width: int,
    *,
    batch_size: int = 1,
    shared: Shared | None = None,
    regions: int = 0,
    temporal: bool = False,
) -> int:
    """Peak bytes of painting a batch of pictures of `height` and `width` together.

    Args:
        model: the feature network.
        settings: of every picture; only what is static counts.
        height: of the pictures as they are painted, in pixels.
        width: likewise.
        batch_size: how many are painted together.
        shared: which targets the pictures have in common; by default none, and all of a single picture.
        regions: how many have a style of their own.
        temporal: whether they are frames of a video.
    """
    static = StaticConfig.of(settings)
    shared = shared or Shared(*[batch_size == 1] * 3)
    options = {"batch_size": batch_size, "shared": shared, "regions": regions, "temporal": temporal}
    program = chunk_program(model, static, height, width, **options).program()
    return least_bytes(model, settings, height, width) * batch_size if program.memory is None else program.memory


@in_float32
def least_bytes(model: VGG19, settings: Settings, height: int, width: int) -> int:
    """A lower bound of the bytes for one picture: its optimizer's state and its largest features, in half precision.

    Nothing is compiled. The peak is several times as much.
    """
    static = StaticConfig.of(settings)
    state = jax.tree.leaves(abstract_states(static, height, width, 1))
    inside = static.objective.network_layers
    layers = [layer.name for layer in layers_up_to(inside)] if inside else [PIXELS]
    features = layer_shapes(model, height, width, layers)
    return sum(leaf.size * leaf.dtype.itemsize for leaf in state) + 2 * max(map(math.prod, features.values()))


def most_bytes(model: VGG19, settings: Settings, height: int, width: int, *, batch_size: int = 1) -> int:
    """A generous upper bound of the bytes for a batch: the network, and 16 times the lower bound of the rest.

    Nothing is compiled. The recipes `stylejax`, `gatys-2016` and `crowson` took at most 10 times with `vgg19` and `vgg19-slim`
    at 256 and 512 pixels.
    """
    network = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(model))
    return network + 16 * batch_size * least_bytes(model, settings, height, width)


def batch_size_that_fits(
    model: VGG19,
    settings: Settings,
    height: int,
    width: int,
    *,
    most: int = 64,
    budget: int | None = None,
    shared: Shared | None = None,
    regions: int = 0,
) -> int:
    """How many pictures can be painted together in `budget` bytes, from 0 to `most`.

    Where `most` fit, only the program for `most` is compiled, which is then the one to run. Otherwise the programs for two and
    three pictures show how much each further picture takes, and the program for the answer is compiled as a check. (That for
    one has no loop over pictures, and takes less.)

    Args:
        model: the feature network.
        settings: of every picture; only what is static counts.
        height: of the pictures as they are painted, in pixels: the last of `scale_shapes`.
        width: likewise.
        most: the largest answer.
        budget: by default the memory that is free on the device, see `stylejax.run.memory.available`.
        shared: which targets the pictures have in common; by default none.
        regions: how many have a style of their own.
    """
    budget = memory_budget() if budget is None else budget
    if budget is None:
        return most
    most = min(most, budget // least_bytes(model, settings, height, width))
    if most < 1:
        return 0

    def peak(batch_size: int) -> int:
        return chunk_bytes(model, settings, height, width, batch_size=batch_size, shared=shared, regions=regions)

    if peak(most) <= budget:
        return most
    two = peak(2)
    if most == 2 or two > budget:
        return int(peak(1) <= budget)
    batch_size = min(2 + (budget - two) // max(peak(3) - two, 1), most - 1)
    while batch_size > 2 and peak(batch_size) > budget:
        batch_size -= 1
    return batch_size
