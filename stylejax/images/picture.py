"""A picture in host memory: sRGB `[height, width, 3]` with optional opacity, in the precision of its source."""

from dataclasses import dataclass

import numpy as np

from stylejax.errors import ImageError
from stylejax.types import HostAlpha, HostImage, HostSamples


@dataclass(frozen=True)
class Picture:
    """Pixels, opacity and origin of a picture.

    Attributes:
        samples: sRGB `[height, width, 3]`, not premultiplied by alpha: uint8 or uint16 as in a file, of which the largest level
            is white, or float32 in [0, 1].
        alpha: float32 `[height, width]` in [0, 1], 1 for opaque; None if the source has no opacity.
        source: path of the file, or kind of object, for messages and metadata.
        notes: assumptions made while reading the source, one line each.
    """

    samples: HostSamples
    alpha: HostAlpha | None
    source: str
    notes: tuple[str, ...] = ()

    @property
    def pixels(self) -> HostImage:
        """The picture as float32 in [0, 1]; a new array, which may be large, unless the samples are that already."""
        return unit_values(self.samples)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.samples.shape[0]

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.samples.shape[1]


def unit_values(samples: np.ndarray) -> np.ndarray:
    """Levels of unsigned integers as float32 in [0, 1], the largest as 1; floating point as float32, itself if it is that."""
    if samples.dtype.kind != "u":
        return samples.astype(np.float32, copy=False)
    values = samples.astype(np.float32)
    values /= np.float32(np.iinfo(samples.dtype).max)
    return values


def picture_from_array(array: np.ndarray, *, source: str = "array") -> Picture:
    """Convert an array to a picture.

    Args:
        array: uint8 (0 to 255), uint16 (0 to 65535) or floating point (0 to 1), with shape `[H, W]`, `[H, W, 1]` (gray),
            `[H, W, 3]` (RGB) or `[H, W, 4]` (RGB and alpha).
        source: name of the array in messages.

    Raises:
        ImageError: another shape or dtype, channels first, values outside the range, or NaN.
    """
    _check_shape(array, source)
    samples = array.copy() if array.dtype in (np.uint8, np.uint16) else _floats(array, source)
    channels = samples[..., np.newaxis] if samples.ndim == 2 else samples
    alpha = np.ascontiguousarray(unit_values(channels[..., 3])) if channels.shape[2] == 4 else None
    colors = np.repeat(channels, 3, axis=2) if channels.shape[2] == 1 else np.ascontiguousarray(channels[..., :3])
    return Picture(colors, alpha, source)


def _check_shape(array: np.ndarray, source: str) -> None:
    shape = tuple(array.shape)
    got = f"{source} has shape {shape}"
    wanted = "wanted [height, width], or [height, width, channels] with 1, 3 or 4 channels"
    if array.ndim == 4:
        raise ImageError(f"{got}, a batch; {wanted}: pass its pictures one by one")
    if array.ndim not in (2, 3):
        raise ImageError(f"{got}; {wanted}")
    if 0 in shape:
        raise ImageError(f"{got}, which has no pixels; {wanted}")
    if array.ndim == 3 and shape[2] not in (1, 3, 4):
        hint = ": move the channels last with array.transpose(1, 2, 0)" if shape[0] in (1, 3, 4) else ""
        raise ImageError(f"{got}; {wanted}{hint}")


def _floats(array: np.ndarray, source: str) -> np.ndarray:
    """Floating point in [0, 1] as float32, a copy."""
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":  # its kind in NumPy is "V", void
        raise ImageError(f"{source} has dtype {array.dtype}; wanted uint8, uint16, or floating point in [0, 1]")
    values = array.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(f"{source} holds NaN or infinite values; wanted finite values in [0, 1]")
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        hint = "divide it by 255" if low >= 0 and 2 < high <= 255 else "rescale or clip it"
        raise ImageError(f"{source} has values from {low:.4g} to {high:.4g}; floating point must be in [0, 1]: {hint}")
    return np.clip(values, 0, 1, out=values)


_ROUNDING = 1e-3  # resampling and half precision may overshoot by this much
