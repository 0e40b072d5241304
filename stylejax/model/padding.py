"""How a convolution sees past the edge of the picture.

Zero padding is what VGG was trained with; it darkens the borders of a painted picture. Replicate and reflect padding do
not, and can be applied to every convolution or to conv1_1 alone, which already removes most of the halo.
"""

from dataclasses import dataclass
from typing import Literal

import jax.numpy as jnp
from jax import Array

from stylejax.errors import SettingsError

PaddingName = Literal["zero", "replicate", "reflect", "replicate-conv1_1", "reflect-conv1_1"]
"""`replicate` and `reflect` pad every convolution; with `-conv1_1` only the first, and the others with zeros."""


@dataclass(frozen=True)
class Padding:
    """The padding mode of the first convolution and of all the others."""

    first: Literal["zero", "replicate", "reflect"]
    rest: Literal["zero", "replicate", "reflect"]

    @classmethod
    def named(cls, name: PaddingName) -> "Padding":
        """The padding that the flag `--padding` calls `name`."""
        mode, _, only_first = name.partition("-")
        if mode not in ("zero", "replicate", "reflect") or only_first not in ("", "conv1_1"):
            raise SettingsError(f"padding {name!r} is not one of zero, replicate, reflect, replicate-conv1_1, reflect-conv1_1")
        return cls(mode, "zero" if only_first else mode)  # pyright: ignore[reportArgumentType]

    def mode(self, layer: str) -> Literal["zero", "replicate", "reflect"]:
        """The mode of convolution `layer`."""
        return self.first if layer == "conv1_1" else self.rest


ZERO = Padding("zero", "zero")
"""What VGG was trained with."""


def pad_by_one(features: Array, mode: Literal["zero", "replicate", "reflect"]) -> Array:
    """Add one row and one column on each side of `[..., rows, columns, channels]`."""
    margins = [(0, 0)] * (features.ndim - 3) + [(1, 1), (1, 1), (0, 0)]
    if mode == "reflect" and min(features.shape[-3:-1]) == 1:
        mode = "replicate"  # one pixel has no neighbor to reflect
    return jnp.pad(features, margins, mode={"zero": "constant", "replicate": "edge", "reflect": "reflect"}[mode])
