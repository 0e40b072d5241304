"""Several processes that paint one picture: all of them run the same, and resume from the state that the first one has."""

import json
from collections.abc import Callable, Sequence

import jax
import numpy as np

from stylejax.errors import CheckpointError, SettingsError
from stylejax.network.vgg import VGG19
from stylejax.run.checkpoint.fingerprint import difference, run_identity
from stylejax.run.checkpoint.state import Saved, abstract_states_of, numbered, saved_from
from stylejax.run.inputs.job import Job
from stylejax.run.processes.lockstep import Lockstep, of_the_first


def check_alike(
    lockstep: Lockstep, model: VGG19, jobs: Sequence[Job], *, devices: int, split: int, with_checkpoint: bool
) -> None:
    """Refuse processes that were given different things to paint: they would wait for each other for ever.

    Raises:
        SettingsError: in all processes; those that differ from process 0 say in what.
    """
    if not lockstep.several:
        return
    identity = run_identity(model, jobs, devices=devices, split=split) | {"a checkpoint": with_checkpoint}
    ours = json.loads(json.dumps(identity))
    differs = difference(ours, lockstep.told(ours))
    if any(lockstep.most(bool(differs))):
        what = f"this process differs from process 0: {differs}" if differs else "another process differs from this one"
        raise SettingsError(f"{what}; start all processes with the same arguments, pictures and network")


def seen_by_all(lockstep: Lockstep, read: Callable[[], Saved | None], jobs: Sequence[Job], *, batch_size: int) -> Saved | None:
    """What the first process reads, in all; no other process needs its disk.

    Args:
        lockstep: of the processes.
        read: called in the first one alone.
        jobs: of the run.
        batch_size: to which the batch was filled up.

    Raises:
        CheckpointError: in all processes, where `read` raises it.
    """
    if not lockstep.several:
        return read()
    saved, problem = None, ""
    if lockstep.first:
        try:
            saved = read()
        except CheckpointError as raised:
            problem = str(raised)
    problem, facts = lockstep.told([problem, saved and saved.facts()])
    if problem:
        raise CheckpointError(problem)
    if facts is None:
        return None
    like = jax.tree.leaves(abstract_states_of(jobs, facts["scale"], batch_size=batch_size))
    ours = jax.tree.leaves(saved.states) if saved else [np.zeros(leaf.shape, leaf.dtype) for leaf in like]
    return saved_from(facts, numbered(of_the_first(ours)), jobs, batch_size=batch_size)
