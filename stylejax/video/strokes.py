"""Strokes for what comes into view: those of places that look alike, so that few steps are enough to finish them.

A frame has few steps, which would leave the start of a new part almost as it is, paler than the rest, and a new part is then
held to that. The strokes of a painting are what it adds to its start,

    start(p) + strokes(q(p))        strokes = painting - start

and q(p) leads to a window, drawn from those whose colors in the start are the nearest: the very nearest would be the same in
every frame, and its strokes would grow into streaks. Windows overlap and are averaged. After Efros and Leung, "Texture
Synthesis by Non-parametric Sampling", 1999, who compare windows of the picture itself.
"""

import zlib

import numpy as np
from jaxtyping import Float, Int

from stylejax.types import HostImage
from stylejax.video.motion.box import box_mean
from stylejax.video.motion.warp import Pixels

_HALF = 8
"""Half the side of a window, and the distance between two, in pixels."""
_CANDIDATES = 4096
"""Windows that are compared, at most."""
_DRAWN_FROM = 16
"""How many of the nearest one is drawn from."""

Places = Int[np.ndarray, "places 2"]
"""Rows and columns."""


def with_strokes(start: HostImage, painting: HostImage, known: Pixels) -> HostImage:
    """The start of a frame, with strokes where its painting is not known.

    Args:
        start: that of the whole frame, sRGB in [0, 1].
        painting: its painting, as far as it follows from frames before it.
        known: where it does.

    Returns:
        The start itself where no window of the painting is known.
    """
    height, width = known.shape
    touched = box_mean((~known[..., np.newaxis]).astype(np.float32), _HALF)[..., 0]
    sources = np.argwhere(touched[_HALF:-_HALF, _HALF:-_HALF] == 0) + _HALF
    rows, columns = (np.arange(0, side + _HALF, _HALF) for side in (height, width))
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    inside = np.minimum(grid, [height - 1, width - 1])
    wanted = touched[tuple(inside.T)] > 0
    if known.all() or not len(sources):
        return start
    sources = sources[:: -(-len(sources) // _CANDIDATES)]
    colors = np.concatenate([box_mean(start, 2), box_mean(start, _HALF)], -1)
    near = _nearest(colors[tuple(inside[wanted].T)], colors[tuple(sources.T)])
    draw = np.random.default_rng(zlib.crc32(known.tobytes())).integers(near.shape[1], size=len(near))
    drawn = sources[near[np.arange(len(near)), draw]]
    return np.clip(start + _averaged(painting - start, grid[wanted], drawn), 0, 1)


def _nearest(these: Float[np.ndarray, "a colors"], those: Float[np.ndarray, "b colors"]) -> Int[np.ndarray, "a nearest"]:
    """For each of these the indices of the nearest of those."""
    distances = (those**2).sum(-1) - 2 * these @ those.T
    count = min(_DRAWN_FROM, len(those))
    return np.argpartition(distances, count - 1, axis=1)[:, :count]


def _averaged(strokes: HostImage, centers: Places, sources: Places) -> HostImage:
    """The mean of windows of `strokes`, moved from `sources` to `centers`; 0 where there is none."""
    height, width = strokes.shape[:2]
    slope = np.hanning(2 * _HALF + 2)[1:-1].astype(np.float32)
    weight = np.multiply.outer(slope, slope)[..., np.newaxis]
    weighted = np.zeros((height + 4 * _HALF, width + 4 * _HALF, 3), np.float32)
    weights = np.zeros((*weighted.shape[:2], 1), np.float32)
    for (row, column), (source_row, source_column) in zip(centers, sources, strict=True):
        here = slice(row + _HALF, row + 3 * _HALF), slice(column + _HALF, column + 3 * _HALF)
        window = strokes[source_row - _HALF : source_row + _HALF, source_column - _HALF : source_column + _HALF]
        weighted[here] += weight * window
        weights[here] += weight
    inner = slice(2 * _HALF, 2 * _HALF + height), slice(2 * _HALF, 2 * _HALF + width)
    return weighted[inner] / np.maximum(weights[inner], 1e-3)
