"""The static half of an optimization: everything that decides which program is compiled."""

from dataclasses import dataclass

from stylejax.choices import CarryName, OptimizerName, ResamplingName
from stylejax.losses.objective import ObjectiveSpec
from stylejax.optimize.settings import Settings
from stylejax.optimize.space import SPACES, Space

CHUNK = 10
"""Steps between two looks at the losses: about a second on a laptop, and little overhead on an accelerator."""


@dataclass(frozen=True)
class Plan:
    """What one compiled program does. Numbers that people sweep are not here: they are traced."""

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
    def of(cls, settings: Settings, *, chunk: int = CHUNK) -> "Plan":
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
