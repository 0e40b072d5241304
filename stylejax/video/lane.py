"""A stretch of a clip, whose frames are painted one after the other: what each of them is painted from."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from stylejax.images.color_transfer import restore_chroma
from stylejax.images.picture import unit_values
from stylejax.images.proof import soft_proof
from stylejax.run.inputs.job import Job
from stylejax.run.inputs.preserve_color import content_to_paint
from stylejax.run.progress import Progress
from stylejax.types import HostImage
from stylejax.video.age import Age
from stylejax.video.film import Film
from stylejax.video.media.store import FrameFacts, Kept
from stylejax.video.motion.flicker import warping_error
from stylejax.video.painter import Past
from stylejax.video.steps import WHOLE, FindMotion, Step, Stretch, steps_of
from stylejax.video.threads import read_ahead

_AHEAD = 3
"""Frames that wait to be painted."""


class Task(NamedTuple):
    """A frame that is painted now."""

    step: Step
    job: Job
    shown: HostImage
    """The frame as it looks in print, where `proof` asks for that."""
    scene: int
    loss: float
    """Of the first frame of the scene; 0 for that one."""
    age: Age
    """Once it is painted."""
    steps: int


class Lane:
    """A stretch of a clip."""

    def __init__(self, film: Film, find: FindMotion, stretch: Stretch = WHOLE):
        """Nothing is read before `start`."""
        self.film = film
        self._find, self._stretch = find, stretch
        self._open = ExitStack()
        self._steps: Iterator[Step] = iter(())
        self._past: list[Kept] = []

    def start(self) -> None:
        """Begin to read frames and to find their motion, in a thread of its own."""
        inputs, painter = self.film.inputs, self.film.painter
        shape, options = (painter.height, painter.width), inputs.options
        steps = steps_of(inputs.clip, self.film.selection, shape, inputs.store, options, self._find, stretch=self._stretch)
        self._steps = self._open.enter_context(read_ahead(steps, most=_AHEAD))

    def next(self) -> Step | None:
        """The next frame; None at the end."""
        return next(self._steps, None)

    def close(self) -> None:
        """Stop reading."""
        self._open.close()

    def task(self, step: Step) -> Task:
        """How a frame is painted."""
        painter, settings = self.film.painter, self.film.inputs.job.settings
        shown = unit_values(soft_proof(step.content, settings.proof)) if settings.proof else step.content
        content = content_to_paint(shown, settings)
        if not step.links:
            goal = painter.first()
            return Task(step, painter.job(content, goal), shown, step.number, 0.0, goal.age, painter.first_steps)
        before = [self._past[-link.distance] for link in step.links]
        past = [Past(content_to_paint(each.pixels, settings), each.age) for each in before]
        scene, loss = self._past[-1].scene, self._past[-1].loss
        goal = painter.following(content, step.links, past, loss)
        return Task(step, painter.job(content, goal), shown, scene, loss, goal.age, painter.next_steps)

    def picture(self, task: Task, progress: Progress, index: int) -> HostImage:
        """The picture of a progress, with the colors of the frame where the settings keep them."""
        picture = np.clip(np.asarray(progress.pictures[index]), 0, 1)
        return restore_chroma(picture, task.shown) if task.job.settings.keep_color == "luminance" else picture

    def keep(self, task: Task, pixels: HostImage, *, steps: int, total: float) -> Kept:
        """Keep a frame that was painted in so many steps, the last of which had this loss."""
        facts = FrameFacts(steps, total, self._flicker(task.step, pixels), task.step.flicker)
        kept = Kept(pixels, task.scene, task.loss or total, task.age, facts)
        return self.film.inputs.store.keep(task.step.number, kept, self.film.inputs.record)

    def add(self, step: Step, kept: Kept) -> None:
        """A frame is kept: the next ones follow from it."""
        past = [] if kept.scene == step.number else self._past
        self._past = [*past, kept][-self.film.inputs.options.long_term[-1] :]
        self.film.add(step.number, step.time, kept)

    def _flicker(self, step: Step, pixels: HostImage) -> float | None:
        """The warping error from the painting before."""
        if not step.links:
            return None
        return warping_error(self._past[-1].pixels, pixels, step.links[0].backward, step.links[0].trust > 0)
