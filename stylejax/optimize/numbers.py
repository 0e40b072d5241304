"""The traced half of an optimizer's settings: another value runs the same program."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stylejax.optimize.settings import Settings


class Numbers(NamedTuple):
    """What stays the same from step to step, and may differ from lane to lane: scalars, or `[lanes]`."""

    beta1: Array
    beta2: Array
    averaging: Array
    stop_when: Array
    """Relative change of the loss below which a lane is frozen; 0 for never."""

    @classmethod
    def of(cls, lanes: Sequence[Settings]) -> "Numbers":
        """Those of every lane, `[lanes]`."""
        return cls(*(jnp.asarray([getattr(each, name) for each in lanes], jnp.float32) for name in cls._fields))
