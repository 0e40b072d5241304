"""The run of a clip: read ahead, paint frame by frame, write behind."""

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stylejax.images.color_transfer import restore_chroma
from stylejax.images.proof import soft_proof
from stylejax.network.vgg import VGG19
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.preserve_color import content_to_paint
from stylejax.run.progress import NON_FINITE_ADVICE, Progress, Record
from stylejax.run.single_precision import in_float32
from stylejax.signals import Interrupts, noting_interrupts
from stylejax.types import HostImage
from stylejax.video.media.clip import Clip, ClipFrame, Selection, VideoError
from stylejax.video.media.encode import Encoder, VideoFormat, encoding
from stylejax.video.media.store import FrameFacts, FrameStore, Kept
from stylejax.video.motion.flicker import warping_error
from stylejax.video.options import VideoOptions
from stylejax.video.painter import Painter, Past
from stylejax.video.progress import FrameClock, VideoProgress
from stylejax.video.steps import FindMotion, Step, steps_of
from stylejax.video.threads import Behind, read_ahead

_AHEAD = 3
"""Frames that wait to be painted or written."""


class Inputs(NamedTuple):
    """What a clip is painted from."""

    clip: Clip
    job: Job
    """Styles and settings; the content is that of the first frame, at the size that is painted."""
    network: VGG19
    options: VideoOptions
    store: FrameStore
    record: dict[str, Any]
    """How the clip is painted; stored in each frame."""


class Painted(NamedTuple):
    """What a run has made."""

    frames: int
    scenes: list[int]
    """The first frame of each."""
    facts: list[FrameFacts]
    """Of each frame."""


class _Frame(NamedTuple):
    """A frame that is finished."""

    kept: Kept
    records: list[Record]
    """The losses of its last steps, of which no progress has told."""
    losses: dict[str, float]


class Stopped(KeyboardInterrupt):
    """Ctrl-C; `painted` says what was finished before."""

    def __init__(self, painted: Painted):
        super().__init__()
        self.painted = painted


