"""Where a run was between two chunks of steps, as plain facts and arrays and back, checked against the run that goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import PictureState
from stylejax.run.inputs.job import Job, common_shapes
from stylejax.run.memory.estimate import abstract_lanes

_RECORD = dict.fromkeys(("scale", "height", "width", "step"), int) | dict.fromkeys(("total", "content", "style", "tv"), float)
"""What each record of a trace has, by the type of its value."""


@dataclass(frozen=True, eq=False)
class Saved:
    """Where a run was."""

    scale: int
    step: int
    steps: int
    """Steps that this scale takes."""
    traces: list[list[dict[str, Any]]]
    """For each picture, all records up to here."""
    lanes: PictureState
    """On the host."""

    def facts(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {"scale": self.scale, "step": self.step, "steps": self.steps, "traces": self.traces}

    def arrays(self) -> dict[str, np.ndarray]:
        """The leaves of the lanes' state, by their number."""
        return {f"{number:03d}": np.asarray(leaf) for number, leaf in enumerate(jax.tree.leaves(self.lanes))}


def saved_from(facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray], jobs: Sequence[Job], *, lanes: int) -> Saved | None:
    """What was saved of the run that paints `jobs` in so many lanes; None where this run cannot be in such a state."""
    shapes = common_shapes(jobs)
    steps_of = jobs[0].settings.steps(len(shapes))
    scale, step, steps = (_whole(facts.get(name)) for name in ("scale", "step", "steps"))
    if not 1 <= scale <= len(shapes) or not 1 <= step <= steps <= steps_of[scale - 1]:
        return None
    traces = facts.get("traces")
    if not isinstance(traces, list) or len(traces) != len(jobs) or not all(map(_is_trace, traces)):
        return None
    like = abstract_lanes(StaticConfig.of(jobs[0].settings), *shapes[scale - 1], lanes)
    leaves, tree = jax.tree.flatten(like)
    found = [arrays[name] for name in sorted(arrays)]
    if [(leaf.shape, leaf.dtype) for leaf in leaves] != [(array.shape, array.dtype) for array in found]:
        return None
    return Saved(scale, step, steps, traces, jax.tree.unflatten(tree, found))


def _whole(value: Any) -> int:
    """A whole number; 0, which no place has, for anything else."""
    return value if type(value) is int else 0


def _is_trace(trace: Any) -> bool:
    return isinstance(trace, list) and len(trace) > 0 and all(map(_is_record, trace))


def _is_record(record: Any) -> bool:
    return isinstance(record, dict) and all(type(record.get(name)) is kind for name, kind in _RECORD.items())
