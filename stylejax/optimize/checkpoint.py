"""The whole state of a run in a folder, so that a killed one goes on where it was and ends with the same bytes.

    DIR/<number>/state    every array of the lanes' state, as Orbax writes arrays (tensorstore's OCDBT format)
    DIR/<number>/run      JSON: scale, step, the losses so far, and what the run is (`stylejax.optimize.identity`)

Orbax makes a checkpoint under another name and renames it when it is whole, and only then removes the one before: a kill at any
moment leaves one that can be used. Arrays and JSON are all there is; nothing is unpickled.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.errors import CheckpointError, SettingsError
from stylejax.files.interrupts import postponed_interrupts
from stylejax.model.vgg import VGG19
from stylejax.optimize.identity import Identity, difference, run_identity
from stylejax.optimize.jobs import Job
from stylejax.optimize.plan import Plan
from stylejax.optimize.progress import Progress
from stylejax.optimize.step import LaneState, start

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Saved:
    """Where a run was between two chunks of steps."""

    scale: int
    step: int
    steps: int
    """Steps that this scale takes."""
    traces: list[list[dict[str, Any]]]
    """For each lane, all records up to here."""
    lanes: LaneState
    """On the host."""


class _Kept(NamedTuple):
    """A state that is not saved yet; the traces grow on, so their lengths tell what belongs to it."""

    progress: Progress
    lanes: LaneState
    traces: list[list[dict[str, Any]]]
    lengths: list[int]


class Checkpoint:
    """Keeps the state of one run in a folder, every few minutes and when it is interrupted.

    Example:
        >>> import stylejax
        >>> checkpoint = stylejax.Checkpoint("town.checkpoint", minutes=5)  # doctest: +SKIP
        >>> painting = stylejax.stylize("town.jpg", "starry_night.jpg", checkpoint=checkpoint)  # doctest: +SKIP
        >>> painting.save("painted.png")  # doctest: +SKIP
        >>> checkpoint.remove()  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, *, minutes: float = 10.0):
        """Use `folder`, which is made when first needed, and save every so many `minutes`; 0 for after every few steps.

        Raises:
            SettingsError: the number of minutes is negative or no number.
            CheckpointError: the folder is a file.
        """
        if not minutes >= 0:
            raise SettingsError(f"checkpoint_every is {minutes}; it must be a number of minutes, at least 0")
        self.folder = Path(folder).absolute()
        self.resumed: Saved | None = None
        """Where the run went on, if there was something to go on from."""
        self._seconds = 60 * minutes
        self._identity: Identity = {}
        self._last: _Kept | None = None
        self._saved_at = time.monotonic()
        if self.folder.exists() and not self.folder.is_dir():
            raise CheckpointError(f"{folder} is a file; name a folder for the checkpoint")

    def resume(self, model: VGG19, jobs: Sequence[Job], *, devices: int = 1) -> Saved | None:
        """What was saved of the run that paints `jobs` with `model` on so many devices; None when there is nothing.

        Raises:
            CheckpointError: the folder holds the state of another run, or it is damaged or cannot be read.
        """
        self._identity = run_identity(model, jobs, devices=devices)
        self.resumed = None
        if not self.folder.exists():
            return None
        with self._manager() as manager:
            number = manager.latest_step()
            if number is None:
                return None
            run = self._read(manager, number, "run")
            if run.get("format") != _FORMAT:
                raise CheckpointError(f"{self.folder} is no checkpoint of this version of stylejax; name another folder")
            if differs := difference(self._identity, run["identity"]):
                raise CheckpointError(
                    f"the checkpoint in {self.folder} is of another run: {differs}; "
                    "start it as it was to go on, or name another folder to begin anew"
                )
            state = self._read(manager, number, "state")
        like = jax.eval_shape(lambda image: start(image, Plan.of(jobs[0].settings, chunk=1)), jnp.zeros((1, 1, 3)))
        lanes = jax.tree.unflatten(jax.tree.structure(like), [state[name] for name in sorted(state)])
        self.resumed = Saved(run["scale"], run["step"], run["steps"], run["traces"], lanes)
        return self.resumed

    def keep(self, progress: Progress, traces: list[list[dict[str, Any]]]) -> None:
        """Remember the state of `progress`, and save it if it is time; `traces` are the records of each lane so far."""
        if progress.scale == progress.scales and progress.step == progress.steps:
            self._last = None  # finished: nothing could go on from here
            return
        copies = jax.tree.map(jnp.copy, progress.lanes)  # the next chunk reuses the memory of the originals
        self._last = _Kept(progress, copies, traces, [len(trace) for trace in traces])
        if time.monotonic() - self._saved_at >= self._seconds:
            self.save()

    def save(self) -> None:
        """Save what was last remembered, if it is not saved yet.

        Raises:
            CheckpointError: the folder cannot be written, or the disk is full.
        """
        if self._last is None:
            return
        last = self._last
        place = {name: getattr(last.progress, name) for name in ("scale", "step", "steps")}
        traces = [trace[:length] for trace, length in zip(last.traces, last.lengths, strict=True)]
        run = {"format": _FORMAT, "identity": self._identity, **place, "traces": traces}
        arrays = {f"{index:03d}": np.asarray(leaf) for index, leaf in enumerate(jax.tree.leaves(last.lanes))}
        with postponed_interrupts(), self._manager() as manager:
            from orbax.checkpoint import args

            number = (manager.latest_step() or 0) + 1
            manager.save(number, args=args.Composite(state=args.StandardSave(arrays), run=args.JsonSave(run)), force=True)
        self._last, self._saved_at = None, time.monotonic()

    def remove(self) -> None:
        """Remove what was saved, and the folder unless it holds something else: the run is finished and its result kept."""
        self._last = None
        if not self.folder.exists():
            return
        with postponed_interrupts(), self._manager() as manager:
            for number in manager.all_steps():
                manager.delete(number)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    @contextmanager
    def _manager(self) -> Iterator[Any]:
        from orbax.checkpoint import CheckpointManager, CheckpointManagerOptions  # takes a second to import

        options = CheckpointManagerOptions(max_to_keep=1, enable_async_checkpointing=False, cleanup_tmp_directories=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with CheckpointManager(self.folder, options=options) as manager:
                yield manager
        except (OSError, ValueError) as problem:
            told = getattr(problem, "strerror", None) or str(problem).splitlines()[0]
            raise CheckpointError(f"the checkpoint in {self.folder} cannot be used: {told}; name another folder") from None

    def _read(self, manager: Any, number: int, item: str) -> dict[str, Any]:
        from orbax.checkpoint import args

        wanted = {"run": args.JsonRestore, "state": args.StandardRestore}[item]()
        try:
            return manager.restore(number, args=args.Composite(**{item: wanted}))[item]
        except (OSError, ValueError, KeyError):
            damaged = f"the checkpoint in {self.folder} is damaged; remove the folder or name another to begin anew"
            raise CheckpointError(damaged) from None
