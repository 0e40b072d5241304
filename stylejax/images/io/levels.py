"""Black and white levels of samples other than bytes.

Zero is black, and the maximum of the sample's bits is white. If no sample of more than 16 bits comes near the maximum, and for
floating point, which has no maximum, the white level is inferred from the values. Every assumption is reported in a note.
"""

import numpy as np

from stylejax.errors import ImageError

_USUAL_TOPS = (255, 65535)
_ROUNDING = 1e-3  # resampling may overshoot [0, 1] by this much
_DARK = 16
"""If the maximum sample is darker than white by this factor, the file may have fewer bits than it states."""


def white_level(samples: np.ndarray, source: str, *, bits: int = 0) -> tuple[int, tuple[str, ...]]:
    """The sample that is white, and notes about assumptions, one line each.

    Args:
        samples: all of a picture, integers or floating point, of any shape.
        source: name of the picture in messages.
        bits: bits per sample, if fewer than its type has.

    Raises:
        ImageError: NaN, infinite values, or floating point above 65535.
    """
    if samples.dtype.kind == "f":
        top, note = _white_of_floats(samples, source)
    else:
        top, note = _white_of_integers(samples, bits or 8 * samples.dtype.itemsize)
    return top, (f"{source} {note}",) if note else ()


def normalize(samples: np.ndarray, white: int) -> np.ndarray:
    """Samples in [0, 1] as float32; levels of 8 or 16 bits whose largest is white are returned as they are."""
    if samples.dtype in (np.uint8, np.uint16) and white == np.iinfo(samples.dtype).max:
        return samples
    exact = np.float32 if samples.dtype.itemsize <= 2 or white == 1 else np.float64
    unit = samples.astype(exact)
    unit /= exact(white)
    return np.clip(unit, 0, 1, out=unit).astype(np.float32, copy=False)


def _white_of_integers(samples: np.ndarray, bits: int) -> tuple[int, str]:
    signed = samples.dtype.kind == "i"
    top, low, high = 2 ** (bits - signed) - 1, int(samples.min()), int(samples.max())
    if bits > 16 and 0 < high <= _USUAL_TOPS[-1]:
        top = next(usual for usual in _USUAL_TOPS if high <= usual)
        note = f"has {bits} bits per sample and no value above {high}: {top} was taken as white"
    elif signed:
        note = f"has signed samples of {bits} bits: {top} was taken as white, and 0 as black"
    elif 0 < high < top // _DARK:
        note = f"has {bits} bits per sample and no value above {high}: it is dark, or has fewer bits than it states"
    else:
        note = ""
    return top, note + (f"; values below 0, down to {low}, were taken as black" if low < 0 else "")


def _white_of_floats(samples: np.ndarray, source: str) -> tuple[int, str]:
    low, high = float(samples.min()), float(samples.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(f"{source} holds NaN or infinite values; wanted finite values in [0, 1]")
    span = f"has values from {low:.6g} to {high:.6g}"
    beyond = np.count_nonzero(samples > 1)
    if 2 * beyond <= np.count_nonzero(samples > 0):  # values brighter than white are rare in a picture
        outside = low < -_ROUNDING or high > 1 + _ROUNDING
        return 1, f"{span}: values below 0 or above 1 were clipped" if outside else ""
    for top in _USUAL_TOPS:
        if high <= top:
            below = ", and values below 0 as black" if low < 0 else ""
            return top, f"{span}: {top} was taken as white{below}"
    raise ImageError(f"{source} {span}; save it with values from 0 to 1")
