"""The painting of one frame: from the warped painting before it, and held to that where the motion is known.

    first frame of a scene     all scales, as a single picture
    each following frame       x₀ = ω where the frame before shows the pixel, the recipe's start with strokes elsewhere; a few
                               steps at the full size with the temporal term   Ruder, Dosovitskiy and Brox 2016, section 4

These few steps are those of L-BFGS, as in the paper. They begin near the minimum, where Adam's, which are as long for a small
gradient as for a large one, move every pixel to and fro: that is most of the flicker that is left.

All first frames run the same programs, and all that follow another one. The first have a temporal target, too, with weights 0.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stylejax.run.inputs.job import Before, Job
from stylejax.run.starts import starting_images, starts_near
from stylejax.settings.pyramid import scale_shapes
from stylejax.types import HostImage
from stylejax.video.age import Age, carried, firmness, mature, one_more
from stylejax.video.motion.trust import Trust, long_term
from stylejax.video.motion.warp import Flow, Pixels, warp_sharply
from stylejax.video.strokes import with_strokes

_FIRST_STEP = 0.001
"""Length of the first step of a frame that follows another (root mean square, sRGB in [0, 1]): a longer one leaves specks in
what has just come into view."""
_ONE_SCALE = 10**9
"""A smallest size that leaves no coarser scale."""


class Link(NamedTuple):
    """How a frame follows from one before it."""

    distance: int
    """Frames between them; 1 for neighbors."""
    backward: Flow
    """Where each pixel of the frame was."""
    trust: Trust
    """Whether that is known."""
    visible: Pixels
    """Whether the frame before shows it."""


class Past(NamedTuple):
    """A painted frame before this one."""

    painting: HostImage
    age: Age


class Goal(NamedTuple):
    """What a frame is held to, and what it starts from."""

    before: Before
    start: HostImage | None
    """None for the start that the settings ask for."""
    age: Age
    """Of the frame once it is painted."""


class Painter:
    """Says how the frames of a clip are painted."""

    def __init__(self, job: Job, *, weight: float, iterations: int):
        """Paint frames like the content of `job`.

        Args:
            job: styles and settings of all frames, whose size is `native`.
            weight: of the temporal term, relative to the loss that the first frame of a scene ends with.
            iterations: steps of each frame after the first of a scene; 0 for a sixth of those of the first.
        """
        self._job, self._weight = job, weight
        self.height, self.width = job.content.shape[:2]
        steps = job.settings.steps(len(scale_shapes(self.height, self.width, job.settings)))
        self.first_steps, self.next_steps = sum(steps), iterations or max(1, round(sum(steps) / 6))
        self._following = dataclasses.replace(
            job.settings,
            iterations=self.next_steps,
            smallest_size=_ONE_SCALE,
            optimizer="l-bfgs",
            space="unit",
            learning_rate=_FIRST_STEP,
        )

    def first(self) -> Goal:
        """The goal of the first frame of a scene, which is held to nothing."""
        nothing = np.zeros((self.height, self.width, 3), np.float32)
        return Goal(Before(nothing, nothing[..., 0], 0.0), None, mature(self.height, self.width))

    def following(self, content: HostImage, links: Sequence[Link], past: Sequence[Past], loss: float) -> Goal:
        """The goal of a frame that follows from others: each pixel is held to the nearest frame that shows it.

        Σ c (x - ω)² over several frames whose c do not overlap is one such term.

        Args:
            content: the frame.
            links: to frames before it, the nearest first.
            past: those frames.
            loss: of the first frame of the scene.
        """
        trusts = long_term([link.trust for link in links])
        shown = [warp_sharply(each.painting, link.backward) for link, each in zip(links, past, strict=True)]
        ages = [carried(each.age, link.backward) for link, each in zip(links, past, strict=True)]
        trust, age = np.sum(trusts, 0), np.sum([c * age for c, age in zip(trusts, ages, strict=True)], 0)
        picture = np.sum([c[..., np.newaxis] * each for c, each in zip(trusts, shown, strict=True)], 0)
        start = np.where(links[0].visible[..., np.newaxis], shown[0], self._start(content, picture, trust > 0))
        start = np.where(trust[..., np.newaxis] > 0, picture, start)
        return Goal(Before(picture, trust * firmness(age), self._weight * loss), start, one_more(age))

    def job(self, content: HostImage, goal: Goal) -> Job:
        """The job of painting a frame."""
        job = dataclasses.replace(self._job, content=content, before=goal.before)
        return job if goal.start is None else dataclasses.replace(job, settings=self._following, init=goal.start)

    def _start(self, content: HostImage, painting: HostImage, known: Pixels) -> HostImage:
        """The recipe's start, with the strokes of what is known of the painting if it shows the content."""
        job = dataclasses.replace(self._job, content=content)
        start = np.asarray(starting_images([job], self.height, self.width)[0])
        return with_strokes(start, painting, known) if starts_near(job) else start
