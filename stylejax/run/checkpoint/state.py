"""The state of a run between two chunks of steps as plain facts and arrays, checked against the run that continues."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from stylejax.choices import LOSSES
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState
from stylejax.run.chunk_program import abstract_states
from stylejax.run.compatibility import common_scales
from stylejax.run.inputs.job import Job
from stylejax.run.progress import Record

_RECORD = dict.fromkeys(("scale", "height", "width", "step"), int) | dict.fromkeys(LOSSES, float)
"""The keys of each record of a trace, and the types of their values."""


@dataclass(frozen=True, eq=False)
class Saved:
    """A saved run."""

    scale: int
    step: int
    steps: int
    """Steps that this scale takes."""
    tiles: tuple[int, ...]
    """For each scale the side of its tiles, 0 for none: other tiles would give other digits."""
    traces: list[list[Record]]
    """For each picture, all records up to here."""
    states: PictureState
    """Batched; on the host where they were read from a file. A run that resumes in tiles goes on in these arrays."""

    def facts(self) -> dict[str, Any]:
        """The part that JSON holds."""
        return {"scale": self.scale, "step": self.step, "steps": self.steps, "tiles": self.tiles, "traces": self.traces}

    def arrays(self) -> dict[str, np.ndarray]:
        """The leaves of the states, by their number."""
        return numbered(jax.tree.leaves(self.states))


def numbered(leaves: Iterable[Any]) -> dict[str, np.ndarray]:
    """Arrays by their number."""
    return {f"{number:03d}": np.asarray(leaf) for number, leaf in enumerate(leaves)}


def abstract_states_of(jobs: Sequence[Job], scale: int, *, batch_size: int) -> PictureState:
    """Shapes and types of the states of a batch at a scale."""
    return abstract_states(StaticConfig.of(jobs[0].settings), *common_scales(jobs)[scale - 1], batch_size)


def saved_from(
    facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], jobs: Sequence[Job], *, batch_size: int
) -> Saved | None:
    """The saved run of `jobs`, a batch that was filled up to `batch_size`; None where this run cannot be in such a state."""
    shapes = common_scales(jobs)
    steps_of = jobs[0].settings.steps(len(shapes))
    scale, step, steps = (_whole(facts.get(name)) for name in ("scale", "step", "steps"))
    if not 1 <= scale <= len(shapes) or not 1 <= step <= steps <= steps_of[scale - 1]:
        return None
    tiles = facts.get("tiles")
    if not isinstance(tiles, list) or len(tiles) != len(shapes) or not all(type(side) is int and side >= 0 for side in tiles):
        return None
    traces = facts.get("traces")
    if not isinstance(traces, list) or len(traces) != len(jobs) or not all(map(_is_trace, traces)):
        return None
    leaves, tree = jax.tree.flatten(abstract_states_of(jobs, scale, batch_size=batch_size))
    found = [arrays[name] for name in sorted(arrays)]
    if [(leaf.shape, leaf.dtype) for leaf in leaves] != [(array.shape, array.dtype) for array in found]:
        return None
    return Saved(scale, step, steps, tuple(tiles), traces, jax.tree.unflatten(tree, found))


def _whole(value: Any) -> int:
    """A whole number; 0, which is no position, for anything else."""
    return value if type(value) is int else 0


def _is_trace(trace: Any) -> bool:
    return isinstance(trace, list) and len(trace) > 0 and all(map(_is_record, trace))


def _is_record(record: Any) -> bool:
    return isinstance(record, dict) and all(type(record.get(name)) is kind for name, kind in _RECORD.items())
