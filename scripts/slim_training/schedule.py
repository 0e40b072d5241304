"""The schedule as data: small pictures first, because they are cheap, and full ones last."""

from collections.abc import Sequence
from typing import NamedTuple


class Phase(NamedTuple):
    """`steps` batches of pictures scaled down to `side` pixels, seen through random crops of `crop` pixels."""

    side: int
    crop: int
    steps: int


SHARES = ((32, 24, 6), (42, 32, 10), (53, 40, 6), (64, 48, 5))
"""Side, crop and epochs of each phase. Every crop shows three quarters of the picture, so things look alike in all of them."""


def usual_schedule(steps_per_epoch: int) -> tuple[Phase, ...]:
    """The phases of `SHARES`, for a data set of `steps_per_epoch` batches."""
    return tuple(Phase(side, crop, epochs * steps_per_epoch) for side, crop, epochs in SHARES)


def ends(phases: Sequence[Phase]) -> list[int]:
    """The number of the first step after each phase; the last is the length of the training."""
    return [sum(phase.steps for phase in phases[: index + 1]) for index in range(len(phases))]


def remaining(phases: Sequence[Phase], step: int) -> list[int]:
    """How many steps of each phase are still to come at `step`."""
    return [min(phase.steps, max(0, end - step)) for phase, end in zip(phases, ends(phases), strict=True)]


def stretched(phases: Sequence[Phase], step: int, costs: Sequence[float], budget: float) -> tuple[Phase, ...]:
    """The same phases with what is left of each made longer or shorter by one factor, so that it costs `budget` in all.

    Where nothing is left, the last phase is what grows, so a complete training can go on.

    Args:
        phases: the schedule so far.
        step: how many steps are done; they stay as they were.
        costs: of one step of each phase, in the unit of `budget` (seconds; or one each, to count steps).
        budget: what the rest of the training may cost.
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
