"""Common functions of the style generators: color ramps, noise that is independent of the size, blurring and downsampling.

Lengths are in units of the picture's short side, so that one seed gives the same composition at every size. Generators draw on
a canvas that is a few times finer than the picture (`refinement`), and downsample it at the end for antialiasing.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from stylejax.types import HostImage

Number = int | float

_LATTICE = 256  # period of the noise, in cells


def refinement(height: int, width: int) -> int:
    """Canvas pixels per picture pixel along each side, more for small pictures."""
    return 2 if min(height, width) >= 256 else 3 if min(height, width) >= 128 else 4


def ramp(stops: Sequence[str], position: np.ndarray) -> np.ndarray:
    """Colors `[..., 3]` at `position` in [0, 1], interpolated between evenly spaced `stops` such as "#1d4fa8"."""
    colors = np.array([[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops], np.float32) / 255
    place = np.clip(position, 0, 1) * (len(colors) - 1)
    left = np.minimum(place.astype(np.int32), len(colors) - 2)
    part = (place - left)[..., None].astype(np.float32)
    return colors[left] * (1 - part) + colors[left + 1] * part


def noise(height: int, width: int, cells: Number | tuple[Number, Number], rng: np.random.Generator) -> np.ndarray:
    """Smooth noise `[height, width]` with mean 0 and standard deviation about 1, with `cells` (down, across) per short side."""
    down, across = cells if isinstance(cells, tuple) else (cells, cells)
    short = min(height, width)
    rows, columns = down * height / short, across * width / short
    lattice = rng.standard_normal((_LATTICE, _LATTICE), dtype=np.float32)
    wrapped = np.take(lattice, range(int(rows) + 4), axis=0, mode="wrap")
    wrapped = np.take(wrapped, range(int(columns) + 4), axis=1, mode="wrap")
    box = (1, 1, columns + 1, rows + 1)
    return np.asarray(Image.fromarray(wrapped).resize((width, height), Image.Resampling.BICUBIC, box=box))


def blur(field: np.ndarray, radius: float) -> np.ndarray:
    """Blur `field` `[rows, columns]` or `[rows, columns, 3]` with a Gaussian of `radius` pixels and replicated edges."""
    reach = max(1, round(2.5 * radius))
    taps = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * radius**2)).astype(np.float32)
    taps /= taps.sum()
    for axis in (0, 1):
        padded = np.pad(field, [(reach, reach) if i == axis else (0, 0) for i in range(field.ndim)], mode="edge")
        length = field.shape[axis]
        shifted = (padded[i : i + length] if axis == 0 else padded[:, i : i + length] for i in range(len(taps)))
        field = sum(tap * part for tap, part in zip(taps, shifted, strict=True))  # pyright: ignore
    return field


def shrink(canvas: np.ndarray, factor: int) -> HostImage:
    """Downsample by the mean over squares of `factor` canvas pixels, clipped to [0, 1]."""
    rows, columns, _ = canvas.shape
    squares = canvas.reshape(rows // factor, factor, columns // factor, factor, 3)
    return np.clip(squares.mean((1, 3), dtype=np.float32), 0, 1)
