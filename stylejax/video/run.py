"""The run of clips: frames are read ahead, painted round by round, and written behind.

In a round each lane has a frame. Frames that follow from others are painted together, in a batch that is filled up to its size,
so that a resumed run has the same programs, and the same bytes; first frames of scenes, with their several scales, one by one.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from stylejax.run.loop import optimize_batch
from stylejax.run.progress import NON_FINITE_ADVICE, Progress, Record
from stylejax.run.single_precision import in_float32
from stylejax.run.targets import StyleCache
from stylejax.signals import Interrupts, noting_interrupts
from stylejax.types import HostImage
from stylejax.video.film import Film
from stylejax.video.lane import Lane
from stylejax.video.media.clip import VideoError
from stylejax.video.media.store import Kept
from stylejax.video.progress import FrameClock, VideoProgress
from stylejax.video.side_by_side import Lanes, lanes_of
from stylejax.video.steps import FindMotion, Step


class Stopped(KeyboardInterrupt):
    """Ctrl-C; what was painted before is written."""


class _Now(NamedTuple):
    """The state of a frame."""

    step: Step
    scene: int
    done: int
    steps: int
    records: list[Record]
    """The losses of steps of which no progress has told."""
    losses: dict[str, float]
    picture: Callable[[], HostImage]


class VideoRun:
    """Paints all frames of some clips."""

    def __init__(self, films: Sequence[Film], find: FindMotion, observe: Callable[[VideoProgress], None]):
        """Prepare; nothing is painted."""
        self._films, self._find, self._observe = films, find, observe
        self._clock = FrameClock(following=films[0].painter.next_steps)
        self._seen: StyleCache = {}

    def paint(self) -> None:
        """Paint all frames, and write the videos.

        Raises:
            Stopped: on Ctrl-C; what was painted is written.
            VideoError: a loss stopped being finite, or something cannot be written.
        """
        with noting_interrupts() as interrupts:
            with ExitStack() as stack:
                for film in self._films:
                    stack.enter_context(film)
                try:
                    for lanes in lanes_of(self._films, self._find):
                        self._paint(lanes, interrupts)
                    stopped = False
                except KeyboardInterrupt:
                    stopped = True
                for film in self._films:
                    film.finish()
            if stopped:
                raise Stopped

    def _paint(self, lanes: Lanes, interrupts: Interrupts) -> None:
        """Paint the stretches of a group, as many at a time as its batch has places."""
        waiting, active = deque(lanes.waiting), []
        with ExitStack() as stack:
            while waiting or active:
                while waiting and len(active) < lanes.batch_size:
                    active.append(waiting.popleft())
                    active[-1].start()
                    stack.callback(active[-1].close)
                steps = [(lane, self._next(lane, interrupts)) for lane in active]
                for lane, step in steps:
                    if step is None:
                        active.remove(lane)
                        lane.close()
                        if all(other.film is not lane.film for other in (*active, *waiting)):
                            lane.film.finish()
                    elif step.begins:
                        self._paint_batch([(lane, step)], lanes._replace(batch_size=1), interrupts)
                if together := [(lane, step) for lane, step in steps if step and not step.begins]:
                    self._paint_batch(together, lanes, interrupts)

    def _next(self, lane: Lane, interrupts: Interrupts) -> Step | None:
        """The next frame that has to be painted; those that an earlier run has finished are taken up."""
        while (step := lane.next()) is not None and step.kept is not None:
            interrupts.check()
            self._finish(lane, step, step.kept, records=[], losses={})
        interrupts.check()
        return step

    @in_float32
    def _paint_batch(self, frames: Sequence[tuple[Lane, Step]], lanes: Lanes, interrupts: Interrupts) -> None:
        """Paint a frame of each of these lanes."""
        lane_of, tasks = [lane for lane, _ in frames], [lane.task(step) for lane, step in frames]
        jobs = [task.job for task in tasks]
        jobs += [jobs[-1]] * (lanes.batch_size - len(jobs))
        steps, done, records = tasks[0].steps, [0] * len(tasks), [[] for _ in tasks]
        shared = lanes.shared if lanes.batch_size > 1 else None
        self._clock.begin(frames=len(tasks))
        progress: Progress | None = None
        for progress in optimize_batch(lane_of[0].film.inputs.network, jobs, seen=self._seen, shared=shared):
            for index, (lane, task) in enumerate(zip(lane_of, tasks, strict=True)):
                records[index] = progress.records[index]
                done[index] += len(records[index])
                if failure := progress.failures[index]:
                    text = f"the loss of frame {task.step.number} stopped being finite at step {failure.step}"
                    raise VideoError(f"{lane.film.inputs.clip.facts.source}: {text}; {NON_FINITE_ADVICE}")
                if done[index] < steps:  # the last ones are told of when the frame is kept
                    picture = partial(lane.picture, task, progress, index)
                    now = _Now(task.step, task.scene, done[index], steps, records[index], _losses(progress, index), picture)
                    self._observe(self._progress(lane.film, now, under_way=len(tasks)))
            interrupts.check()
        assert progress is not None
        self._clock.finish(steps)
        for index, (lane, task) in enumerate(zip(lane_of, tasks, strict=True)):
            losses = _losses(progress, index)
            kept = lane.keep(task, lane.picture(task, progress, index), steps=done[index], total=losses["total"])
            untold = records[index] if done[index] >= steps else []
            self._finish(lane, task.step, kept, records=untold, losses=losses)

    def _finish(self, lane: Lane, step: Step, kept: Kept, *, records: list[Record], losses: dict[str, float]) -> None:
        """Hand on a frame that is kept, and tell of it."""
        lane.add(step, kept)
        now = _Now(step, kept.scene, kept.facts.steps, kept.facts.steps, records, losses, lambda: kept.pixels)
        self._observe(dataclasses.replace(self._progress(lane.film, now, under_way=0), facts=kept.facts))

    def _progress(self, film: Film, now: _Now, *, under_way: int) -> VideoProgress:
        """The progress of a frame, while it is painted with as many others."""
        finished, frames = sum(each.finished for each in self._films), sum(each.frames for each in self._films)
        fraction, left = self._clock.left(finished, frames, now.done, now.steps, under_way=under_way)
        return VideoProgress(
            clip=film.number,
            clips=len(self._films),
            frame=now.step.number,
            frames=film.frames,
            scene=now.scene,
            height=film.painter.height,
            width=film.painter.width,
            step=now.done,
            steps=now.steps,
            fraction=fraction,
            seconds_left=left,
            losses=now.losses,
            records=now.records,
            content=now.step.content,
            picture=now.picture,
        )


def _losses(progress: Progress, index: int) -> dict[str, float]:
    return {name: value for name, value in progress.last_records[index].items() if isinstance(value, float)}
