"""Enlarge pictures, and what an optimizer remembers of them, to the shape of the next scale."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from stylejax.choices import ResamplingName
from stylejax.types import AnyFeatures, Shape

_SHARPNESS = -0.75
"""Of the cubic convolution in PyTorch; that of `jax.image` is -0.5 (Keys 1981)."""


def upsampled(values: AnyFeatures, shape: Shape, resampling: ResamplingName) -> AnyFeatures:
    """Enlarge `[H, W, channels]` to `shape`, rows and columns, without antialiasing.

    `lanczos`, which overshoots too far to be repeated from scale to scale, enlarges by the cubic of `jax.image`. `bicubic` and
    `bilinear` are those of `torch.nn.functional.interpolate` with `align_corners=False`.
    """
    if resampling != "bicubic":
        return jax.image.resize(values, (*shape, values.shape[2]), "linear" if resampling == "bilinear" else "cubic")
    rows, columns = (_cubic(*sides) for sides in zip(values.shape[:2], shape, strict=True))
    return jnp.einsum("ih,hwc,jw->ijc", rows, values, columns, precision=lax.Precision.HIGHEST)


def _cubic(before: int, after: int) -> Float[np.ndarray, "after before"]:
    """The matrix `[after, before]` of cubic convolution; beyond the edge its last pixel repeats."""
    matrix = np.zeros((after, before))
    for index in range(after):
        place = (index + 0.5) * before / after - 0.5
        first = math.floor(place)
        for tap in range(first - 1, first + 3):
            matrix[index, min(max(tap, 0), before - 1)] += _weight(abs(place - tap))
    return matrix.astype(np.float32)


def _weight(distance: float) -> float:
    """Cubic convolution (Keys 1981, eq. 4)."""
    if distance <= 1:
        return (_SHARPNESS + 2) * distance**3 - (_SHARPNESS + 3) * distance**2 + 1
    return _SHARPNESS * (distance**3 - 5 * distance**2 + 8 * distance - 4)
