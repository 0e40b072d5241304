"""Flows in files, as other programs write them: `.flo`, two little-endian float32 for each pixel.

Source: Baker et al., "A Database and Evaluation Methodology for Optical Flow", 2011 (Middlebury).
"""

from pathlib import Path

import numpy as np

from stylejax.errors import StylejaxError
from stylejax.files.atomic import save_file
from stylejax.video.motion.estimate import Motion
from stylejax.video.motion.warp import Flow, resize_flow

_TAG = 202021.25
_LARGEST = 65_535
_UNKNOWN = 1e9
"""A vector this large stands for one that is not known."""


class FlowError(StylejaxError):
    """A file of a flow is missing or damaged."""


def read_flo(path: Path) -> Flow:
    """The flow of a file; vectors that are marked as unknown lead far outside, and are not trusted.

    Raises:
        FlowError: it does not exist, or is no such file.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise FlowError(f"{path} cannot be read: {problem.strerror or problem}") from None
    if len(data) < 12 or np.frombuffer(data, "<f4", 1)[0] != np.float32(_TAG):
        raise FlowError(f"{path} is not a .flo file; wanted the format of Middlebury, which begins with 'PIEH'")
    width, height = (int(side) for side in np.frombuffer(data, "<i4", 2, offset=4))
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST) or len(data) != 12 + 8 * width * height:
        raise FlowError(f"{path} says {width}×{height} pixels and has {len(data)} bytes; get a complete copy of it")
    flow = np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)
    return np.where(np.abs(flow) < _UNKNOWN, flow, np.float32(10 * _LARGEST))


def write_flo(path: Path, flow: Flow) -> None:
    """Write a flow."""
    height, width = flow.shape[:2]
    header = np.array([_TAG], "<f4").tobytes() + np.array([width, height], "<i4").tobytes()
    save_file(path, header + flow.astype("<f4").tobytes())


class FlowFolder:
    """Flows between the frames of a clip, in files that name both: `forward_1_2.flo` and `backward_2_1.flo`."""

    def __init__(self, folder: Path):
        """Raise FlowError where there is no such folder."""
        if not folder.is_dir():
            raise FlowError(f"{folder} is not a folder; wanted one with forward_1_2.flo, backward_2_1.flo and so on")
        self._folder = folder

    def between(self, before: int, after: int, *, height: int, width: int) -> Motion:
        """The motion between two frames, given by their numbers from 1, resized to this shape.

        Raises:
            FlowError: a file is missing or damaged.
        """
        names = f"forward_{before}_{after}.flo", f"backward_{after}_{before}.flo"
        return Motion(*(resize_flow(read_flo(self._folder / name), height, width) for name in names))
