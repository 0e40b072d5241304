"""Means over squares around each pixel."""

import numpy as np
from jaxtyping import Float

from stylejax.video.motion.warp import Field


def box_mean(field: Field, radius: int) -> Float[np.ndarray, "height width channels"]:
    """The mean of a field over the square of 2·radius + 1 pixels around each one; beyond the edges it continues as they are."""
    side = 2 * radius + 1
    sums = np.pad(field.astype(np.float64), ((radius + 1, radius), (radius + 1, radius), (0, 0)), mode="edge")
    sums[0], sums[:, 0] = 0, 0
    sums = sums.cumsum(0).cumsum(1)
    squares = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (squares / side**2).astype(np.float32)
