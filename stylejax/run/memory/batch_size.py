"""The automatic batch size."""

from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.run.memory.available import memory_budget
from stylejax.run.memory.estimate import batch_size_that_fits, least_bytes
from stylejax.settings.settings import Settings

AMPLE = 64
"""A batch fits, and no program is compiled to find out, where there is so many times the least memory that it can take."""


def automatic_batch_size(model: VGG19, settings: Settings, shape: tuple[int, int], *, most: int, shared: Shared) -> int:
    """How many pictures to optimize together on one device: as many as fit into its memory, from 1 to `most`.

    It is 1 even where one does not fit: the run then raises an error that says what would.

    Args:
        model: the feature network.
        settings: of every picture; only what is static counts.
        shape: height and width at which the pictures are optimized, in pixels.
        most: how many there are, or the largest batch that is of use.
        shared: which targets the pictures share.
    """
    budget = memory_budget()
    if most == 1 or budget is None or AMPLE * most * least_bytes(model, settings, *shape) <= budget:
        return most
    return max(1, batch_size_that_fits(model, settings, *shape, most=most, shared=shared))
