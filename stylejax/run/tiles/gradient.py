"""The objective of one picture and its gradient, by two passes over its tiles."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import jax
import numpy as np

from stylejax.choices import PIXELS
from stylejax.losses.objective import LossWeights, Terms
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.targets import Targets
from stylejax.losses.tiles.objective import TileSums, tile_gradient, tile_sums, total_and_slopes
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import StaticConfig
from stylejax.run.programs.program import call
from stylejax.run.tiles.octaves import complete_gradient, host_octaves
from stylejax.run.tiles.windows import TiledOctave, positions
from stylejax.types import AnyHostImage, HostImage, Variable

_add = jax.jit(add)
sums_program = jax.jit(tile_sums, static_argnames="spec")
gradient_program = jax.jit(tile_gradient, static_argnames="spec")
_total_and_slopes = jax.jit(total_and_slopes, static_argnames="spec")


class Evaluated(NamedTuple):
    """The objective of one picture and its gradient for the variable, in host memory."""

    total: np.float32
    terms: Terms
    gradient: HostImage

    @property
    def finite(self) -> bool:
        """Whether the objective and all of its gradient are."""
        return bool(np.isfinite(self.total)) and all(np.isfinite(row).all() for row in self.gradient)


def tiled_sums(model: VGG19, octaves: Sequence[TiledOctave], spec: ObjectiveSpec) -> tuple[TileSums, ...]:
    """Pass 1: the sums of each octave over all its tiles."""
    return tuple(
        reduce(_add, (call(sums_program, model, window, spec=spec) for _, window in octave.windows())) for octave in octaves
    )


def tiled_gradients(
    model: VGG19, octaves: Sequence[TiledOctave], sums: Sequence[TileSums], slopes: Sequence[TileSums], spec: ObjectiveSpec
) -> list[AnyHostImage]:
    """Pass 2: the gradient of the content and style terms for the pixels of each octave."""
    gradients = []
    for octave, of_octave, slope in zip(octaves, sums, slopes, strict=True):
        gradient, centers = np.zeros(octave.image.shape, np.float32), of_octave.centers
        for tile, window in octave.windows():
            part = call(gradient_program, model, window, centers, slope, spec=spec)
            gradient[positions(tile, PIXELS)] += np.asarray(part)
        gradients.append(gradient)
    return gradients


def tiled_value_and_gradient(
    model: VGG19, variable: Variable | HostImage, targets: Targets, weights: LossWeights, static: StaticConfig, *, side: int
) -> Evaluated:
    """The objective at `variable`, its terms, and its gradient: those of `optimize.step`, with less memory.

    Args:
        model: the feature network.
        variable: of one picture, in the space of the run; an array of NumPy is not copied.
        targets: as for `objective`; those of the content, and the guides, as arrays of NumPy.
        weights: as for `objective`.
        static: `normalize_gradients` is not possible.
        side: most pixels along each side of a tile with its overlap.
    """
    spec, edge = static.objective, model.spec.padding.rest
    variable = np.asarray(variable)
    octaves = [
        TiledOctave(
            image,
            layers=spec.style_layers if number else spec.layers,
            side=side,
            content={} if number else targets.content,  # pyright: ignore[reportArgumentType]
            guides=None if targets.guides is None else targets.guides.octaves[number],  # pyright: ignore[reportArgumentType]
        )
        for number, image in enumerate(host_octaves(variable, static.space, count=spec.octaves, edge=edge))
    ]
    sums = tiled_sums(model, octaves, spec)
    (content, style), slopes = _total_and_slopes(sums, without_positions(targets), weights, spec=spec)
    gradients = tiled_gradients(model, octaves, sums, slopes, spec)
    variation = complete_gradient(variable, gradients, weights.variation, spec.variation, static.space, edge=edge)
    terms = Terms(*map(np.float32, (content, style, variation)))  # pyright: ignore[reportArgumentType]
    return Evaluated(np.float32(sum(terms)), terms, gradients[0])  # pyright: ignore[reportArgumentType, reportCallIssue]


def without_positions(targets: Targets) -> Targets:
    """The part of the targets that has no axis of positions."""
    guides = targets.guides
    return Targets({}, targets.style, None if guides is None else guides._replace(octaves=()))
