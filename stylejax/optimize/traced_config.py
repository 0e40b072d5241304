"""The numbers that a compiled optimization is given: other values run the same program."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jax import Array
from jaxtyping import Float

from stylejax.settings.settings import Settings

Number = Float[Array, "*batch"]
"""A scalar of one picture, or `[batch]`."""


class TracedConfig(NamedTuple):
    """Numbers that stay the same from step to step and may differ from picture to picture: scalars, or `[batch]`."""

    beta1: Number
    beta2: Number
    averaging: Number
    stop_when: Number
    """Relative change of the loss below which a picture is frozen; 0 for never."""

    @classmethod
    def of(cls, settings: Sequence[Settings]) -> "TracedConfig":
        """The numbers of a batch, `[batch]`, from the settings of each of its pictures."""
        return cls(*(jax.device_put(np.array([getattr(each, name) for each in settings], np.float32)) for name in cls._fields))
