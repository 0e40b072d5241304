"""A batch at each of its scales: its program, targets, weights and states, prepared while the scale before is running."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.losses.objective import LossWeights
from stylejax.losses.split.geometry import RowSplit
from stylejax.losses.targets import Targets
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import CHUNK, StaticConfig
from stylejax.optimize.enlarge import begin, enlarge
from stylejax.optimize.step import PictureState, Trace
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.checkpoint.state import Saved
from stylejax.run.chunk_program import chunk_program
from stylejax.run.compatibility import common_scales
from stylejax.run.devices import Device, Placement, divisible, padded
from stylejax.run.inputs.job import Job, stacked_weights
from stylejax.run.memory.check import check_memory, is_plenty, refuse_hopeless
from stylejax.run.memory.plan import check_tiled_memory, planned_tiles
from stylejax.run.memory.share import MemoryShare
from stylejax.run.programs.effort import QUICK_STEPS
from stylejax.run.programs.program import POLL, Compilation, call
from stylejax.run.progress import Preparing
from stylejax.run.single_precision import in_float32
from stylejax.run.split.mesh import EVERYWHERE, mesh_of, put, put_states, whole_pictures, whole_states
from stylejax.run.split.plan import planned_splits
from stylejax.run.split.program import SplitProgram, split_program
from stylejax.run.split.targets import split_targets
from stylejax.run.starts import added_detail, detail_of, start_of, starting_images
from stylejax.run.targets import StyleCache, batch_targets, layer_shapes, shared_targets
from stylejax.run.tiles.begin import begin_in_bands, enlarge_in_bands
from stylejax.run.tiles.chunk import run_tiled_chunk
from stylejax.run.tiles.programs import compile_tiles
from stylejax.run.tiles.targets import tiled_targets
from stylejax.run.tiles.update import in_host_memory, on_host
from stylejax.types import HostImages, Images

Observer = Callable[[Preparing], None]
"""Sees that a scale is being prepared."""


class Scale(NamedTuple):
    """A batch at one scale, ready to run."""

    jobs: list[Job]
    program: Callable[..., tuple[PictureState, Trace, Images | HostImages]]
    model: VGG19
    targets: Targets | list[Targets]
    """In tiles, those of each picture, in host memory."""
    weights: LossWeights
    traced: TracedConfig
    placement: Placement
    split: RowSplit | None = None
    """Where the rows of the pictures are, which the program returns `stored`; None where it returns whole pictures."""
    most_steps: int = CHUNK
    """Of one call. In tiles a step takes seconds, and is reported by itself."""

    def run(self, states: PictureState, rates: np.ndarray, count: int) -> tuple[PictureState, Trace, Images | HostImages]:
        """Run one chunk of `count` steps."""
        rates = self.placement.spread(jax.device_put(rates), axis=1)
        return self.program(self.model, states, self.targets, self.weights, rates, self.traced, jax.device_put(np.int32(count)))

    def whole(self, pictures: Images | HostImages) -> Images | HostImages:
        """The pictures that the program has returned; of several processes, all call this."""
        return pictures if self.split is None else whole_pictures(pictures, self.split)


class Scales:
    """What all scales of a run have in common. The jobs are filled up to a multiple of the number of devices."""

    def __init__(
        self,
        model: VGG19,
        jobs: Sequence[Job],
        *,
        devices: Sequence[Device] = (),
        split: int = 1,
        shared: Shared | None = None,
        seen: StyleCache | None = None,
        quick: bool = False,
        tiles: tuple[int, ...] | None = None,
    ):
        """Check that the jobs can run together, and choose the `tiles` of each scale, unless they are those of a saved run."""
        self.shapes = common_scales(jobs)
        self._mesh = mesh_of(devices, each=split) if split > 1 else None
        self.splits = planned_splits(jobs[0], self.shapes, self._mesh)
        """For each scale which device has which rows; None where one device has the whole picture."""
        self.jobs = padded(jobs, divisible(len(jobs), len(devices) // split))
        settings = jobs[0].settings
        self.static, self.steps = StaticConfig.of(settings), settings.steps(len(self.shapes))
        # Of several processes, each computes the scales that are not divided.
        self.placement = Placement(tuple(devices[::split]) if jax.process_count() == 1 else ())
        self.model, self._models = model, self.placement.replicate(model)
        self._traced = self.placement.spread(TracedConfig.of([job.settings for job in self.jobs]))
        self._shared, self._seen, self._quick = shared, seen, quick
        whole = (0,) * len(self.shapes) if self._mesh else None
        self.tiles = tiles or whole or planned_tiles(model, self.jobs_of_a_device, self.shapes, shared=shared)
        """For each scale the side of its tiles; 0 where the whole picture is computed at once."""
        self.tiled_peak = 0
        """Peak bytes of the largest scale in tiles, checked while all memory is still free."""
        self._history_on_disk = False
        if self.tiles[-1]:
            largest = self.shapes[-1], self.tiles[-1]
            self.tiled_peak, self._history_on_disk = check_tiled_memory(model, self.jobs_of_a_device, *largest)
        else:
            last = len(self.shapes)
            refuse_hopeless(model, self.share(last), lambda other: self.peak_bytes(last, model=other))

    @property
    def jobs_of_a_device(self) -> list[Job]:
        """Those of which the first one has something; every device has as many."""
        return self.jobs[: self.placement.per_device(len(self.jobs))]

    def share(self, number: int) -> MemoryShare:
        """What one memory has of a scale."""
        split = self.splits[number - 1]
        devices = tuple(split.mesh.devices.flat) if split else self.placement.devices
        return MemoryShare(self.jobs, self.shapes[number - 1], devices, split)

    def peak_bytes(self, number: int, *, model: VGG19 | None = None, waiting: Callable[[], None] | None = None) -> int:
        """Peak bytes of the `share` of a scale, which is compiled, with another network perhaps."""
        program = self.compilation(number, model=model).program(waiting)
        return self.share(number).bytes(model or self.model, program.memory)

    def can_prepare_during(self, number: int) -> bool:
        """Whether the next scale can be prepared while this one runs: two threads that both use a mesh may wait for ever.

        Several processes use one between two chunks of steps, too.
        """
        return self.splits[number - 1] is None and not (self._mesh and jax.process_count() > 1)

    def prepare(self, number: int) -> "Preparation":
        """Begin to prepare a scale, counted from 1, in the background."""
        return Preparation(self, number)

    def compilation(self, number: int, *, model: VGG19 | None = None) -> Compilation:
        """The program of a scale for all devices that it has, and for another network perhaps."""
        model, jobs = model or self.model, self.jobs
        shape, split = self.shapes[number - 1], self.splits[number - 1]
        quick = self._quick and self.steps[number - 1] * len(self.jobs_of_a_device) <= QUICK_STEPS
        options = {"batch_size": len(jobs), "shared": self._shared or shared_targets(jobs, *shape)}
        options |= {"regions": jobs[0].region_count, "effort": "quick" if quick else "best"}
        if split is not None:
            return split_program(model, self.static, split, shape[1], **options)
        options |= {"temporal": jobs[0].before is not None, "placement": self.placement}
        return chunk_program(model, self.static, *shape, **options)

    @cached_property
    def _model_on_mesh(self) -> VGG19:
        assert self._mesh is not None
        return put(self.model, self._mesh, EVERYWHERE)

    @in_float32
    def split_scale(self, number: int, split: RowSplit, compilation: Compilation) -> Scale:
        """A scale on a mesh of devices, once its program is compiled and its targets are computed."""
        width, spec, model = self.shapes[number - 1][1], self.static.objective, self._model_on_mesh
        options = {"shared": self._shared, "seen": self._seen}
        targets = split_targets(model, self.model, self.jobs, width, spec, split, **options)
        weights = stacked_weights(self.jobs, layer_shapes(self.model, split.height, width, spec.layers))
        weights, traced = put((weights, jax.device_get(self._traced)), split.mesh, EVERYWHERE)
        program = SplitProgram(compilation.program(), split)
        jax.block_until_ready(targets)  # processes on CPUs would mix its messages with those of the next program
        return Scale(self.jobs, program, model, targets, weights, traced, Placement(), split)

    @in_float32
    def scale(self, number: int, compilation: Compilation | None) -> Scale:
        """A scale, once its program is compiled and its targets are computed; in tiles there is no program of the whole."""
        shape, spec, side = self.shapes[number - 1], self.static.objective, self.tiles[number - 1]
        if compilation is None:
            own = [tiled_targets(self.model, job, *shape, spec, side=side, seen=self._seen) for job in self.jobs]
            weights = stacked_weights(self.jobs, layer_shapes(self.model, *shape, spec.layers))
            compile_tiles(self.model, spec, shape, side, regions=self.jobs[0].region_count)
            program, traced = partial(run_tiled_chunk, static=self.static, side=side), jax.device_get(self._traced)
            return Scale(self.jobs, program, self.model, own, weights, traced, Placement(), most_steps=1)
        targets, shared = batch_targets(self.model, self.jobs, *shape, spec, shared=self._shared, seen=self._seen)
        weights = self.placement.spread(stacked_weights(self.jobs, layer_shapes(self.model, *shape, spec.layers)))
        targets = self.placement.targets(targets, shared)
        return Scale(self.jobs, compilation.program().run, self._models, targets, weights, self._traced, self.placement)

    def states(self, number: int, before: PictureState | None, resume: Saved | None) -> PictureState:
        """The states at the beginning of a scale, from those `before` it, a saved state, or the starting pictures."""
        former, split = (self.splits[number - 2] if number > 1 else None), self.splits[number - 1]
        if before is not None and former is not None:
            before = jax.device_put(whole_states(before, former))
        if split is not None:
            return put_states(self._states(number, before, resume, self.placement if former is None else Placement()), split)
        if not self.tiles[number - 1]:
            return self.placement.spread(self._states(number, before, resume, self.placement))
        if before is None and resume:
            return in_host_memory(resume.states)
        with on_host():
            return self._states_in_bands(number, before)

    def _states(self, number: int, before: PictureState | None, resume: Saved | None, placement: Placement) -> PictureState:
        shape, name = self.shapes[number - 1], self.static.name
        if before is not None:
            traced = placement.spread(jax.device_get(self._traced))
            detail = placement.spread(added_detail(self.jobs, self.shapes[number - 2], shape))
            static = {"shape": shape, "static": self.static}
            states = call(enlarge, before, traced, detail, effort="least", name=name and f"{name} {shape}", **static)
        elif resume:
            states = jax.tree.map(jnp.array, resume.states)
        else:
            states = call(begin, starting_images(self.jobs, *shape), effort="least", name=name, static=self.static)
        return states

    def _states_in_bands(self, number: int, before: PictureState | None) -> PictureState:
        shape, place = self.shapes[number - 1], {"history_on_disk": self._history_on_disk}
        if before is None:
            return begin_in_bands([start_of(job, *shape) for job in self.jobs], self.static, **place)
        details = [detail_of(job, self.shapes[number - 2], shape) for job in self.jobs]
        return enlarge_in_bands(before, jax.device_get(self._traced), details, shape=shape, static=self.static, **place)


class Preparation:
    """A scale that is prepared in the background."""

    def __init__(self, scales: Scales, number: int):
        """Begin."""
        self._scales, self._number = scales, number
        self._since: float | None = None
        self._split = scales.splits[number - 1]
        self._compilation = None if scales.tiles[number - 1] else scales.compilation(number)
        if self._split and self._compilation:
            self._scale = _preparers().submit(scales.split_scale, number, self._split, self._compilation)
        else:
            self._scale = _preparers().submit(scales.scale, number, self._compilation)

    def result(self, observe: Observer | None) -> Scale:
        """The scale, once it is ready.

        Args:
            observe: called at once, and every `POLL` seconds until then. What it raises is passed on.
        """
        self._show(observe)
        while not self._scale.done():
            wait([self._scale], timeout=POLL)
            self._show(observe)
        return self._scale.result()

    def peak_bytes(self, observe: Observer | None) -> int:
        """Peak bytes of the run: by the compiler's analysis once the largest scale is compiled, and an estimate before.

        Args:
            observe: as for `result`.

        Raises:
            OutOfMemoryError: that is more than there is. It is found out before the first step, unless less than half of the
                memory is expected to be needed.
        """
        scales, number, last = self._scales, self._number, len(self._scales.shapes)
        if scales.tiles[-1]:  # which may take less than a whole picture of a scale before
            return max(scales.peak_bytes(number) if self._compilation else 0, scales.tiled_peak)
        own, largest = scales.share(number), scales.share(last)
        expected = int(scales.peak_bytes(number) * largest.pixels / own.pixels)
        if number < last and is_plenty(expected):
            return expected
        peak = scales.peak_bytes(last, waiting=lambda: self._show(observe))
        return check_memory(scales.model, largest, peak, lambda other: scales.peak_bytes(last, model=other))

    def _show(self, observe: Observer | None) -> None:
        if observe:
            shapes = self._scales.shapes
            seconds = 0.0 if self._since is None else time.perf_counter() - self._since
            self._since = self._since or time.perf_counter()
            observe(Preparing(self._number, len(shapes), *shapes[self._number - 1], seconds=seconds))


@cache
def _preparers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="preparer")
