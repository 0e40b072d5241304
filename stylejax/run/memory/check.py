"""Refuse a run that does not fit into memory before it starts, and name what would fit."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from stylejax.errors import OutOfMemoryError
from stylejax.losses.split.geometry import margin
from stylejax.network.algorithms import Algorithms, bfloat16_problem
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.run.inputs.job import Job
from stylejax.run.memory.available import format_bytes, memory_budget
from stylejax.run.memory.estimate import chunk_bytes
from stylejax.run.memory.share import MemoryShare
from stylejax.run.targets import shared_targets
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings
from stylejax.types import Shape
from stylejax.weights.load import reconfigured

DIRECT = Algorithms()._asdict()
"""What `--convolution direct` sets in a `NetworkSpec`."""


PeakOf = Callable[[VGG19], int]
"""Peak bytes of a share with another network."""


def refuse_hopeless(model: VGG19, share: MemoryShare, peak_of: PeakOf) -> None:
    """Refuse, before anything is compiled, what cannot fit in any case.

    Args:
        model: the feature network.
        share: of the largest scale.
        peak_of: of the share; called where another network might fit.

    Raises:
        OutOfMemoryError: a lower bound of the memory is more than there is.
    """
    least, budget = share.least_bytes(model), memory_budget()
    if budget is not None and least > budget:
        raise _too_large(model, share, least, budget, peak_of, prefix="at least ")


def check_memory(model: VGG19, share: MemoryShare, peak: int, peak_of: PeakOf) -> int:
    """The `peak` bytes of a share; the other arguments are as for `refuse_hopeless`.

    Raises:
        OutOfMemoryError: that is more than there is.
    """
    budget = memory_budget()
    if budget is not None and peak > budget:
        raise _too_large(model, share, peak, budget, peak_of)
    return peak


def is_plenty(expected: int) -> bool:
    """Whether an estimate of the bytes that a run takes is far below what there is."""
    budget = memory_budget()
    return budget is None or expected <= budget / 2


def peak_bytes(model: VGG19, jobs: Sequence[Job], shape: Shape, *, shared: Shared | None = None) -> int:
    """Peak bytes of painting `jobs` together at `shape`; their program is compiled."""
    return chunk_bytes(
        model,
        jobs[0].settings,
        *shape,
        batch_size=len(jobs),
        shared=shared or shared_targets(jobs, *shape),
        regions=jobs[0].region_count,
        temporal=jobs[0].before is not None,
    )


def _too_large(
    model: VGG19, share: MemoryShare, needed: int, budget: int, peak_of: PeakOf, *, prefix: str = ""
) -> OutOfMemoryError:
    ways = ", ".join(_ways_to_fit(model, share, needed, budget, peak_of))
    return OutOfMemoryError(
        f"{share} would take {prefix}{format_bytes(needed)} of memory{share.place}, and there are "
        f"{format_bytes(budget)} to use; "
        + (f"these would fit: {ways}" if ways else "choose a smaller size")
        + ("; in tiles it takes less: leave out tiles none" if share.settings.tiles == "none" and not share.split else "")
    )


def _ways_to_fit(model: VGG19, share: MemoryShare, needed: int, budget: int, peak_of: PeakOf) -> Iterator[str]:
    """Single changes that would make it fit. Memory grows with pixels and pictures; the network takes the same always."""
    network = share.together * sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(model))
    fitting = max(0, budget - network) / (needed - network)
    if int(share.pictures * fitting):
        yield f"{int(share.pictures * fitting)} at a time"
    yield from shorter_history(share.settings, share.shape, share.amount, excess=needed - budget)
    for flag, changes in _other_networks(model) if needed < 3 * budget else ():  # none of them saves more
        if peak_of(reconfigured(model, **changes)) <= budget:
            yield flag
    yield from smaller_side(share.settings, share.shape, fitting, devices=share.split.devices if share.split else 1)


def shorter_history(settings: Settings, shape: Shape, pictures: float, *, excess: int) -> Iterator[str]:
    """The history of L-BFGS that takes so many bytes less for so many pictures, if there is one."""
    pair = 2 * 4 * 3 * math.prod(shape) * pictures
    history = StaticConfig.of(settings).optimizer.history - math.ceil(excess / pair)
    if history >= 1:
        yield f"history {history}"


def smaller_side(settings: Settings, shape: Shape, share: float, *, devices: int = 1) -> Iterator[str]:
    """The long side of a picture with this share of the pixels, if it is large enough for the layers, and for its devices."""
    side, spec = 16 * int(math.sqrt(share) * max(shape) / 16), objective_spec(settings)
    rows = side * shape[0] / max(shape)
    if side * min(shape) / max(shape) >= spec.smallest_side and (devices == 1 or rows / devices >= margin(spec)):
        yield f"a long side of {side} pixels"


def _other_networks(model: VGG19) -> Iterator[tuple[str, dict[str, Any]]]:
    """Flags with which the features take less memory, and what they change of the network."""
    if model.spec.winograd:
        yield "convolution direct", DIRECT
    if model.spec.precision != "bfloat16" and not bfloat16_problem():
        yield "precision bfloat16", {"precision": "bfloat16"} | DIRECT
    if model.spec.pooling == "max":
        yield "pooling average", {"pooling": "average"}
