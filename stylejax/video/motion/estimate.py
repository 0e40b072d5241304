"""Optical flow between two frames, by dense inverse search in OpenCV.

Source: Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", 2016.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from stylejax.extras import require_extra
from stylejax.types import HostImage
from stylejax.video.motion.warp import Flow

_SMALLEST = 64
"""Shorter sides are enlarged: dense inverse search needs a few patches at its coarsest scale."""


class Motion(NamedTuple):
    """The flows between two frames, both ways."""

    forward: Flow
    """From the frame before to this one, at the pixels of the frame before."""
    backward: Flow
    """From this frame to the one before, at the pixels of this one."""


def check_available() -> None:
    """Raise MissingExtraError where motion cannot be estimated."""
    require_extra("video", "optical flow", alternative="give flows with --flow")


def estimate_motion(before: HostImage, after: HostImage) -> Motion:
    """The motion between two frames of one shape, sRGB in [0, 1].

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    check_available()
    first, second = _gray(before), _gray(after)
    return Motion(_flow(first, second), _flow(second, first))


def _flow(first: np.ndarray, second: np.ndarray) -> Flow:
    cv2, height, width = _opencv(), *first.shape
    factor = max(1, -(-_SMALLEST // min(height, width)))
    if factor > 1:
        first, second = (
            cv2.resize(each, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC) for each in (first, second)
        )
    # The search divides a frame among threads, and finds other vectors for another number of them.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        flow = _search().calc(first, second, None)
    finally:
        cv2.setNumThreads(threads)
    if factor > 1:
        flow = cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA) / factor
    return flow.astype(np.float32)


def _search() -> Any:
    """A search down to the full size: the presets stop at half of it, where the mean error of a vector is twice as large."""
    cv2 = _opencv()
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    search.setVariationalRefinementIterations(10)
    return search


def _gray(frame: HostImage) -> np.ndarray:
    luma = frame @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.rint(255 * np.clip(luma, 0, 1)).astype(np.uint8)


@cache
def _opencv() -> Any:
    import cv2

    return cv2
