"""The preprocessing of a network's input, which is a property of its weights.

A network trained on mean-subtracted 0-255 BGR pictures sees noise when it is fed [0, 1] RGB ones, so a weight file names its
preprocessing in its header and the network applies it. Callers always pass sRGB in [0, 1].
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from stylejax.errors import WeightsError


@dataclass(frozen=True)
class Preprocessing:
    """`(scale * image - mean) / std`, in the channel order of the weights.

    `mean` and `std` are given in that same order: blue first where `bgr` is true.
    """

    name: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bgr: bool = False

    def apply(self, image: Float[Array, "*axes 3"]) -> Float[Array, "*axes 3"]:
        """The input of the first convolution, from sRGB in [0, 1]."""
        ordered = image[..., ::-1] if self.bgr else image
        shape = [1] * (image.ndim - 1) + [3]
        mean, std = (jnp.asarray(channels, image.dtype).reshape(shape) for channels in (self.mean, self.std))
        return (ordered * self.scale - mean) / std


OXFORD = Preprocessing("oxford", scale=255.0, mean=(103.939, 116.779, 123.68), bgr=True)
"""The Oxford weights (Caffe, Keras): BGR, 0-255, minus the mean color of the training set."""

TORCHVISION = Preprocessing("torchvision", scale=1.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""torchvision and timm: RGB, [0, 1], normalized by mean and standard deviation of the training set."""

_BY_NAME = {preprocessing.name: preprocessing for preprocessing in (OXFORD, TORCHVISION)}


def preprocessing_named(name: str) -> Preprocessing:
    """The preprocessing that a weight file's header calls `name`.

    Raises:
        WeightsError: no preprocessing has that name.
    """
    if name not in _BY_NAME:
        raise WeightsError(f"preprocessing {name!r} is not one of {', '.join(_BY_NAME)}; convert the weights again")
    return _BY_NAME[name]