class VideoRun:
    """Paints all frames."""

    def __init__(self, inputs: Inputs, find: FindMotion, observe: Callable[[VideoProgress], None]):
        """Prepare; nothing is painted."""
        self._inputs, self._find, self._observe = inputs, find, observe
        options, job = inputs.options, inputs.job
        self._selection = Selection(options.start, options.last, options.every)
        self._painter = Painter(inputs.network, job, weight=options.temporal_weight, iterations=options.frame_iterations)
        self._clock = FrameClock(self._selection.count(inputs.clip.facts), following=self._painter.next_steps)
        self._past: list[Kept] = []
        self._scenes: list[int] = []
        self._facts: list[FrameFacts] = []

    def paint(self, output: Path | None) -> Painted:
        """Paint all frames, and write them to a video unless `output` is None.

        Raises:
            Stopped: on Ctrl-C; what was painted is written.
            VideoError: the clip has no frame there, or its loss stopped being finite.
        """
        with noting_interrupts() as interrupts:
            painted, stopped = self._paint_and_write(output, interrupts)
            if stopped:
                raise Stopped(painted)
        return painted

    def _paint_and_write(self, output: Path | None, interrupts: Interrupts) -> tuple[Painted, bool]:
        inputs, frames, end, stopped = self._inputs, 0, Fraction(0), False
        shape = self._painter.height, self._painter.width
        steps = steps_of(inputs.clip, self._selection, shape, inputs.store, inputs.options, self._find)
        with self._encoder(output) as encoder, read_ahead(steps, most=_AHEAD) as ready:
            written = Behind(encoder.write, most=_AHEAD) if encoder else None
            try:
                for step in ready:
                    frame = self._frame(step, interrupts)
                    if written:
                        written.put(ClipFrame(step.time, np.rint(255 * frame.kept.pixels).astype(np.uint8)))
                    frames, end = step.number, step.time + inputs.options.every / inputs.clip.facts.rate
                    self._report(step, frame)
            except KeyboardInterrupt:
                stopped = True
            finally:
                if written:
                    written.finish()
            if not frames and stopped:
                raise Stopped(Painted(0, [], []))  # no empty video
            if not frames:
                raise VideoError(f"{inputs.clip.facts.source} has no frame from {inputs.options.start:g} s on; begin earlier")
            if encoder:
                encoder.finish(end)
        return Painted(frames, self._scenes, self._facts), stopped

    def _encoder(self, output: Path | None) -> AbstractContextManager[Encoder | None]:
        if output is None:
            return nullcontext()
        facts, options = self._inputs.clip.facts, self._inputs.options
        source = Path(facts.source)
        return encoding(
            output,
            VideoFormat(
                self._painter.height,
                self._painter.width,
                facts.rate / options.every,
                facts.time_base,
                options.codec,
                options.quality,
            ),
            sound_of=source if options.sound and source.is_file() else None,
            start=options.start,
        )

    def _frame(self, step: Step, interrupts: Interrupts) -> _Frame:
        """The painting of a frame, finished before or painted now."""
        interrupts.check()
        frame = self._paint(step, interrupts) if step.kept is None else _Frame(step.kept, [], {})
        begins = frame.kept.scene == step.number
        if begins:
            self._scenes.append(step.number)
        self._past = [*([] if begins else self._past), frame.kept][-self._inputs.options.long_term[-1] :]
        self._facts.append(frame.kept.facts)
        return frame

    @in_float32
    def _paint(self, step: Step, interrupts: Interrupts) -> _Frame:
        painter, settings = self._painter, self._inputs.job.settings
        shown = soft_proof(step.content, settings.proof) if settings.proof else step.content
        content = content_to_paint(shown, settings)
        self._clock.begin()
        if step.links:
            before = [self._past[-link.distance] for link in step.links]
            past = [Past(content_to_paint(each.pixels, settings), each.age) for each in before]
            scene, loss = self._past[-1].scene, self._past[-1].loss
            goal, steps = painter.following(content, step.links, past, loss), painter.next_steps
        else:
            scene, loss = step.number, 0.0
            goal, steps = painter.first(), painter.first_steps
        progress, records, done = None, [], 0
        for progress in painter.paint(content, goal):
            records = progress.records[0]
            done += len(records)
            if progress.failures[0]:
                text = f"the loss of frame {step.number} stopped being finite at step {progress.failures[0].step}"
                raise VideoError(f"{text}; {NON_FINITE_ADVICE}")
            if done < steps:  # the last ones are told of when the frame is kept
                picture = partial(self._finished, progress, shown)
                self._observe(self._progress(step, scene, done, steps, records, _losses(progress), picture))
                interrupts.check()
        assert progress is not None
        self._clock.finish(steps)
        losses, pixels = _losses(progress), self._finished(progress, shown)
        facts = FrameFacts(done, losses["total"], self._flicker(step, pixels), step.flicker)
        kept = Kept(pixels, scene, loss or losses["total"], goal.age, facts)
        kept = self._inputs.store.keep(step.number, kept, self._inputs.record)
        return _Frame(kept, records if done >= steps else [], losses)

    def _flicker(self, step: Step, pixels: HostImage) -> float | None:
        """The warping error from the painting before."""
        if not step.links:
            return None
        return warping_error(self._past[-1].pixels, pixels, step.links[0].backward, step.links[0].trust > 0)

    def _finished(self, progress: Progress, content: HostImage) -> HostImage:
        """The picture of a progress, with the colors of the frame where the settings keep them."""
        picture = np.clip(np.asarray(progress.pictures[0]), 0, 1)
        return restore_chroma(picture, content) if self._inputs.job.settings.keep_color == "luminance" else picture

    def _progress(
        self,
        step: Step,
        scene: int,
        done: int,
        steps: int,
        records: list[Record],
        losses: dict[str, float],
        picture: Callable[[], HostImage],
    ) -> VideoProgress:
        """The progress after `done` of the steps of a frame."""
        fraction, left = self._clock.left(step.number, done, steps)
        return VideoProgress(
            clip=1,
            clips=1,
            frame=step.number,
            frames=self._clock.frames,
            scene=scene,
            height=self._painter.height,
            width=self._painter.width,
            step=done,
            steps=steps,
            fraction=fraction,
            seconds_left=left,
            losses=losses,
            records=records,
            content=step.content,
            picture=picture,
        )

    def _report(self, step: Step, frame: _Frame) -> None:
        """Tell of a frame that is finished."""
        kept, steps = frame.kept, frame.kept.facts.steps
        progress = self._progress(step, kept.scene, steps, steps, frame.records, frame.losses, lambda: kept.pixels)
        self._observe(dataclasses.replace(progress, facts=kept.facts))


def _losses(progress: Progress) -> dict[str, float]:
    return {name: value for name, value in progress.last_records[0].items() if isinstance(value, float)}
