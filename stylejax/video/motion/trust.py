"""Which pixels of a frame were seen in the frame before, by two flows that have to agree.

Source: Ruder, Dosovitskiy and Brox, "Artistic Style Transfer for Videos", 2016, section 4.2, after Sundaram, Brox and Keutzer,
"Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow", 2010.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from stylejax.video.motion.warp import Flow, Pixels, leads_inside, warp

Trust = Float[np.ndarray, "height width"]
"""The weight of each pixel, 0 to 1."""


def disoccluded(forward: Flow, backward: Flow) -> Pixels:
    """Where something comes into view that the frame before did not show: eq. 9 of the paper.

        |w̃ + ŵ|² > 0.01 (|w̃|² + |ŵ|²) + 0.5        w̃(p) = w(p + ŵ(p))

    Args:
        forward: w, from the frame before to this one, at the pixels of the frame before.
        backward: ŵ, from this frame to the one before, at the pixels of this one.
    """
    there = warp(forward, backward)
    mismatch = _squared(there + backward)
    return (mismatch > 0.01 * (_squared(there) + _squared(backward)) + 0.5) | ~leads_inside(backward)


def at_boundary(backward: Flow) -> Pixels:
    """Where two motions meet, and a flow is blurred: eq. 10 of the paper.

    |∇û|² + |∇v̂|² > 0.01 |ŵ|² + 0.002
    """
    slopes = [slope for axis in (0, 1) for slope in np.gradient(backward[..., axis])]
    return sum(slope**2 for slope in slopes) > 0.01 * _squared(backward) + 0.002


def trust_of(forward: Flow, backward: Flow) -> Trust:
    """The weights c of the temporal term: 0 at disocclusions and boundaries of motion, 1 elsewhere."""
    return (~disoccluded(forward, backward) & ~at_boundary(backward)).astype(np.float32)


def long_term(trusts: Sequence[Trust]) -> list[Trust]:
    """The weights of several frames before, the nearest first: each pixel belongs to the nearest frame that shows it.

    max(c₍ᵢ₋ⱼ₎ - Σ cₖ of nearer frames, 0)        eq. 13 of the paper
    """
    left, kept = np.ones_like(trusts[0]), []
    for trust in trusts:
        kept.append(np.clip(np.minimum(trust, left), 0, 1))
        left = left - kept[-1]
    return kept


def _squared(flow: Flow) -> Float[np.ndarray, "height width"]:
    return (flow**2).sum(-1)
