"""Border padding of the convolutions and poolings.

VGG was trained with zero padding, which darkens the borders of a stylized picture. Replicate and reflect padding do not, and
can be applied to every convolution or to conv1_1 alone, which already removes most of the halo. Applied to every convolution,
they also fill the windows of the poolings that a side of odd length leaves incomplete.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float

from stylejax.errors import SettingsError

PaddingMode = Literal["zero", "replicate", "reflect"]


@dataclass(frozen=True)
class Padding:
    """The padding mode of the first convolution and of all the others."""

    first: PaddingMode
    rest: PaddingMode
    """Also that of the poolings."""

    @classmethod
    def named(cls, name: str) -> "Padding":
        """The padding that the flag `--padding` calls `name`.

        Raises:
            SettingsError: there is no such padding.
        """
        mode, _, only_first = name.partition("-")
        if mode not in ("zero", "replicate", "reflect") or only_first not in ("", "conv1_1"):
            raise SettingsError(f"padding {name!r} is not one of zero, replicate, reflect, replicate-conv1_1, reflect-conv1_1")
        return cls(mode, "zero" if only_first else mode)  # pyright: ignore[reportArgumentType]

    def mode(self, layer: str) -> PaddingMode:
        """The mode of convolution `layer`."""
        return self.first if layer == "conv1_1" else self.rest

    def pooled(self, side: int, times: int) -> int:
        """Rows or columns that `times` poolings leave of `side`."""
        return side // 2**times if self.rest == "zero" else -(-side // 2**times)


ZERO = Padding("zero", "zero")
"""The padding that VGG was trained with."""

Batchable = Float[Array, "... _ _ _"]
"""`[rows, columns, channels]` after any leading axes."""

Margins = tuple[int, int]
"""Rows or columns to add before and after."""


def pad_by_one(features: Batchable, mode: PaddingMode) -> Batchable:
    """Add one row and one column on each side."""
    return _pad(features, mode, (1, 1), (1, 1))


def pad_to_even(features: Batchable, mode: PaddingMode) -> Batchable:
    """Add a row below and a column to the right where their number is odd."""
    rows, columns = features.shape[-3:-1]
    return _pad(features, mode, (0, rows % 2), (0, columns % 2)) if rows % 2 or columns % 2 else features


def _pad(features: Batchable, mode: PaddingMode, rows: Margins, columns: Margins) -> Batchable:
    if mode == "zero":
        return jnp.pad(features, [(0, 0)] * (features.ndim - 3) + [rows, columns, (0, 0)])
    if mode == "reflect" and min(features.shape[-3:-1]) == 1:
        mode = "replicate"  # one pixel has no neighbor to reflect
    return _copy_edges(features, 1 if mode == "reflect" else 0, rows, columns)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def _copy_edges(features: Batchable, offset: int, rows: Margins, columns: Margins) -> Batchable:
    """Add margins, each of at most one row or column: a copy of the one at `offset` from that edge."""
    for axis, (before, after) in ((-3, rows), (-2, columns)):
        side = features.shape[axis]
        sources = [offset] * before + [*range(side)] + [side - 1 - offset] * after
        features = jnp.take(features, np.array(sources), axis=axis, mode="clip")
    return features


def _copy_edges_forward(features: Batchable, offset: int, rows: Margins, columns: Margins) -> tuple[Batchable, None]:
    return _copy_edges(features, offset, rows, columns), None


def _copy_edges_backward(offset: int, rows: Margins, columns: Margins, _: None, gradient: Batchable) -> tuple[Batchable]:
    above, between, below = _split(gradient, rows, axis=-3)
    inside = _fold(between, offset, columns, axis=-2)
    # The barrier keeps the compiler from making a pass over the whole array for each of the four margins.
    above, below = (lax.optimization_barrier(_fold(row, offset, columns, axis=-2)) for row in (above, below))
    return (_add_margins(inside, above, below, offset, axis=-3),)


_copy_edges.defvjp(_copy_edges_forward, _copy_edges_backward)


def _fold(gradient: Batchable, offset: int, margins: Margins, *, axis: int) -> Batchable:
    """Remove the margins along an axis, and add them to what they are copies of."""
    before, inside, after = _split(gradient, margins, axis=axis)
    return _add_margins(inside, before, after, offset, axis=axis)


def _split(padded: Batchable, margins: Margins, *, axis: int) -> tuple[Batchable, Batchable, Batchable]:
    end = padded.shape[axis] - margins[1]
    ranges = (0, margins[0]), (margins[0], end), (end, padded.shape[axis])
    before, inside, after = (lax.slice_in_dim(padded, *each, axis=axis) for each in ranges)
    return before, inside, after


def _add_margins(inside: Batchable, before: Batchable, after: Batchable, offset: int, *, axis: int) -> Batchable:
    """Add margins of one or no row or column, at `offset` from their edges."""
    last = inside.shape[axis] - 1
    for margin, place in ((before, offset), (after, last - offset)):
        if margin.shape[axis]:
            around = [(place, last - place, 0) if each == inside.ndim + axis else (0, 0, 0) for each in range(inside.ndim)]
            inside += lax.pad(margin, jnp.zeros((), margin.dtype), around)
    return inside
