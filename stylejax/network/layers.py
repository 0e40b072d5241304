"""VGG-19 as data: the names, order and sizes of its layers.

Layers carry the field's names: `conv4_2` is the value *before* its ReLU, `relu4_2` the value after it, `pool4` the value
after the pooling that ends block 4. Everything else in stylejax uses these names only.

Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, table 1, column E.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from stylejax.errors import SettingsError, nearest

LARGEST = 1 << 26
"""Values in one set of weights: more than three times those of VGG-19, and far from what would fill the memory."""
LARGEST_BYTES = 4 * LARGEST
"""The same as float32: what a file of weights alone may have, or unpack into."""
BLOCK_DEPTHS = (2, 2, 4, 4, 4)
"""How many convolutions each of the five blocks has."""

FULL_WIDTHS = (64, 128, 256, 512, 512)
"""How many channels each block of the published network has."""


class Layer(NamedTuple):
    """One layer: its name, what it does, and the block (1 to 5) that it belongs to."""

    name: str
    kind: Literal["conv", "relu", "pool"]
    block: int


def _all_layers() -> Iterable[Layer]:
    for block, depth in enumerate(BLOCK_DEPTHS, start=1):
        for index in range(1, depth + 1):
            yield Layer(f"conv{block}_{index}", "conv", block)
            yield Layer(f"relu{block}_{index}", "relu", block)
        yield Layer(f"pool{block}", "pool", block)


LAYERS = tuple(_all_layers())
LAYER_NAMES = tuple(layer.name for layer in LAYERS)
CONV_NAMES = tuple(layer.name for layer in LAYERS if layer.kind == "conv")


def check_layer_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return `names` as a tuple.

    Raises:
        SettingsError: a name is not a layer of VGG-19; the message suggests the nearest one.
    """
    names = tuple(names)
    for name in names:
        if name not in LAYER_NAMES:
            near = nearest(name, LAYER_NAMES)
            raise SettingsError(f"no layer is called {name!r}; did you mean {near!r}? Layers run from conv1_1 to pool5")
    return names


def layers_up_to(names: Iterable[str]) -> tuple[Layer, ...]:
    """The shortest run of layers from the picture that contains every name in `names`."""
    deepest = max(LAYER_NAMES.index(name) for name in check_layer_names(names))
    return LAYERS[: deepest + 1]


def channels(name: str, *, widths: tuple[int, ...] = FULL_WIDTHS) -> int:
    """Channels of the features of layer `name` in a network whose blocks have `widths` channels."""
    check_layer_names([name])
    return widths[LAYERS[LAYER_NAMES.index(name)].block - 1]


def kernel_shapes(widths: tuple[int, ...] = FULL_WIDTHS) -> dict[str, tuple[int, int, int, int]]:
    """Shape `[3, 3, in, out]` (HWIO) of the kernel of every convolution, by layer name and in order."""
    shapes = {}
    incoming = 3
    for name in CONV_NAMES:
        shapes[name] = (3, 3, incoming, channels(name, widths=widths))
        incoming = channels(name, widths=widths)
    return shapes


def poolings(name: str) -> int:
    """How many poolings lie between the picture and layer `name`, that one included; each halves rows and columns."""
    return sum(layer.kind == "pool" for layer in layers_up_to([name]))


def smallest_side(names: Iterable[str]) -> int:
    """Fewest pixels that a picture's short side needs for the layers `names`: those that one position of the deepest pools.

    Where poolings pad the edge fewer would suffice, but such a layer would see little but padding.
    """
    return 2 ** max(map(poolings, names), default=0)
