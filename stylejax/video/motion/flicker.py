"""A measure of flicker: how far a frame is from the one before it, moved along.

    E = mean of |xₜ - warp(xₜ₋₁)|² over the pixels that both frames show

under the motion of the *clip*, whatever is painted on it. Source: Lai et al., "Learning Blind Video Temporal Consistency",
2018, section 4.1. Values are mean squares of sRGB in [0, 1].
"""

import numpy as np

from stylejax.types import HostImage
from stylejax.video.motion.warp import Flow, Pixels, warp


def warping_error(before: HostImage, after: HostImage, backward: Flow, seen: Pixels) -> float | None:
    """E of two frames; None where they have no pixel in common.

    Args:
        before: a frame.
        after: the next one.
        backward: where each pixel of `after` was in `before`.
        seen: which pixels of `after` the frame before shows.
    """
    error = ((after - warp(before, backward)) ** 2).mean(-1)[seen]
    return float(np.mean(error)) if error.size else None
