"""The static half of an optimization: everything that decides which program is compiled."""

from dataclasses import dataclass

from stylejax.losses.objective import ObjectiveSpec
from stylejax.optimize.settings import Settings


@dataclass(frozen=True)
class Plan:
    """What one compiled program does. Numbers that people sweep are not here: they are traced."""

    objective: ObjectiveSpec
    beta1: float
    beta2: float
    averaging: float
    chunk: int
    """Most steps that one call of the program runs."""

    @classmethod
    def of(cls, settings: Settings, *, chunk: int) -> "Plan":
        """The plan of `settings`."""
        return cls(settings.objective_spec(), settings.beta1, settings.beta2, settings.averaging, chunk)
