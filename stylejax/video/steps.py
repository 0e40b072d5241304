"""The frames of a clip with what is known of their motion, made in a thread beside the painting."""

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from stylejax.images.resize import resize
from stylejax.types import HostImage, Shape
from stylejax.video.media.clip import Clip, ClipFrame, Selection
from stylejax.video.media.store import FrameStore, Kept
from stylejax.video.motion.cuts import is_cut
from stylejax.video.motion.estimate import Motion, check_available, estimate_motion
from stylejax.video.motion.flicker import warping_error
from stylejax.video.motion.flo import FlowFolder
from stylejax.video.motion.repair import repaired
from stylejax.video.motion.trust import disoccluded, trust_of
from stylejax.video.options import VideoOptions
from stylejax.video.painter import Link


class Stretch(NamedTuple):
    """Frames of a clip that are painted one after the other."""

    first: int
    """The number of the first one, from 1."""
    last: int | None
    """That of the last one; None for all that follow."""
    since: Fraction | None
    """The time of the first one in the clip; None for the beginning of the selection."""
    origin: Fraction | None
    """The time of frame 1 in the clip; None for that of the first one."""


WHOLE = Stretch(1, None, None, None)
"""All frames of a clip."""


class Step(NamedTuple):
    """A frame to paint."""

    number: int
    """Counted from 1."""
    time: Fraction
    """Seconds since frame 1."""
    content: HostImage
    """At the size of the painting."""
    links: list[Link]
    """To frames before it, the nearest first; empty for the first of a scene and for finished frames."""
    kept: Kept | None
    """The painting, if an earlier run has finished it."""
    flicker: float | None
    """Warping error of the clip from the frame before; None without links."""

    @property
    def begins(self) -> bool:
        """Whether it is the first of a scene."""
        return not self.links if self.kept is None else self.kept.scene == self.number


@runtime_checkable
class FindMotion(Protocol):
    """Finds the motion between two frames."""

    def __call__(self, before: tuple[int, HostImage], after: tuple[int, HostImage]) -> Motion:
        """The motion between two frames, each a number and its pixels."""
        ...


def motion_finder(options: VideoOptions) -> FindMotion:
    """The flows of a folder, or those that OpenCV finds.

    Raises:
        MissingExtraError: OpenCV is not installed.
        FlowError: the folder has no flows.
    """
    if options.flow is None:
        check_available()
        return lambda before, after: estimate_motion(before[1], after[1])
    folder = FlowFolder(options.flow)

    def read(before: tuple[int, HostImage], after: tuple[int, HostImage]) -> Motion:
        height, width = after[1].shape[:2]
        return folder.between(before[0], after[0], height=height, width=width)

    return read


def steps_of(
    clip: Clip,
    selection: Selection,
    shape: Shape,
    store: FrameStore,
    options: VideoOptions,
    find: FindMotion,
    *,
    stretch: Stretch = WHOLE,
) -> Iterator[Step]:
    """The selected frames of a stretch in order."""
    scene: list[tuple[int, HostImage]] = []  # the frames of this scene that others may be linked to
    begin = stretch.origin
    frames = islice(selection.of(clip, since=stretch.since), stretch.last and stretch.last - stretch.first + 1)
    for number, frame in enumerate(frames, start=stretch.first):
        begin = frame.time if begin is None else begin
        content, kept, links = _content(frame, shape), store.read(number, shape=shape), []
        if kept is not None:
            scene = [] if kept.scene == number else scene
        elif scene:
            links = _links(scene, (number, content), options, find)
            scene = scene if links else []
        flicker = warping_error(scene[-1][1], content, links[0].backward, links[0].trust > 0) if links else None
        scene = [*scene, (number, content)][-options.long_term[-1] :]
        yield Step(number, frame.time - begin, content, links, kept, flicker)


def scenes_of(
    clip: Clip, selection: Selection, shape: Shape, store: FrameStore, options: VideoOptions, find: FindMotion
) -> list[Stretch]:
    """The scenes of the selected frames, found as `steps_of` finds them."""
    near = dataclasses.replace(options, long_term=(1,))
    begins, last, origin = [], 0, next(selection.of(clip)).time
    for step in steps_of(clip, selection, shape, store, near, find):
        last = step.number
        if step.begins:
            begins.append((step.number, origin + step.time))
    ends = [*(first - 1 for first, _ in begins[1:]), last]
    return [Stretch(first, end, since, origin) for (first, since), end in zip(begins, ends, strict=True)]


def _links(
    scene: list[tuple[int, HostImage]], here: tuple[int, HostImage], options: VideoOptions, find: Callable[..., Motion]
) -> list[Link]:
    """The links of a frame to those of its scene; none where it begins another."""
    links = []
    for distance in options.long_term:
        if distance > len(scene):
            break
        before = scene[-distance]
        motion = find(before, here)
        trust = trust_of(*motion)
        if distance == 1 and options.cuts and is_cut(before[1], here[1], motion.backward, trust):
            return []
        backward, found = repaired(before[1], here[1], motion.backward, trust > 0)
        links.append(Link(distance, backward, trust, found | ~disoccluded(*motion)))
    return links


def _content(frame: ClipFrame, shape: Shape) -> HostImage:
    return resize(frame.pixels.astype(np.float32) / np.float32(255), *shape)
