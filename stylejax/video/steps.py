"""The frames of a clip with what is known of their motion, made in a thread beside the painting."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from stylejax.images.resize import resize
from stylejax.types import HostImage, Shape
from stylejax.video.media.clip import Clip, ClipFrame, Selection
from stylejax.video.media.store import FrameStore, Kept
from stylejax.video.motion.cuts import is_cut
from stylejax.video.motion.estimate import Motion, estimate_motion
from stylejax.video.motion.flicker import warping_error
from stylejax.video.motion.flo import FlowFolder
from stylejax.video.motion.trust import disoccluded, trust_of
from stylejax.video.options import VideoOptions
from stylejax.video.painter import Link


class Step(NamedTuple):
    """A frame to paint."""

    number: int
    """Counted from 1."""
    time: Fraction
    """Seconds since the first."""
    content: HostImage
    """At the size of the painting."""
    links: list[Link]
    """To frames before it, the nearest first; empty for the first of a scene and for finished frames."""
    kept: Kept | None
    """The painting, if an earlier run has finished it."""
    flicker: float | None
    """Warping error of the clip from the frame before; None without links."""


@runtime_checkable
class FindMotion(Protocol):
    """Finds the motion between two frames."""

    def __call__(self, before: tuple[int, HostImage], after: tuple[int, HostImage]) -> Motion:
        """The motion between two frames, each a number and its pixels."""
        ...


def motion_finder(options: VideoOptions) -> FindMotion:
    """The flows of a folder, or those that OpenCV finds."""
    if options.flow is None:
        return lambda before, after: estimate_motion(before[1], after[1])
    folder = FlowFolder(options.flow)

    def read(before: tuple[int, HostImage], after: tuple[int, HostImage]) -> Motion:
        height, width = after[1].shape[:2]
        return folder.between(before[0], after[0], height=height, width=width)

    return read


def steps_of(
    clip: Clip, selection: Selection, shape: Shape, store: FrameStore, options: VideoOptions, find: FindMotion
) -> Iterator[Step]:
    """The selected frames in order."""
    scene: list[tuple[int, HostImage]] = []  # the frames of this scene that others may be linked to
    begin: Fraction | None = None
    for number, frame in enumerate(selection.of(clip), start=1):
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
        links.append(Link(distance, motion.backward, trust, ~disoccluded(*motion)))
    return links


def _content(frame: ClipFrame, shape: Shape) -> HostImage:
    return resize(frame.pixels.astype(np.float32) / np.float32(255), *shape)
