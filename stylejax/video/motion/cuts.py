"""Where one scene of a clip ends and the next begins."""

import numpy as np

from stylejax.types import HostImage
from stylejax.video.motion.trust import Trust
from stylejax.video.motion.warp import Flow, warp

LEAST_TRUSTED = 0.35
"""Below this share of pixels that were seen before there is a cut."""
LARGEST_DIFFERENCE = 0.12
"""Above this mean difference of a frame from the one before, warped, there is a cut: a search finds some match for any two
frames, but the match does not look alike."""


def is_cut(before: HostImage, after: HostImage, backward: Flow, trust: Trust) -> bool:
    """Whether `after` shows another scene than `before`.

    Args:
        before: a frame, sRGB in [0, 1].
        after: the next one.
        backward: the flow from `after` to `before`.
        trust: of the pixels of `after`, from `trust_of`.
    """
    difference = np.abs(warp(before, backward) - after).mean()
    return bool(trust.mean() < LEAST_TRUSTED or difference > LARGEST_DIFFERENCE)
