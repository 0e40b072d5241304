"""From requests to results: read the pictures, form groups of one shape, and run each group as a batch."""

import dataclasses
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from stylejax.choices import DeviceCount, SplitName
from stylejax.errors import SettingsError
from stylejax.images.picture import Picture
from stylejax.network.vgg import VGG19
from stylejax.optimize.config import CHUNK
from stylejax.run.checkpoint.checkpoint import Checkpoint
from stylejax.run.checkpoint.together import check_alike
from stylejax.run.compatibility import common_scales, grouped, scales_of
from stylejax.run.devices import devices_of
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.prepare import job_from, network_for, sources_of
from stylejax.run.inputs.preserve_color import with_kept_colors
from stylejax.run.inputs.reader import Reader
from stylejax.run.inputs.requests import Request, ShapesName, at_one_shape, at_own_shapes, resized_alpha
from stylejax.run.loop import optimize_batch
from stylejax.run.processes.lockstep import Lockstep
from stylejax.run.processes.look import Look
from stylejax.run.progress import Preparing, Progress, Record, Whole
from stylejax.run.result import StylizedImage, StylizeInterrupted
from stylejax.settings.pyramid import pixel_limit
from stylejax.signals import Interrupts, noting_interrupts
from stylejax.types import HostImages, Images

Observer = Callable[[Progress], None]

PATIENCE = 30.0
"""Seconds after which the first of several processes looks at the pictures, so that it has them if another one is killed."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is watched, saved and distributed; see `stylize_batch`."""

    observe: Observer | None = None
    every: int = CHUNK
    preparing: Callable[[Preparing], None] | None = None
    checkpoint: Checkpoint | None = None
    devices: DeviceCount = "all"
    split: SplitName = "none"


class _Prepared(NamedTuple):
    """A picture in memory, ready to be stylized."""

    job: Job
    content: Picture
    sources: dict[str, Any]
    """What the record says about the pictures."""


def stylize_requests(
    requests: Sequence[Request], options: RunOptions, *, network: VGG19 | None = None, shapes: ShapesName = "same"
) -> list[StylizedImage]:
    """Stylize the pictures of `requests`, whose settings are checked; see `stylize_batch` for results and errors.

    Args:
        requests: one for each picture.
        options: how the run is watched, saved and distributed.
        network: the feature network; that of the first picture's settings unless given.
        shapes: how contents of different shapes are treated.
    """
    reader = Reader(max(pixel_limit(each.settings) for each in requests))
    read = [reader.read(each.content, proof=each.settings.proof) for each in requests]
    contents = at_one_shape(read) if shapes == "resize" else read
    pictures = [_prepared(reader, request, content) for request, content in zip(requests, contents, strict=True)]
    jobs = [picture.job for picture in pictures]
    groups = grouped(jobs, scales_of) if shapes == "group" else [list(range(len(jobs)))]
    for group in groups:  # before the network is loaded, which takes longer than finding a setting that cannot be used
        common_scales([jobs[number] for number in group])
    if options.checkpoint and len(groups) > 1:
        raise SettingsError(f"got pictures of {len(groups)} shapes and a checkpoint, which keeps one batch; leave it out")
    results = _stylize_groups(groups, network or network_for(requests[0].settings), pictures, options)
    return at_own_shapes(results, read) if shapes == "resize" else results


def _prepared(reader: Reader, request: Request, content: Picture) -> _Prepared:
    styles = [reader.read(style, proof=request.settings.proof) for style in request.styles]
    inputs = content, styles, request.content_masks, request.style_masks
    return _Prepared(job_from(reader, *inputs, request.settings), content, sources_of(*inputs))


def _stylize_groups(
    groups: Sequence[Sequence[int]], network: VGG19, pictures: Sequence[_Prepared], options: RunOptions
) -> list[StylizedImage]:
    """Stylize one group of pictures, given by their indices, after the other.

    Raises:
        StylizeInterrupted: with the results of the finished groups and of the current one.
    """
    finished: dict[int, StylizedImage] = {}
    whole = Whole(len(pictures))

    def observe(progress: Progress) -> None:
        if options.observe:
            options.observe(whole.of(progress))

    own = dataclasses.replace(options, observe=observe) if len(groups) > 1 else options
    for group in groups:
        try:
            finished |= zip(group, _stylize_group(network, [pictures[number] for number in group], own), strict=True)
        except StylizeInterrupted as stopped:
            finished |= zip(group, stopped.results, strict=False)
            raise StylizeInterrupted([finished[number] for number in sorted(finished)]) from None
        whole.finish(len(group))
    return [finished[number] for number in range(len(pictures))]


