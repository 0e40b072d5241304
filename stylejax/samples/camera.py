"""A clip whose motion is known exactly: a camera that moves over a painted scene, and a disk that crosses it.

Scene and disk are pictures that the camera sees through a similarity each (zoom, turn, shift) that changes with time, so that
the flow between two frames has a closed form, and so has what the disk hides and uncovers.
"""

from dataclasses import dataclass

import numpy as np

from stylejax.types import AnyHostImage, HostImage

_DISK = 0.22
"""Radius of the disk, in short sides of a frame."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A frame and its motion."""

    pixels: HostImage
    forward: np.ndarray
    """The flow from the frame before, `[height, width, 2]` in pixels right and down, at its pixels; zero at the first frame."""
    backward: np.ndarray
    """The flow to the frame before, at the pixels of this one."""
    seen: np.ndarray
    """Where the frame before shows the same thing, `[height, width]`."""


def draw_clip(
    scene: AnyHostImage, disk: AnyHostImage, *, height: int, width: int, frames: int, speed: float = 1.0
) -> list[Drawn]:
    """Draw the frames.

    Args:
        scene: the picture under the camera, larger than the frames by half at least.
        disk: the picture on the disk.
        height: of a frame, in pixels.
        width: likewise.
        frames: how many.
        speed: 1 moves the camera by 1/80 of the long side from frame to frame.
    """
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float64)
    drawn: list[Drawn] = []
    for number in range(frames):
        cameras = [_camera(time * speed, height, width) for time in (max(number - 1, 0), number)]
        disks = [_path(time * speed, height, width) for time in (max(number - 1, 0), number)]
        before, here = (_disk(each, places, height, width) for each in disks)
        backward = (
            np.where(here[..., None], _moved(disks[1], disks[0], places), _moved(cameras[1], cameras[0], places)) - places
        )
        forward = (
            np.where(before[..., None], _moved(disks[0], disks[1], places), _moved(cameras[0], cameras[1], places)) - places
        )
        pixels = np.where(here[..., None], _seen(disk, disks[1], places), _seen(scene, cameras[1], places)).astype(np.float32)
        origin = places + backward
        inside = ((origin >= 0) & (origin <= (width - 1, height - 1))).all(-1)
        shown = inside & (_disk(disks[0], origin, height, width) == here)
        drawn.append(Drawn(pixels, forward.astype(np.float32), backward.astype(np.float32), shown))
    return drawn


def _similarity(zoom: float, turn: float, shift: tuple[float, float], center: tuple[float, float]) -> np.ndarray:
    """The 2×3 matrix that takes pixels of a frame to those of a picture: zoom and turn about `center`, then a shift."""
    turned = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array(center)
    return np.column_stack([turned, middle - turned @ middle + np.array(shift)])


def _camera(time: float, height: int, width: int) -> np.ndarray:
    step = max(height, width) / 80
    center = (width / 2, height / 2)
    return _similarity(1 - 0.004 * time, 0.004 * time, (0.15 * width + step * time, 0.1 * height + 0.4 * step * time), center)


def _path(time: float, height: int, width: int) -> np.ndarray:
    step = max(height, width) / 60
    center = (0.3 * width, 0.55 * height)
    return _similarity(1.0, -0.01 * time, (-1.5 * step * time + 0.1 * width, 0.5 * step * time), center)


def _disk(path: np.ndarray, places: np.ndarray, height: int, width: int) -> np.ndarray:
    """Which places of a frame the disk covers."""
    middle = np.array([0.45 * width, 0.5 * height])
    return ((_through(path, places) - middle) ** 2).sum(-1) < (_DISK * min(height, width)) ** 2


def _through(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    return places @ matrix[:, :2].T + matrix[:, 2]


def _moved(here: np.ndarray, there: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Where the things at `places` of one frame are in another, from the matrices of both."""
    return (_through(here, places) - there[:, 2]) @ np.linalg.inv(there[:, :2]).T


def _seen(picture: HostImage, matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The picture through a camera, bilinear; its edges continue outwards."""
    height, width = picture.shape[:2]
    point = np.clip(_through(matrix, places), 0, [width - 1, height - 1])
    corner = np.minimum(point.astype(np.int32), [width - 2, height - 2])
    x, y = np.moveaxis(point - corner, -1, 0)[..., None]
    left, top = np.moveaxis(corner, -1, 0)
    upper = picture[top, left] * (1 - x) + picture[top, left + 1] * x
    lower = picture[top + 1, left] * (1 - x) + picture[top + 1, left + 1] * x
    return upper * (1 - y) + lower * y
