"""Refuse a run that does not fit into memory before it starts, and name what would fit."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax

from stylejax.errors import OutOfMemoryError
from stylejax.network.algorithms import Algorithms, bfloat16_problem
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.run.inputs.job import Job
from stylejax.run.memory.available import format_bytes, memory_budget
from stylejax.run.memory.estimate import chunk_bytes, least_bytes
from stylejax.run.targets import shared_targets
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings
from stylejax.types import Shape
from stylejax.weights.load import reconfigured

DIRECT = Algorithms()._asdict()
"""What `--convolution direct` sets in a `NetworkSpec`."""


def refuse_hopeless(model: VGG19, jobs: Sequence[Job], shape: Shape) -> None:
    """Refuse, before anything is compiled, what cannot fit in any case.

    Args:
        model: the feature network.
        jobs: that are painted together.
        shape: height and width.

    Raises:
        OutOfMemoryError: a lower bound of the memory is more than there is.
    """
    least, budget = least_bytes(model, jobs[0].settings, *shape) * len(jobs), memory_budget()
    if budget is not None and least > budget:
        raise _too_large(model, jobs, shape, least, budget, prefix="at least ")


def check_memory(model: VGG19, jobs: Sequence[Job], shape: Shape, peak: int | None) -> int:
    """The peak bytes of painting `jobs` together at `shape`, from the compiler's analysis, or a lower bound without one.

    Raises:
        OutOfMemoryError: that is more than there is.
    """
    budget = memory_budget()
    peak = least_bytes(model, jobs[0].settings, *shape) * len(jobs) if peak is None else peak
    if budget is not None and peak > budget:
        raise _too_large(model, jobs, shape, peak, budget)
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
    model: VGG19, jobs: Sequence[Job], shape: Shape, needed: int, budget: int, *, prefix: str = ""
) -> OutOfMemoryError:
    what = f"{len(jobs)} pictures" if len(jobs) > 1 else "a picture"
    ways = ", ".join(_ways_to_fit(model, jobs, shape, needed, budget))
    return OutOfMemoryError(
        f"{what} of {shape[1]}×{shape[0]} pixels would take {prefix}{format_bytes(needed)} of memory, and there are "
        f"{format_bytes(budget)} to use; " + (f"these would fit: {ways}" if ways else "choose a smaller size")
    )


def _ways_to_fit(model: VGG19, jobs: Sequence[Job], shape: Shape, needed: int, budget: int) -> Iterator[str]:
    """Single changes that would make it fit. Memory grows with pixels and pictures; the network takes the same always."""
    settings, batch_size = jobs[0].settings, len(jobs)
    network = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(model))
    share = max(0, budget - network) / (needed - network)
    if int(batch_size * share):
        yield f"{int(batch_size * share)} at a time"
    yield from shorter_history(settings, shape, batch_size, excess=needed - budget)
    for flag, changes in _other_networks(model) if needed < 3 * budget else ():  # none of them saves more
        if peak_bytes(reconfigured(model, **changes), jobs, shape) <= budget:
            yield flag
    yield from smaller_side(settings, shape, share)


def shorter_history(settings: Settings, shape: Shape, batch_size: int, *, excess: int) -> Iterator[str]:
    """The history of L-BFGS that takes so many bytes less, if there is one."""
    pair = 2 * 4 * 3 * math.prod(shape) * batch_size
    history = StaticConfig.of(settings).optimizer.history - math.ceil(excess / pair)
    if history >= 1:
        yield f"history {history}"


def smaller_side(settings: Settings, shape: Shape, share: float) -> Iterator[str]:
    """The long side of a picture with this share of the pixels, if it is large enough for the layers."""
    side = 16 * int(math.sqrt(share) * max(shape) / 16)
    if side * min(shape) / max(shape) >= objective_spec(settings).smallest_side:
        yield f"a long side of {side} pixels"


def _other_networks(model: VGG19) -> Iterator[tuple[str, dict[str, Any]]]:
    """Flags with which the features take less memory, and what they change of the network."""
    if model.spec.winograd:
        yield "convolution direct", DIRECT
    if model.spec.precision != "bfloat16" and not bfloat16_problem():
        yield "precision bfloat16", {"precision": "bfloat16"} | DIRECT
    if model.spec.pooling == "max":
        yield "pooling average", {"pooling": "average"}
