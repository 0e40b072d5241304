"""For how many frames each pixel of a painting has been painted: what has just come into view is held less firmly.

A frame has few steps, so that new parts are finished over several frames. Held at once to what the first of them made, they
would stay unfinished for good.

    c' = c · min(1, a / MATURE)²        a: frames that have painted the pixel before this one

Differs from Ruder et al. 2016, who give every frame hundreds of steps, and hold new parts as firmly as old ones.
"""

import base64
import zlib
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from stylejax.video.motion.trust import Trust
from stylejax.video.motion.warp import Flow, warp

MATURE = 12
"""Frames after which a pixel is held with the whole weight. The first frame of a scene, which has all its steps, begins so."""

Age = UInt8[np.ndarray, "height width"]
"""0 to `MATURE`."""


def mature(height: int, width: int) -> Age:
    """The age of the first frame of a scene."""
    return np.full((height, width), MATURE, np.uint8)


def carried(age: Age, backward: Flow) -> Float[np.ndarray, "height width"]:
    """The age of the pixels of a frame, of which another frame, `backward`, has the age given."""
    return warp(age[..., np.newaxis].astype(np.float32), backward)[..., 0]


def firmness(age: Float[np.ndarray, "height width"]) -> Trust:
    """The factor of the weight of pixels of this age."""
    return np.minimum(1, age / MATURE).astype(np.float32) ** 2


def one_more(age: Float[np.ndarray, "height width"]) -> Age:
    """The age after another frame."""
    return np.minimum(MATURE, np.rint(age) + 1).astype(np.uint8)


def as_text(age: Age) -> str:
    """The age as text, for the facts of a frame."""
    return base64.b64encode(zlib.compress(age.tobytes())).decode()


def from_text(text: Any, height: int, width: int) -> Age:
    """The age from a text.

    Raises:
        ValueError: it is not one of a frame of this shape.
    """
    size = height * width
    found = zlib.decompressobj().decompress(base64.b64decode(str(text)), size + 1)
    if len(found) != size:
        raise ValueError(f"an age of {len(found)} pixels, wanted {size}")
    return np.minimum(np.frombuffer(found, np.uint8).reshape(height, width), MATURE)
