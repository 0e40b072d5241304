"""The schedule: small pictures first, which are inexpensive, and full-size pictures last."""

from collections.abc import Sequence
from typing import NamedTuple


class Phase(NamedTuple):
    """`steps` batches of random crops of `crop` pixels from pictures of `side` pixels."""

    side: int
    crop: int
    steps: int


SHARES = ((32, 24, 6), (42, 32, 10), (53, 40, 6), (64, 48, 5))
"""Side, crop and epochs of each phase. Every crop has three quarters of the side, so objects have similar relative sizes."""


def usual_schedule(steps_per_epoch: int) -> tuple[Phase, ...]:
    """The phases of `SHARES` for a data set of `steps_per_epoch` batches."""
    return tuple(Phase(side, crop, epochs * steps_per_epoch) for side, crop, epochs in SHARES)


def ends(phases: Sequence[Phase]) -> list[int]:
    """Number of the first step after each phase; the last one is the length of the training."""
    return [sum(phase.steps for phase in phases[: index + 1]) for index in range(len(phases))]


def remaining(phases: Sequence[Phase], step: int) -> list[int]:
    """Remaining steps of each phase at `step`."""
    return [min(phase.steps, max(0, end - step)) for phase, end in zip(phases, ends(phases), strict=True)]


def stretched(phases: Sequence[Phase], step: int, costs: Sequence[float], budget: float) -> tuple[Phase, ...]:
    """Scale the remaining steps of all phases by one factor, such that their total cost is `budget`.

    If no steps remain, the last phase is extended, so a completed training can continue.

    Args:
        phases: the current schedule.
        step: number of completed steps, which do not change.
        costs: cost of one step of each phase, in the unit of `budget` (seconds, or 1 to count steps).
        budget: total cost of the remaining training.
    """
    left = remaining(phases, step)
    if not any(left):
        last = phases[-1]
        return (*phases[:-1], last._replace(steps=last.steps + max(0, round(budget / costs[-1]))))
    full = sum(steps * cost for steps, cost in zip(left, costs, strict=True))
    factor = max(0.0, budget) / full
    return tuple(
        phase._replace(steps=phase.steps - steps + max(1, round(steps * factor)) if steps else phase.steps)
        for phase, steps in zip(phases, left, strict=True)
    )
