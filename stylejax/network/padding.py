"""Border padding of the convolutions and poolings.

VGG was trained with zero padding, which darkens the borders of a stylized picture. Replicate and reflect padding do not, and
can be applied to every convolution or to conv1_1 alone, which already removes most of the halo. Applied to every convolution,
they also fill the windows of the poolings that a side of odd length leaves incomplete.
"""

from dataclasses import dataclass
from typing import Literal

import jax.numpy as jnp
from jax import Array
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
        """The padding that the flag `--padding` calls `name`."""
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


def pad_by_one(features: Batchable, mode: PaddingMode) -> Batchable:
    """Add one row and one column on each side."""
    return _pad(features, mode, (1, 1), (1, 1))


def pad_to_even(features: Batchable, mode: PaddingMode) -> Batchable:
    """Add a row below and a column to the right where their number is odd."""
    rows, columns = features.shape[-3:-1]
    return _pad(features, mode, (0, rows % 2), (0, columns % 2)) if rows % 2 or columns % 2 else features


def _pad(features: Batchable, mode: PaddingMode, rows: tuple[int, int], columns: tuple[int, int]) -> Batchable:
    margins = [(0, 0)] * (features.ndim - 3) + [rows, columns, (0, 0)]
    if mode == "reflect" and min(features.shape[-3:-1]) == 1:
        mode = "replicate"  # one pixel has no neighbor to reflect
    return jnp.pad(features, margins, mode={"zero": "constant", "replicate": "edge", "reflect": "reflect"}[mode])
