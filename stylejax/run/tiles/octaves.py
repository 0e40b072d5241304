"""From a variable in host memory to the octaves of its picture, and from their gradients to its own, in bands of rows."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.choices import VariationName
from stylejax.images.bands import PIXELS, equal_bands
from stylejax.losses.octaves import octaves_of
from stylejax.losses.variation import band_variation
from stylejax.network.padding import PaddingMode
from stylejax.settings.pixel_space import Space
from stylejax.types import AnyHostImage, AnyImage, AnyVariable, HostImage, Scalar, Shape


def host_octaves(
    variable: HostImage, space: Space, *, count: int, edge: PaddingMode, pixels: int = PIXELS
) -> list[AnyHostImage]:
    """`octaves_of` the picture; the first is `variable` itself where its space is plain.

    Args:
        variable: the picture in `space`.
        space: that of the run.
        count: how many octaves.
        edge: the padding of the network.
        pixels: about so many in a band.
    """
    halve = partial(_octaves, space=space, count=count, edge=edge)
    shapes = jax.eval_shape(halve, jax.ShapeDtypeStruct(variable.shape, np.float32))
    octaves = [np.empty(each.shape, np.float32) for each in shapes[1:]]
    octaves.insert(0, variable if space.is_plain else np.empty_like(variable))
    for band in _bands(variable, count, pixels):
        for number, part in enumerate(halve(variable[band])):
            if octaves[number] is not variable:
                octaves[number][_at(band, number, variable)] = part
    return octaves


def complete_gradient(
    variable: HostImage,
    gradients: Sequence[AnyHostImage],
    weight: Scalar,
    kind: VariationName,
    space: Space,
    *,
    edge: PaddingMode,
    pixels: int = PIXELS,
) -> float:
    """Turn the gradient for the first octave into that of all terms for the variable, in place.

    Args:
        variable: the picture in `space`.
        gradients: those of the content and style terms for the pixels of each octave; the first is changed.
        weight: of the variation.
        kind: of the variation.
        space: that of the run.
        edge: the padding of the network.
        pixels: about so many in a band.

    Returns:
        The variation term.
    """
    gradient, shape, total = gradients[0], (variable.shape[0], variable.shape[1]), 0.0
    shared = np.zeros((1, *variable.shape[1:]), np.float32)  # the band above has a part in the first row of the next
    for band in _bands(variable, len(gradients), pixels):
        parts = [each[_at(band, number, variable)] for number, each in enumerate(gradients)]
        rows = variable[band.start : band.stop + 1]  # and the one below
        variation, changed = _band_gradient(rows, parts, weight, kind=kind, of=shape, space=space, edge=edge)
        own, below = np.split(np.asarray(changed), [band.stop - band.start])
        gradient[band] = own
        gradient[band.start : band.start + 1] += shared
        shared, total = below, total + float(variation)
    return total


@partial(jax.jit, static_argnames=("space", "count", "edge"))
def _octaves(variable: AnyVariable, *, space: Space, count: int, edge: PaddingMode) -> list[AnyImage]:
    return octaves_of(space.to_image(variable), count, edge)


@partial(jax.jit, static_argnames=("kind", "of", "space", "edge"))
def _band_gradient(
    rows: AnyVariable,
    gradients: list[AnyImage],
    weight: Scalar,
    *,
    kind: VariationName,
    of: Shape,
    space: Space,
    edge: PaddingMode,
) -> tuple[Scalar, AnyVariable]:
    """The part of a band in the variation term, and its gradient of all terms; that of the row below has only this part."""
    count = gradients[0].shape[0]

    def terms(rows: AnyVariable) -> tuple[Scalar, list[AnyImage]]:
        image = space.to_image(rows)
        return weight * band_variation(image, count, kind, of=of), octaves_of(image[:count], len(gradients), edge)

    (variation, _), pull_back = jax.vjp(terms, rows)
    (gradient,) = pull_back((jnp.ones_like(variation), gradients))
    return variation, gradient


def _bands(variable: HostImage, octaves: int, pixels: int) -> list[slice]:
    """Bands that no pooling divides."""
    return equal_bands((variable.shape[0], variable.shape[1]), unit=2 ** (octaves - 1), pixels=pixels)


def _at(band: slice, octave: int, variable: HostImage) -> slice:
    """The rows of an octave in a band."""
    last = band.stop == variable.shape[0]
    return slice(band.start >> octave, None if last else band.stop >> octave)
