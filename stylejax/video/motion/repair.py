"""A second look at pixels whose flow is not trusted: often their neighbors have the right one.

Where one thing hides another, an estimated flow changes gradually between the two motions, and the pixels there seem to have
just come into view. With the flow of the nearest trusted pixel above, below, to the left or to the right, most of them are
found in the frame before.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from stylejax.types import HostImage
from stylejax.video.motion.box import box_mean
from stylejax.video.motion.warp import Flow, Pixels, leads_inside, warp

_ALIKE = 0.03
"""Largest root mean square difference of colors, over 3×3 pixels, between the two places of a thing in two frames."""


def repaired(before: HostImage, after: HostImage, backward: Flow, trusted: Pixels) -> tuple[Flow, Pixels]:
    """The flow with that of neighbors in place of vectors that are not trusted, and where it leads to the same colors.

    Args:
        before: a frame, sRGB in [0, 1].
        after: the next one.
        backward: where each pixel of `after` was in `before`.
        trusted: the pixels whose flow is kept.

    Returns:
        The flow, and the pixels outside of `trusted` that `before` shows after all.
    """
    best, least = backward.copy(), _difference(before, after, backward)
    for flow in _of_neighbors(backward, trusted):
        difference = _difference(before, after, flow)
        better = ~trusted & (difference < least)
        best[better], least[better] = flow[better], difference[better]
    found = ~trusted & (least < _ALIKE**2)
    return np.where(found[..., np.newaxis], best, backward), found


def _difference(before: HostImage, after: HostImage, flow: Flow) -> Float[np.ndarray, "height width"]:
    """The mean squared difference around each pixel; infinite where the flow leads outside."""
    squared = ((warp(before, flow) - after) ** 2).mean(-1, keepdims=True)
    return np.where(leads_inside(flow), box_mean(squared, 1)[..., 0], np.inf)


def _of_neighbors(flow: Flow, trusted: Pixels) -> Iterator[Flow]:
    """The flow of the nearest trusted pixel in each of four directions; where there is none, that of the edge."""
    for turns in range(4):
        turned, known = np.rot90(flow, turns), np.rot90(trusted, turns)
        places = np.maximum.accumulate(np.where(known, np.arange(known.shape[1]), 0), 1)
        yield np.rot90(np.take_along_axis(turned, places[..., np.newaxis], 1), -turns)
