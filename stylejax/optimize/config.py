"""What decides which program is compiled, as opposed to the numbers it is given (`stylejax.optimize.traced_config`)."""

from dataclasses import dataclass

from stylejax.losses.spec import ObjectiveSpec
from stylejax.optimize.optimizer import Optimizer
from stylejax.optimize.optimizers import optimizer_for
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.pixel_space import SPACES, Space
from stylejax.settings.settings import Settings

CHUNK = 10
"""Steps between two looks at the losses: about a second on a laptop, and little overhead on an accelerator."""


@dataclass(frozen=True)
class StaticConfig:
    """The static half of an optimization's settings: another value compiles another program."""

    objective: ObjectiveSpec
    optimizer: Optimizer
    space: Space
    chunk: int
    """Most steps that one call of the program runs."""

    @property
    def name(self) -> str:
        """Identifies this configuration in any process; empty if the optimizer has no name."""
        return f"{self.objective} {self.optimizer.name} {self.space} {self.chunk}" if self.optimizer.name else ""

    @classmethod
    def of(cls, settings: Settings, *, chunk: int = CHUNK) -> "StaticConfig":
        """The static half of `settings`."""
        return cls(
            objective=objective_spec(settings),
            optimizer=optimizer_for(settings),
            space=SPACES[settings.space],
            chunk=chunk,
        )
