"""Which pictures can be optimized in one batch.

Pictures run the same programs if they agree in everything static: shapes, layers, statistic, number of steps, number of
regions. Their numbers (every weight, the learning rate, the seed) may differ. What forms batches uses a key of this module:

    a list of pictures (`stylize_batch`)    `batch_key` of each job must be the same; with `shapes="group"`, `scales_of`
    a grid of settings (`sweep`)            `program_key`: the content, and so the shape, is one
    a table (`stylejax.batch.plan`)         `BatchKey`, before any picture is decoded
"""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

from stylejax.errors import SettingsError
from stylejax.run.inputs.job import Job
from stylejax.settings.derived import STATIC, values_of
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings
from stylejax.settings.transformation import describe

Shape = tuple[int, int]
"""Height and width."""
_Item = TypeVar("_Item")


class BatchKey(NamedTuple):
    """Equal for pictures that can be optimized in one batch."""

    program: Hashable
    """From `program_key`."""
    regions: Hashable
    """Decides how many regions there are."""
    scales: tuple[Shape, ...]
    """Height and width at each scale."""


def program_key(settings: Settings) -> Hashable:
    """Equal for settings that run the same programs, if the pictures have the same shape and the same number of regions."""
    return (*values_of(settings, STATIC), objective_spec(settings), settings.coarsest, settings.step_counts)


def batch_key(job: Job) -> BatchKey:
    """The key of a job.

    Raises:
        SettingsError: the content is too small for the layers.
    """
    return BatchKey(program_key(job.settings), job.region_count, scales_of(job))


def scales_of(job: Job) -> tuple[Shape, ...]:
    """Height and width of a job's picture at each scale, coarse to fine.

    Raises:
        SettingsError: the content is too small for the layers.
    """
    height, width = job.content.shape[:2]
    return tuple(scale_shapes(height, width, job.settings))


def grouped(items: Sequence[_Item], key: Callable[[_Item], Hashable]) -> list[list[int]]:
    """Indices of the items with equal keys, together; groups in the order of their first items."""
    groups: dict[Hashable, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault(key(item), []).append(number)
    return list(groups.values())


def common_scales(jobs: Sequence[Job]) -> tuple[Shape, ...]:
    """Height and width at each scale of jobs that form a batch.

    Raises:
        SettingsError: there is no job, one is too small for the layers, or two have different batch keys; the message says why.
    """
    if not jobs:
        raise SettingsError("got no picture to paint; give at least one content and one style")
    scales = scales_of(jobs[0])
    for number, job in enumerate(jobs[1:], start=2):
        if difference := _difference(job, jobs[0]):
            raise SettingsError(f"picture {number} {difference}")
    return scales


def _difference(job: Job, first: Job) -> str:
    """What makes the batch keys of two jobs differ, and what to do about it; empty if they are equal."""
    settings = job.settings, first.settings
    for name in STATIC:
        theirs, ours = (getattr(each, name) for each in settings)
        if theirs != ours:
            share = "pictures of one batch share it, so paint them in separate batches"
            return f"has {name} {describe(theirs)} and picture 1 has {describe(ours)}; {share}"
    theirs, ours = (objective_spec(each) for each in settings)
    if theirs != ours:
        return "names other layers than picture 1; give a layer the weight 0 instead"
    theirs, ours = job.region_count, first.region_count
    if theirs != ours:
        share = "pictures of one batch have as many, so paint them in separate batches"
        return f"has {theirs} regions and picture 1 has {ours}; {share}"
    if (job.before is None) != (first.before is None):
        return "and picture 1 are not both frames of a video; paint them in separate batches"
    theirs, ours = (f"{each.init} at {each.coarsest} pixels" for each in settings)
    if settings[0].coarsest != settings[1].coarsest:
        return f"starts from {theirs} and picture 1 from {ours}; give both the same smallest_size"
    if settings[0].step_counts != settings[1].step_counts:
        return "starts otherwise than picture 1 and so takes other numbers of steps; give both the same iterations"
    theirs, ours = (scales_of(each) for each in (job, first))
    if theirs != ours:
        (their_height, their_width), (height, width) = theirs[-1], ours[-1]
        share = "pictures of one batch share their shape, so group them (shapes='group') or resize them (shapes='resize')"
        return f"would be {their_width}×{their_height} pixels and picture 1 {width}×{height}; {share}"
    return ""
