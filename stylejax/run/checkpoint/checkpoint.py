"""Checkpoints: the whole state of a run in a folder, so that a killed run continues and ends with the same bytes.

    DIR/stylejax-checkpoint/state    which run it is (`fingerprint`), scale, step, the losses so far, and every
                                     array of the batched states, under one seal (`stylejax.files.checksummed`)
    DIR/stylejax-checkpoint/.lock    held by the run that uses the folder

The folder may hold anything else: only these two files are read, replaced or removed, and the state only if its first line
names this run. The state is replaced in one step, so a kill at any moment leaves a usable one.
"""

import errno
import hashlib
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from filelock import FileLock, Timeout

from stylejax.errors import CheckpointError, SettingsError
from stylejax.files.atomic import temporary_files
from stylejax.files.checksummed import ChecksumError, read_checksummed, read_kind, write_checksummed
from stylejax.files.disk_arrays import on_disk
from stylejax.files.lock import WITHOUT_LOCKS
from stylejax.files.user_paths import user_path
from stylejax.network.vgg import VGG19
from stylejax.optimize.step import PictureState, is_history
from stylejax.run.checkpoint.fingerprint import Identity, difference, run_identity
from stylejax.run.checkpoint.state import Saved, saved_from
from stylejax.run.checkpoint.together import seen_by_all
from stylejax.run.devices import divisible
from stylejax.run.inputs.job import Job
from stylejax.run.memory.available import memory_budget
from stylejax.run.processes.lockstep import Lockstep
from stylejax.run.progress import Progress, Record
from stylejax.run.single_precision import in_float32
from stylejax.run.split.chunk import without_padding
from stylejax.run.split.mesh import in_memory
from stylejax.signals import postponed_interrupts

OWN = "stylejax-checkpoint"
"""The subfolder that belongs to the checkpoint."""
_KIND = "stylejax-checkpoint-3"


class _Kept(NamedTuple):
    """A state that is not saved yet. The traces keep growing; their lengths mark the part that belongs to it."""

    progress: Progress
    states: PictureState
    traces: list[list[Record]]
    lengths: list[int]


