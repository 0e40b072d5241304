"""Octaves: features of a picture at several sizes, by the layers of the network and by its pixels.

A network sees no stroke larger than its receptive field. At half the size of the picture it sees strokes of twice the size, so
the style statistics of a few octaves produce large forms and fine ones at once.

Source: Snelgrove, "High-Resolution Multi-Scale Neural Texture Synthesis", 2017, section 3.
Differs from the paper: octaves are means over 2×2 pixels instead of subsampled Gaussian blurs.
"""

from collections.abc import Iterable

from stylejax.choices import PIXELS
from stylejax.network.layers import poolings, smallest_side
from stylejax.network.padding import PaddingMode
from stylejax.network.pooling import pool
from stylejax.network.vgg import VGG19
from stylejax.types import AnyFeatures, AnyImage


def octaves_of(image: AnyImage, count: int, edge: PaddingMode) -> list[AnyImage]:
    """The picture and its halvings, `count` in all.

    Args:
        image: `[height, width, 3]`.
        count: at least 1.
        edge: the padding of the network; an odd last row or column is halved as its poolings do.
    """
    octaves = [image]
    while len(octaves) < count:
        octaves.append(pool(octaves[-1], "average", edge=edge))
    return octaves


def look(
    model: VGG19, image: AnyImage, layers: Iterable[str], *, octave: int = 0, once: bool = False
) -> dict[str, AnyFeatures]:
    """Features of an image by layer; the layer `PIXELS` is the image itself.

    Args:
        model: the network.
        image: the octave of that number.
        layers: names.
        octave: counted from 0.
        once: the program runs once, so that faster algorithms, which take longer to compile, are not worth it.
    """
    layers = tuple(layers)
    inside = tuple(layer for layer in layers if layer != PIXELS)
    features = model(image, inside, winograd=octave == 0 and not once) if inside else {}
    return features | {PIXELS: image} if PIXELS in layers else features


def halvings(layer: str, octave: int) -> int:
    """How often the picture is halved between the original and a layer at an octave, counted from 0."""
    return octave + (0 if layer == PIXELS else poolings(layer))


def smallest_side_for(layers: Iterable[str], octaves: int) -> int:
    """Fewest pixels that the short side of a picture needs for `layers` at so many octaves."""
    return 2 ** (octaves - 1) * smallest_side(layer for layer in layers if layer != PIXELS)
