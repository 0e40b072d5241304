"""The training loop, with progress output, checkpoints and export."""

import math
import signal
import time
from types import FrameType
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from slim_training.checkpoint import load_checkpoint, save_checkpoint
from slim_training.finish import finish, heldout_top1, write_latest
from slim_training.pictures import Pictures, load_pictures, training_batch
from slim_training.schedule import Phase, ends, remaining, stretched, usual_schedule
from slim_training.settings import Settings
from slim_training.step import State, initial_state, make_optimizer, make_step
from stylejax.errors import StylejaxError

_LINE_EVERY = 20.0
_TIMED_STEPS = 5
_WARMUP_EPOCHS = 2


def say(text: str) -> None:
    """Print a line with the time of day and flush."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


class Training:
    """A training, new or resumed from its checkpoint."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.cache = settings.cache or settings.checkpoints / "cache"
        self.file = settings.checkpoints / "state.npz"
        self.mesh = Mesh(np.array(jax.devices()), ("batch",))
        if settings.batch % len(jax.devices()):
            raise StylejaxError(f"--batch {settings.batch} cannot be split over {len(jax.devices())} devices")
        self.full = self.pictures("train", _largest_side())
        self.steps_per_epoch = len(self.full.labels) // settings.batch
        if not self.steps_per_epoch:
            raise StylejaxError(f"{len(self.full.labels)} pictures do not fill one --batch of {settings.batch}")
        self.facts: dict[str, Any] = {"step": 0, "seed": settings.seed, "seconds": 0.0, "heldout_top1": None}
        self.phases = usual_schedule(self.steps_per_epoch)
        self.stopping = False
        self._load()
        if settings.export_only and not self.file.exists():
            raise StylejaxError(f"{self.file} does not exist, so there is nothing to export; train first")
        self._plan()

    @property
    def step(self) -> int:
        """Number of completed steps."""
        return self.facts["step"]

    @property
    def length(self) -> int:
        """Total number of steps."""
        return ends(self.phases)[-1]

    def pictures(self, part: Any, side: int) -> Pictures:
        """Training or held-out pictures at one size."""
        return load_pictures(self.settings.data, self.cache, part, side)

    def _load(self) -> None:
        settings = self.settings
        classes = len(self.full.classes)
        # The structure of the optimizer's state depends neither on the rate nor on the length.
        state = initial_state(make_optimizer(0.0, 1, 0, 0.0), settings.seed, settings.widths, classes)
        if self.file.exists():
            state, facts = load_checkpoint(self.file, state)
            self.facts |= facts
            starts = [0, *self.facts["ends"]]
            self.phases = tuple(
                Phase(side, crop, end - start)
                for (side, crop, *_), start, end in zip(self.facts["phases"], starts, self.facts["ends"], strict=False)
            )
            if facts["seed"] != settings.seed:
                say(f"using the checkpoint's seed {facts['seed']} instead of {settings.seed}")
            say(f"resuming {self.file} at step {self.step} of {self.length}")
        self.state: State = jax.device_put(state, NamedSharding(self.mesh, PartitionSpec()))

    def _plan(self) -> None:
        """Determine the schedule, the optimizer and the compiled step."""
        settings = self.settings
        if settings.epochs is not None:
            left = settings.epochs * self.steps_per_epoch - self.step
            self.phases = stretched(self.phases, self.step, [1.0] * len(self.phases), left)
        self._compile()
        if settings.minutes is not None:
            costs = [self._seconds_per_step(phase) for phase in self.phases]
            self.phases = stretched(self.phases, self.step, costs, settings.minutes * 60)
            self._compile()

    def _compile(self) -> None:
        settings = self.settings
        warmup = min(_WARMUP_EPOCHS * self.steps_per_epoch, self.length // 10)
        optimizer = make_optimizer(settings.peak_rate, self.length, warmup, settings.weight_decay)
        self.advance = make_step(optimizer, settings.smoothing, self.mesh)

    def _seconds_per_step(self, phase: Phase) -> float:
        """Seconds per step, measured on a copy of the state."""
        data = self.pictures("train", phase.side)
        state = jax.tree.map(lambda leaf: leaf.copy(), self.state)
        began = 0.0
        for index in range(1 + _TIMED_STEPS):
            state, loss = self.advance(state, *self._batch(data, index, phase.crop))
            if index == 0:
                loss.block_until_ready()
                began = time.monotonic()
        jax.block_until_ready(state)
        seconds = (time.monotonic() - began) / _TIMED_STEPS
        say(f"{phase.crop} px: {self.settings.batch / seconds:.0f} pictures/s")
        return seconds

    def _batch(self, data: Pictures, step: int, crop: int) -> tuple[np.ndarray, np.ndarray]:
        return training_batch(data, step, self.settings.batch, crop, self.facts["seed"])

    def run(self) -> bool:
        """Train to the end, or until SIGINT or SIGTERM; returns whether the training is complete."""
        before = {which: signal.signal(which, self._stop) for which in (signal.SIGINT, signal.SIGTERM)}
        try:
            for phase, end in zip(self.phases, ends(self.phases), strict=True):
                if self.step < end and not self.stopping:
                    self._run_phase(phase, end)
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)
        if self.stopping:
            say(f"stopped at step {self.step} of {self.length}; the same command resumes it")
        return not self.stopping

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _run_phase(self, phase: Phase, end: int) -> None:
        data, heldout = self.pictures("train", phase.side), self.pictures("heldout", phase.side)
        say(f"pictures of {phase.side} px, crops of {phase.crop} px, until step {end} of {self.length}")
        losses, compiling, said, saved = [], True, time.monotonic(), time.monotonic()
        while self.step < end and not self.stopping:
            began = time.monotonic()
            self.state, loss = self.advance(self.state, *self._batch(data, self.step, phase.crop))
            losses.append(loss)
            self.facts["step"] += 1
            if compiling or len(losses) % 10 == 0:  # limits how far the host runs ahead of the devices
                loss.block_until_ready()
            if compiling:
                compiling, losses, said = False, [], time.monotonic()
            self.facts["seconds"] += time.monotonic() - began
            epoch_ends = self.step % self.steps_per_epoch == 0 or self.step == self.length
            if losses and (time.monotonic() - said > _LINE_EVERY or epoch_ends):
                self._report(losses, time.monotonic() - said, phase)
                losses, said = [], time.monotonic()
            if epoch_ends:
                score = self.facts["heldout_top1"] = heldout_top1(jax.device_get(self.state), data, heldout)
                say(f"epoch {self.step / self.steps_per_epoch:.1f}: held-out top-1 {score:.2%} at {phase.side} px")
            if epoch_ends or self.stopping or time.monotonic() - saved > self.settings.save_every:
                self._save()
                said = saved = time.monotonic()
                losses = []

    def _report(self, losses: list[jax.Array], seconds: float, phase: Phase) -> None:
        mean = float(np.mean([float(loss) for loss in losses]))
        if not math.isfinite(mean):
            raise StylejaxError(
                f"the loss is {mean} at step {self.step}; {self.file} has the last good state; lower --peak-rate and resume"
            )
        # The cost of a step is about proportional to the pixels of the crop.
        left = remaining(self.phases, self.step)
        equivalent = sum(steps * (each.crop / phase.crop) ** 2 for steps, each in zip(left, self.phases, strict=True))
        minutes = equivalent * seconds / len(losses) / 60
        rate = len(losses) * self.settings.batch / seconds
        epoch = self.step / self.steps_per_epoch
        say(f"step {self.step}/{self.length} epoch {epoch:.2f} loss {mean:.3f} {rate:.0f} pictures/s, {minutes:.0f} min left")

    def _save(self) -> None:
        host = jax.device_get(self.state)
        self.facts |= {"phases": [list(phase) for phase in self.phases], "ends": ends(self.phases)}
        save_checkpoint(self.file, host, self.facts)
        write_latest(self.settings, host, self.full, self.facts)

    def finish(self) -> float:
        """Write the weight file; returns the held-out top-1 accuracy of its arrays."""
        heldout = self.pictures("heldout", _largest_side())
        host = jax.device_get(self.state)
        return finish(self.settings, host, self.full, heldout, self.facts)


def _largest_side() -> int:
    return max(phase.side for phase in usual_schedule(1))
