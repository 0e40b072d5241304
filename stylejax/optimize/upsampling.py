"""Enlarge pictures, and what an optimizer remembers of them, to the shape of the next scale: whole, or some rows at a time."""

from collections.abc import Callable
from functools import cache, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from stylejax.choices import ResamplingName
from stylejax.images.bands import Bands, Computed
from stylejax.types import AnyFeatures, AnyHostFeatures, Shape

Upsample = Callable[[AnyFeatures, ResamplingName], AnyFeatures]
"""Enlarges one array to the shape that its maker has chosen."""

_SHARPNESS = -0.75
"""Of the cubic convolution in PyTorch; that of `jax.image` is -0.5 (Keys 1981)."""


def upsampled(values: AnyFeatures, resampling: ResamplingName, *, shape: Shape) -> AnyFeatures:
    """Enlarge `[H, W, channels]` to `shape`, rows and columns, without antialiasing.

    `lanczos`, which overshoots too far to be repeated from scale to scale, enlarges by the cubic of `jax.image`. `bicubic` and
    `bilinear` are those of `torch.nn.functional.interpolate` with `align_corners=False`.
    """
    if resampling != "bicubic":
        return jax.image.resize(values, (*shape, values.shape[2]), "linear" if resampling == "bilinear" else "cubic")
    rows, columns = (_matrix(*sides) for sides in zip(values.shape[:2], shape, strict=True))
    return jnp.einsum("ih,hwc,jw->ijc", rows, values, columns, precision=lax.Precision.HIGHEST)


def upsampled_rows(values: Bands, resampling: ResamplingName, *, shape: Shape) -> Bands:
    """`upsampled` in host memory, where rows are computed when they are read."""

    def enlarged(rows: slice) -> np.ndarray:
        window, upsample = upsampling_of(rows, (values.shape[0], values.shape[1]), shape)
        return upsample(values[window], resampling)

    return Computed((*shape, values.shape[2]), enlarged)


def upsampling_of(
    rows: slice, before: Shape, after: Shape
) -> tuple[slice, Callable[[AnyHostFeatures, ResamplingName], AnyHostFeatures]]:
    """The rows of a picture of the shape `before` of which some `rows` at `after` are made, and what makes them."""
    reach = _taps(before[0], after[0], "lanczos").places[rows]  # no other filter needs more
    window = slice(int(reach.min()), int(reach.max()) + 1)

    def upsample(values: AnyHostFeatures, resampling: ResamplingName) -> AnyHostFeatures:
        down, across = (_taps(*sides, resampling) for sides in zip(before, after, strict=True))
        wide = across.applied(values, axis=1)
        return _Taps(down.places[rows] - window.start, down.weights[rows]).applied(wide, axis=0)

    return window, upsample


class _Taps(NamedTuple):
    """Of what the values along an enlarged axis are made."""

    places: np.ndarray
    """Indices of the values before, `[after, taps]`."""
    weights: np.ndarray
    """Float64 `[after, taps]`."""

    def applied(self, values: np.ndarray, *, axis: int) -> np.ndarray:
        """The values along an axis of `[H, W, channels]`."""
        weights = np.expand_dims(self.weights.T.astype(np.float32), (2, 3) if axis == 0 else 2)
        return reduce(np.add, (weight * values.take(place, axis) for weight, place in zip(weights, self.places.T, strict=True)))


@cache
def _taps(before: int, after: int, resampling: ResamplingName) -> _Taps:
    """Beyond the edge, `bicubic` repeats the last pixel, and the others have nothing."""
    centers = (np.arange(after) + 0.5) * before / after - 0.5
    places = np.floor(centers).astype(np.int64)[:, np.newaxis] + (_TWO if resampling == "bilinear" else _FOUR)
    distances = np.abs(places - centers[:, np.newaxis])
    if resampling == "bicubic":
        return _Taps(places.clip(0, before - 1), _cubic(distances, _SHARPNESS))
    weights = 1 - distances if resampling == "bilinear" else _cubic(distances, -0.5)
    weights = np.where((places >= 0) & (places < before), weights, 0)
    return _Taps(places.clip(0, before - 1), weights / weights.sum(1, keepdims=True))


_TWO, _FOUR = np.arange(2), np.arange(-1, 3)


def _matrix(before: int, after: int) -> Float[np.ndarray, "after before"]:
    """`bicubic` as a matrix."""
    taps, matrix = _taps(before, after, "bicubic"), np.zeros((after, before))
    np.add.at(matrix, (np.arange(after)[:, np.newaxis], taps.places), taps.weights)
    return matrix.astype(np.float32)


def _cubic(distance: np.ndarray, sharpness: float) -> np.ndarray:
    """Cubic convolution (Keys 1981, eq. 4) at distances of up to 2."""
    near = (sharpness + 2) * distance**3 - (sharpness + 3) * distance**2 + 1
    return np.where(distance <= 1, near, sharpness * (distance**3 - 5 * distance**2 + 8 * distance - 4))
