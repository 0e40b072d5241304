"""Antialiased resampling of one channel in floating point, some rows of the result at a time.

The filters are those of Pillow. Each is applied first along the rows, by Pillow, and then along the columns, in the same
order of additions, so that the result is Pillow's to the last bit, whichever rows are computed.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from stylejax.choices import ResamplingName
from stylejax.images.bands import whole
from stylejax.types import Shape

Rows = Callable[[slice], np.ndarray]
"""Reads some rows of one channel: float32 `[rows, width]`."""


class Resampled:
    """One channel `[height, width]`, whose rows are computed when they are read (`images.bands.Bands`)."""

    def __init__(self, read: Rows, before: Shape, after: Shape, resampling: ResamplingName):
        """Resample from one height and width to another."""
        self._read, self._before, self._filter = read, before, Image.Resampling[resampling.upper()]
        self.shape, self.dtype = after, np.dtype(np.float32)
        self._first, self._weights = _taps(before[0], after[0], resampling)

    def __getitem__(self, rows: slice) -> np.ndarray:
        (height, width), (tall, wide) = self._before, self.shape
        same = height == tall
        first, weights = self._first[rows], self._weights[rows]
        above = rows if same else slice(int(first[0]), min(int(first[-1]) + weights.shape[1], height))
        values = np.ascontiguousarray(self._read(above))
        if width != wide:
            values = np.asarray(Image.fromarray(values).resize((wide, len(values)), self._filter))
        if same:
            return values
        values, result = values.astype(np.float64), np.empty((len(first), wide), np.float32)
        for number, (start, own) in enumerate(zip(first - above.start, weights, strict=True)):
            some = values[start : start + len(own)]
            result[number] = (own[: len(some), np.newaxis] * some).sum(0)
        return result


def resample(values: np.ndarray, height: int, width: int, resampling: ResamplingName) -> np.ndarray:
    """Resample `[H, W]` or `[H, W, channels]`, float32 of any range, to `height` rows and `width` columns."""
    flat = values.reshape(*values.shape[:2], -1)
    result = np.empty((height, width, flat.shape[2]), np.float32)
    for channel in range(flat.shape[2]):
        read = lambda rows: flat[rows, :, channel]  # noqa: B023, E731
        whole(Resampled(read, values.shape[:2], (height, width), resampling), out=result[..., channel])
    return result.reshape(height, width, *values.shape[2:])


def _taps(before: int, after: int, resampling: ResamplingName) -> tuple[np.ndarray, np.ndarray]:
    """Of what each of `after` values is made.

    Returns:
        The first of the values `before`, `[after]`, and the weights of that and the following, `[after, taps]`, whose sum is 1.
    """
    filter_, reach = _FILTERS[resampling]
    scale = before / after
    stretch = max(scale, 1.0)  # a smaller picture is blurred, so that nothing fine is lost by chance
    centers = (np.arange(after) + 0.5) * scale
    first = np.maximum(centers - reach * stretch + 0.5, 0).astype(np.int64)
    last = np.minimum(centers + reach * stretch + 0.5, before).astype(np.int64)
    places = first[:, np.newaxis] + np.arange((last - first).max())
    weights = filter_((places - centers[:, np.newaxis] + 0.5) * (1 / stretch))
    weights[places >= last[:, np.newaxis]] = 0
    return first, weights / weights.sum(1, keepdims=True)


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


def _bilinear(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0)


def _bicubic(x: np.ndarray) -> np.ndarray:
    """Cubic convolution with a = -1/2 (Keys 1981, eq. 15)."""
    x = np.abs(x)
    return np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, -0.5 * (((x - 5) * x + 8) * x - 4), 0))


_FILTERS: dict[ResamplingName, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "lanczos": (_lanczos, 3), "bicubic": (_bicubic, 2), "bilinear": (_bilinear, 1)
}  # fmt: skip
"""Filters, and the distance at which they end."""