def _stylize_group(network: VGG19, group: Sequence[_Prepared], options: RunOptions) -> list[StylizedImage]:
    jobs, checkpoint = [picture.job for picture in group], options.checkpoint
    devices, split = devices_of(len(group), wanted=options.devices, split=options.split)
    lockstep = Lockstep(together=options.split != "none")
    alike = {"devices": len(devices), "split": split}
    check_alike(lockstep, network, jobs, with_checkpoint=checkpoint is not None, **alike)
    saved = checkpoint.resume(network, jobs, lockstep=lockstep, **alike) if checkpoint else None
    run = _GroupRun(network.spec.name, group, checkpoint, lockstep)
    preparing = run.interruptible(options.preparing)
    steps = optimize_batch(
        network, jobs, every=options.every, resume=saved, devices=devices, split=split, quick=True, preparing=preparing
    )
    try:
        return run.finish(steps, options.observe)
    finally:
        if checkpoint:
            checkpoint.release()


class _GroupRun:
    """One batch under way: its latest progress, and the traces of its pictures."""

    def __init__(self, network: str, group: Sequence[_Prepared], checkpoint: Checkpoint | None, lockstep: Lockstep):
        resumed = checkpoint.resumed if checkpoint else None
        self._network, self._group, self._checkpoint, self._lockstep = network, group, checkpoint, lockstep
        self._traces: list[list[Record]] = resumed.traces if resumed else [[] for _ in group]
        self._latest: Progress | None = None
        self._look: Look[Images | HostImages] | None = None
        self._looked = time.monotonic()
        self._interrupts = Interrupts()

    def interruptible(self, preparing: Callable[[Preparing], None] | None) -> Callable[[Preparing], None]:
        """The observer `preparing`, which also ends the run at Ctrl-C while a program is compiled; several processes go on."""

        def observe(update: Preparing) -> None:
            if not self._lockstep.several:
                self._interrupts.check()
            if preparing:
                preparing(update)

        return observe

    def finish(self, steps: Iterable[Progress], observe: Observer | None) -> list[StylizedImage]:
        """Run all steps, save the state where they end early, and return the results.

        Raises:
            StylizeInterrupted: on Ctrl-C.
        """
        with noting_interrupts() as interrupts:
            self._interrupts = interrupts
            try:
                self._run(iter(steps), observe, interrupts)
            except KeyboardInterrupt:
                self._save()
                self._take_pictures()
                raise StylizeInterrupted(self._results()) from None
            except Exception:
                if self._look:
                    self._look.give_up()
                if not self._lockstep.several:  # another one may not be there to give its part
                    self._save()
                raise
            if self._checkpoint:
                self._checkpoint.settle()
            self._take_pictures()
        return self._results()

    def _run(self, steps: Iterator[Progress], observe: Observer | None, interrupts: Interrupts) -> None:
        interrupts.check()
        while self._latest is None or not all(self._latest.failures):
            if self._checkpoint:
                self._checkpoint.secure()
            with nullcontext() if self._latest else interrupts.interruptible():  # before the first steps nothing can be lost
                progress = next(steps, None)
            if progress is None:
                return
            latest = self._take(progress)
            if observe:
                self._show(latest, observe, interrupts)
            self._settle_look()
            (number,) = self._lockstep.most(interrupts.number)
            if number:  # a signal that has arrived since then waits for the next time that all ask
                interrupts.number = number
                raise KeyboardInterrupt

    def _show(self, latest: Progress, observe: Observer, interrupts: Interrupts) -> None:
        try:
            with interrupts.interruptible():
                observe(latest)
        except KeyboardInterrupt:
            if not self._lockstep.several:
                raise
            interrupts.number = interrupts.number or signal.SIGINT  # the other processes have to end after the same step

    def _settle_look(self) -> None:
        assert self._look
        due = self._lockstep.first and time.monotonic() - self._looked > PATIENCE
        if self._look.settle(wanted=due):
            self._looked = time.monotonic()

    def _take_pictures(self) -> None:
        if self._look:
            self._look.take()

    def _take(self, progress: Progress) -> Progress:
        """Keep the progress, with the pictures as they would be saved."""
        contents, settings = [each.content for each in self._group], [each.job.settings for each in self._group]

        def make() -> Images | HostImages:
            return with_kept_colors(progress.pictures, contents, settings)

        self._look = Look(make, self._lockstep, before=self._look)
        self._latest = dataclasses.replace(progress, look=self._look, results=self._results)
        for trace, records in zip(self._traces, progress.records, strict=True):
            trace.extend(records)
        if self._checkpoint:
            self._checkpoint.keep(self._latest, self._traces)
        return self._latest

    def _save(self) -> None:
        if self._checkpoint:
            self._checkpoint.save()

    def _results(self) -> list[StylizedImage]:
        """The pictures as they are now; none before the first steps."""
        progress = self._latest
        if progress is None:
            return []
        images = np.clip(np.asarray(progress.pictures), 0, 1)
        return [
            StylizedImage(
                image=image,
                alpha=resized_alpha(each.content, *image.shape[:2]),
                trace=trace,
                settings=each.job.settings,
                network=self._network,
                sources=each.sources,
                failure=failure,
                notes=each.job.notes,
                memory=progress.memory,
            )
            for each, image, trace, failure in zip(self._group, images, self._traces, progress.failures, strict=False)
        ]
