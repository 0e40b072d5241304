"""The space in which a picture is optimized.

The objective does not depend on it, but step sizes, random starts and Adam's path do, so a published recipe is reproduced only
in its own space: 0-255 values minus the mean, normalized values, or the plain picture.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.choices import SpaceName
from stylejax.types import Image, Variable


@dataclass(frozen=True)
class Space:
    """`image = scale * variable + offset`, for red, green and blue."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]

    @property
    def is_plain(self) -> bool:
        """Whether variable and image are the same."""
        return self == SPACES["unit"]

    def to_image(self, variable: Variable) -> Image:
        """Convert from the space to sRGB in [0, 1]."""
        return variable * _row(self.scale) + _row(self.offset)

    def from_image(self, image: Image) -> Variable:
        """Convert from sRGB in [0, 1] to the space."""
        return (image - _row(self.offset)) / _row(self.scale)

    def add(self, variable: Variable, detail: Image) -> Variable:
        """The variable whose picture is that of `variable` plus `detail`."""
        return variable + detail / _row(self.scale)

    def clip(self, variable: Variable) -> Variable:
        """The nearest variable whose picture is in [0, 1]."""
        return jnp.clip(variable, self.from_image(jnp.zeros((1, 1, 3))), self.from_image(jnp.ones((1, 1, 3))))


def _row(values: tuple[float, float, float]) -> Float[Array, "1 1 3"]:
    return jnp.asarray(values)[jnp.newaxis, jnp.newaxis]


SPACES: dict[SpaceName, Space] = {
    "unit": Space((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    "caffe": Space((1 / 255, 1 / 255, 1 / 255), (123.68 / 255, 116.779 / 255, 103.939 / 255)),
    "normalized": Space((0.229, 0.224, 0.225), (0.485, 0.456, 0.406)),
}
"""`unit`: the picture itself. `caffe`: 0-255 minus the mean color. `normalized`: minus the mean, over the deviation."""
