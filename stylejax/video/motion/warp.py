"""Warping: a picture as it looks after a motion.

A flow `[height, width, 2]` says for each pixel of one frame where, in pixels right and down, the same thing is in another.
"""

import numpy as np
from jaxtyping import Bool, Float

from stylejax.images.resample import resample

Flow = Float[np.ndarray, "height width 2"]
"""To the right and down, in pixels."""
AnyFlow = Float[np.ndarray, "_ _ 2"]
Field = Float[np.ndarray, "height width channels"]
"""A picture, or a flow."""
Pixels = Bool[np.ndarray, "height width"]


def warp(field: Field, flow: Flow) -> Field:
    """The field seen from the frame whose flow leads to the field's own: its bilinear value at `p + flow(p)` for each pixel p.

    Places outside have the value of the nearest edge; see `leads_inside`.
    """
    height, width = field.shape[:2]
    right, down = _places(flow)
    right, down = np.clip(right, 0, width - 1), np.clip(down, 0, height - 1)
    left, top = np.floor(right).astype(np.int32), np.floor(down).astype(np.int32)
    x, y = (right - left)[..., np.newaxis], (down - top)[..., np.newaxis]
    beside, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    upper = field[top, left] * (1 - x) + field[top, beside] * x
    lower = field[below, left] * (1 - x) + field[below, beside] * x
    return (upper * (1 - y) + lower * y).astype(field.dtype)


def warp_sharply(field: Field, flow: Flow) -> Field:
    """As `warp`, by a cubic through 4×4 values, clipped to [0, 1].

    A painting that is carried on from frame to frame keeps its strokes, which bilinear values would blur away.

    Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, with a = -1/2.
    """
    height, width = field.shape[:2]
    right, down = _places(flow)
    right, down = np.clip(right, 0, width - 1), np.clip(down, 0, height - 1)
    left, top = np.floor(right).astype(np.int32), np.floor(down).astype(np.int32)
    across, along = _cubic(right - left), _cubic(down - top)
    value = np.zeros(field.shape, np.float32)
    for row, share in enumerate(along, start=-1):
        y = np.clip(top + row, 0, height - 1)
        line = np.zeros(field.shape, np.float32)
        for column, part in enumerate(across, start=-1):
            line += part[..., np.newaxis] * field[y, np.clip(left + column, 0, width - 1)]
        value += share[..., np.newaxis] * line
    return np.clip(value, 0, 1)


def _cubic(t: np.ndarray) -> list[np.ndarray]:
    """The weights of the values at -1, 0, 1 and 2, for a place `t` in [0, 1]."""
    outer = [-0.5 * t**3 + t**2 - 0.5 * t, 0.5 * t**3 - 0.5 * t**2]
    return [outer[0], 1.5 * t**3 - 2.5 * t**2 + 1, -1.5 * t**3 + 2 * t**2 + 0.5 * t, outer[1]]


def leads_inside(flow: Flow) -> Pixels:
    """Where a flow leads to a place inside of the other frame."""
    height, width = flow.shape[:2]
    right, down = _places(flow)
    return (right >= 0) & (right <= width - 1) & (down >= 0) & (down <= height - 1)


def resize_flow(flow: AnyFlow, height: int, width: int) -> Flow:
    """A flow between frames of another size: resized, and its vectors scaled with the frames."""
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return resample(flow.astype(np.float32), height, width, "bilinear") * scale[np.newaxis, np.newaxis]


def _places(flow: Flow) -> tuple[np.ndarray, np.ndarray]:
    down, right = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return right + flow[..., 0], down + flow[..., 1]
