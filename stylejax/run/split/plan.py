"""Which scales of a run are divided: those whose pictures have enough rows for every device."""

import math
from collections.abc import Sequence

from jax.sharding import Mesh

from stylejax.errors import SettingsError
from stylejax.losses.split.geometry import ROWS, RowSplit, margin
from stylejax.run.inputs.job import Job
from stylejax.run.memory.plan import problem
from stylejax.settings.objective_spec import objective_spec
from stylejax.types import Shape


def planned_splits(job: Job, shapes: Sequence[Shape], mesh: Mesh | None) -> list[RowSplit | None]:
    """For each scale where its rows are; None where a device has the whole picture.

    A device whose rows were fewer than those that its windows share with the neighbors would mostly compute what they compute,
    too. Coarse scales of which that is true take little time, and one device computes them.

    Args:
        job: the first of a batch.
        shapes: height and width at each scale.
        mesh: of the devices; None if no scale is divided.

    Raises:
        SettingsError: the largest picture has too few rows, or cannot be divided.
    """
    if mesh is None:
        return [None] * len(shapes)
    if reason := problem(job):
        raise SettingsError(f"split divides a picture among devices, but {reason}; leave split out")
    if job.settings.tiles not in ("auto", "none"):
        raise SettingsError(f"tiles is {job.settings.tiles}, and split divides the picture otherwise; give one of them")
    devices, shared = mesh.shape[ROWS], margin(objective_spec(job.settings))
    enough = [math.ceil(height / devices) >= shared for height, _ in shapes]
    if not enough[-1]:
        height, width = shapes[-1]
        most = height // max(shared, 1)
        ways = f"divide it among at most {most}" if most > 1 else "leave split out"
        raise SettingsError(
            f"a picture of {width}×{height} pixels has {math.ceil(height / devices)} rows for each of {devices} devices, which "
            f"share {shared} with each neighbor; {ways}, or choose a larger size"
        )
    return [RowSplit(mesh, height) if wide else None for wide, (height, _) in zip(enough, shapes, strict=True)]