class Checkpoint:
    """Keeps the state of one run in a folder, every few minutes and when it is interrupted.

    A state that cannot be saved, because the disk is full, for example, does not end the run: it is reported, and tried again.

    Example:
        >>> import stylejax
        >>> checkpoint = stylejax.Checkpoint("town.checkpoint", minutes=5)  # doctest: +SKIP
        >>> painting = stylejax.stylize("town.jpg", "starry_night.jpg", checkpoint=checkpoint)  # doctest: +SKIP
        >>> painting.save("painted.png")  # doctest: +SKIP
        >>> checkpoint.remove()  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, *, minutes: float = 10.0, warn: Callable[[str], None] = warnings.warn):
        """Use `folder`, which is created when first needed, and save every so many `minutes`; 0 for after every few steps.

        Other files in the folder stay as they are. `warn` is called with one line when the state cannot be saved or removed.

        Raises:
            SettingsError: the number of minutes is negative or no number.
            CheckpointError: the folder is a file, or its path is empty.
        """
        if not minutes >= 0:
            raise SettingsError(f"checkpoint_every is {minutes}; it must be a number of minutes, at least 0")
        self.folder = user_path(folder, error=CheckpointError).absolute()
        self.resumed: Saved | None = None
        """The saved state from which the run continued, if there was one."""
        self._own = self.folder / OWN
        self._state = self._own / "state"
        self._lock = FileLock(self._own / ".lock", thread_local=False)
        self._seconds = 60 * minutes
        self._warn, self._warned = warn, ""
        self._identity: Identity = {}
        self._kind = ""
        self._made = False  # whether this run created the folder
        self._held = False
        self._last: _Kept | None = None
        self._saved_at = time.monotonic()
        self._lockstep = Lockstep(together=False)
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise CheckpointError(f"{folder} is a file; name a folder for the checkpoint")
        except OSError as problem:
            raise self._unusable(problem) from None

    @in_float32
    def resume(
        self, model: VGG19, jobs: Sequence[Job], *, devices: int = 1, split: int = 1, lockstep: Lockstep | None = None
    ) -> Saved | None:
        """The saved state of the run that paints `jobs` with `model` on so many devices; None if there is none.

        The folder is locked for this run until `release`. `split` is the number of devices of each picture. Of several
        processes in `lockstep`, only the first one uses the folder, and all resume from its state; `settle` parts them.

        Raises:
            CheckpointError: another run uses the folder, it holds the state of another run, or it is damaged or cannot be used.
        """
        self._identity = run_identity(model, jobs, devices=devices, split=split)
        self._kind = f"{_KIND} {hashlib.sha256(repr(sorted(self._identity.items())).encode()).hexdigest()}"
        self._lockstep = lockstep or self._lockstep
        batch_size = divisible(len(jobs), devices // split)
        self.resumed = seen_by_all(self._lockstep, lambda: self._open(jobs, batch_size=batch_size), jobs, batch_size=batch_size)
        return self.resumed

    def _open(self, jobs: Sequence[Job], *, batch_size: int) -> Saved | None:
        try:
            self._made = self._made or not self.folder.exists()
            self._take()
            return self._read(jobs, batch_size=batch_size)
        except (OSError, CheckpointError) as problem:
            self.release()
            raise (self._unusable(problem) if isinstance(problem, OSError) else problem) from None

    @property
    def saved(self) -> bool:
        """Whether there is a state of this run to continue from."""
        try:
            return bool(self._kind) and read_kind(self._state) == self._kind
        except OSError:
            return False

    def keep(self, progress: Progress, traces: list[list[Record]]) -> None:
        """Remember the state of `progress`, and save it if it is time; `traces` are the records of each picture so far.

        The state is not copied: call `secure` before the run goes on.
        """
        self._last = _Kept(progress, progress.states, traces, [len(trace) for trace in traces])
        due = time.monotonic() - self._saved_at >= self._seconds
        if any(self._lockstep.most(due)):
            self.save()

    def secure(self) -> None:
        """Copy what is remembered and not saved, because the next steps reuse its memory.

        The state of a picture in tiles is too large to have twice, and is forgotten.
        """
        if self._last is None or self._last.progress.finished:
            return
        if self._last.progress.in_tiles:
            self._last = None
        else:
            self._last = self._last._replace(states=jax.tree.map(jnp.copy, self._last.states))

    def settle(self) -> None:
        """End the work of several processes on the checkpoint: the first one has what is not saved yet, and goes on alone."""
        if self._last and self._lockstep.several:
            states = in_memory(self._last.states)
            self._last = self._last._replace(states=states) if self._lockstep.first else None
        self._lockstep = Lockstep(together=False)

    def save(self) -> None:
        """Save what was last remembered, if it is not saved yet; warn if that cannot be done."""
        if self._last is None:
            return
        states = without_padding(in_memory(self._last.states), self._last.progress.height)
        done = not self._lockstep.first or self._write(self._last, states)
        self._saved_at = time.monotonic()
        if not any(self._lockstep.most(not done)):
            self._last, self._warned = None, ""

    def _write(self, kept: _Kept, states: PictureState) -> bool:
        progress, _, traces, lengths = kept
        traces = [trace[:length] for trace, length in zip(traces, lengths, strict=True)]
        state = Saved(progress.scale, progress.step, progress.steps, progress.tiles, traces, states)
        facts = {"identity": self._identity, "made_the_folder": self._made, **state.facts()}
        try:
            with postponed_interrupts():
                if self._state.exists() and not self.saved:
                    raise FileExistsError(errno.EEXIST, f"{self._state} is not of this run any more")
                write_checksummed(self._state, self._kind, facts, state.arrays())
        except OSError as problem:
            reason = problem.strerror or problem
            self._warn_once(f"the state cannot be saved in {self.folder}: {reason}; the run continues and will try again")
            return False
        return True

    def remove(self) -> None:
        """Remove the saved state of this run, once it is finished and its result is kept.

        The folder is removed, too, if it was created for the run and holds nothing else.
        """
        self._last = None
        if not self.saved:
            return
        try:
            self._take()
            with postponed_interrupts():
                if self.saved:
                    self._state.unlink()
        except CheckpointError:
            return  # another run continues from there
        except OSError as problem:
            self._warn_once(f"{self._state} cannot be removed: {problem.strerror or problem}")
        finally:
            self.release()

    def release(self) -> None:
        """Unlock the folder; what was saved stays."""
        if not self._held:
            return
        self._held = False
        if not self._state.exists():
            with suppress(OSError):  # a folder with other files stays
                Path(self._lock.lock_file).unlink(missing_ok=True)
                self._own.rmdir()
                if self._made:
                    self.folder.rmdir()
        self._lock.release()

    def _take(self) -> None:
        """Lock the folder, if its file system has locks."""
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise CheckpointError(
                f"another run is keeping its state in {self.folder}; wait for it, or choose another folder"
            ) from None
        except OSError as problem:
            if problem.errno not in WITHOUT_LOCKS:
                raise
        else:
            for leftover in temporary_files(self._own):  # of a run that was killed while it saved
                with suppress(OSError):
                    leftover.unlink()
        self._held = True

    def _read(self, jobs: Sequence[Job], *, batch_size: int) -> Saved | None:
        if not self._state.exists():
            return None
        if not read_kind(self._state).startswith(f"{_KIND} "):
            raise CheckpointError(f"{self._state} is no state of this version of stylejax; choose another folder")
        damaged = CheckpointError(f"the checkpoint in {self.folder} is damaged; choose another folder to start again")
        try:
            facts, arrays = read_checksummed(self._state, place=_placed)
        except ChecksumError:
            raise damaged from None
        identity = facts.get("identity")
        if not isinstance(identity, dict):
            raise damaged
        if differs := difference(self._identity, identity):
            raise CheckpointError(
                f"the checkpoint in {self.folder} is of another run: {differs}; "
                "start it with the same arguments to resume, or choose another folder to start again"
            )
        saved = saved_from(facts, arrays, jobs, batch_size=batch_size)
        if saved is None:
            raise damaged
        self._made = facts.get("made_the_folder") is True
        return saved

    def _warn_once(self, problem: str) -> None:
        if problem != self._warned:
            self._warned = problem
            self._warn(problem)

    def _unusable(self, problem: OSError) -> CheckpointError:
        reason = problem.strerror or str(problem)
        return CheckpointError(f"the checkpoint in {self.folder} cannot be used: {reason}; choose another folder")


def _placed(array: np.ndarray) -> np.ndarray:
    """An array of a state; what an optimizer remembers of a large picture is on disk, as in the run that saved it."""
    budget = memory_budget()
    return on_disk(array) if is_history(array) and budget is not None and array.nbytes > budget // 8 else array
