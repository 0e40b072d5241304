"""Which number is black and which is white, in samples that are not simply bytes.

Zero is black, and white is the largest number that the samples' bits can hold. Where that cannot be meant, because none of the
samples comes near it, and for floating point, which has no largest number, the values themselves tell. Whatever had to be
assumed is told in a note.
"""

import numpy as np

from stylejax.errors import ImageError

_USUAL_TOPS = (255, 65535)
_ROUNDING = 1e-3  # floating point that was resampled may leave [0, 1] by this much and means nothing by it
_DARK = 16
"""A picture whose lightest sample is less than white by this factor may hold fewer bits than its file says."""


def unit_levels(samples: np.ndarray, source: str, *, bits: int = 0) -> tuple[np.ndarray, tuple[str, ...]]:
    """Samples as float32 in [0, 1], and what was assumed, a line each.

    Args:
        samples: integers or floating point, of any shape.
        source: how messages call the picture.
        bits: of a sample, where that is less than its type holds.

    Raises:
        ImageError: NaN, infinite values, or floating point beyond 65535.
    """
    if samples.dtype.kind == "f":
        top, note = _white_of_floats(samples, source)
    else:
        top, note = _white_of_integers(samples, bits or 8 * samples.dtype.itemsize)
    exact = np.float32 if samples.dtype.itemsize <= 2 or top == 1 else np.float64
    unit = np.clip(samples.astype(exact) / exact(top), 0, 1).astype(np.float32)
    return unit, (f"{source} {note}",) if note else ()


def _white_of_integers(samples: np.ndarray, bits: int) -> tuple[int, str]:
    signed = samples.dtype.kind == "i"
    top, low, high = 2 ** (bits - signed) - 1, int(samples.min()), int(samples.max())
    if bits > 16 and 0 < high <= _USUAL_TOPS[-1]:
        top = next(usual for usual in _USUAL_TOPS if high <= usual)
        note = f"has {bits} bits a sample and no value above {high}: {top} was taken as white"
    elif signed:
        note = f"has signed samples of {bits} bits: {top} was taken as white, and 0 as black"
    elif 0 < high < top // _DARK:
        note = f"has {bits} bits a sample and no value above {high}: it is dark, or has fewer bits than it says"
    else:
        note = ""
    return top, note + (f"; values below 0, down to {low}, were taken as black" if low < 0 else "")


def _white_of_floats(samples: np.ndarray, source: str) -> tuple[int, str]:
    low, high = float(samples.min()), float(samples.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(f"{source} holds NaN or infinite values; wanted finite values in [0, 1]")
    span = f"has values from {low:.6g} to {high:.6g}"
    beyond = np.count_nonzero(samples > 1)
    if 2 * beyond <= np.count_nonzero(samples > 0):  # light that is brighter than white is the exception in a picture
        outside = low < -_ROUNDING or high > 1 + _ROUNDING
        return 1, f"{span}: what is below 0 or above 1 was cut off" if outside else ""
    for top in _USUAL_TOPS:
        if high <= top:
            below = ", and what is below 0 as black" if low < 0 else ""
            return top, f"{span}: {top} was taken as white{below}"
    raise ImageError(f"{source} {span}; save it with values from 0 to 1")
