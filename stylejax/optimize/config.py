"""The two halves of an optimization's settings: those that decide which program is compiled, and the numbers it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from stylejax.choices import CarryName, OptimizerName, ResamplingName
from stylejax.losses.objective import ObjectiveSpec
from stylejax.settings.pixel_space import SPACES, Space
from stylejax.settings.settings import Settings

CHUNK = 10
"""Steps between two looks at the losses: about a second on a laptop, and little overhead on an accelerator."""


@dataclass(frozen=True)
class StaticConfig:
    """What one compiled program does. TracedConfig that people sweep are not here: they are traced."""

    objective: ObjectiveSpec
    optimizer: OptimizerName
    history: int
    space: Space
    clamp: bool
    restart: bool
    carry: CarryName
    resampling: ResamplingName
    chunk: int
    """Most steps that one call of the program runs."""

    @classmethod
    def of(cls, settings: Settings, *, chunk: int = CHUNK) -> "StaticConfig":
        """The plan of `settings`."""
        return cls(
            objective=settings.objective_spec(),
            optimizer=settings.optimizer,
            history=settings.history,
            space=SPACES[settings.space],
            clamp=settings.clamp,
            restart=settings.restart,
            carry=settings.carry,
            resampling=settings.resampling,
            chunk=chunk,
        )


class TracedConfig(NamedTuple):
    """What stays the same from step to step, and may differ from lane to lane: scalars, or `[lanes]`."""

    beta1: Array
    beta2: Array
    averaging: Array
    stop_when: Array
    """Relative change of the loss below which a lane is frozen; 0 for never."""

    @classmethod
    def of(cls, lanes: Sequence[Settings]) -> "TracedConfig":
        """Those of every lane, `[lanes]`."""
        return cls(*(jnp.asarray([getattr(each, name) for each in lanes], jnp.float32) for name in cls._fields))
