"""From a decoded file or a Pillow image to a picture: depth, color space, transparency and orientation.

Depth is kept: 16-bit and floating-point values are not rounded to 8 bits, except when an ICC profile has to be applied,
which Pillow does in 8 bits.
"""

import numpy as np
from PIL import Image

from stylejax.errors import ImageError
from stylejax.images.color import to_srgb
from stylejax.images.picture import Picture

_ORIENTATION_TAG = 0x0112


def decode(image: Image.Image, *, source: str, low_bytes: Image.Image | None = None) -> Picture:
    """Take a Pillow image as a picture.

    Args:
        image: of any mode; the first frame of an animation unless another was sought.
        source: how messages call it.
        low_bytes: the less significant bytes of the same picture when its channels have 16 bits, as `RGB` or `RGBA`.
    """
    image.load()
    orientation = _orientation(image)
    profile = image.info.get("icc_profile") or None
    if image.mode.startswith(("I", "F")):
        gray = _deep_gray(image, source)
        eight_bits = Image.fromarray(np.rint(gray * 255).astype(np.uint8))
        converted = to_srgb(eight_bits, profile)
        colors = np.repeat(gray[..., np.newaxis], 3, axis=2) if converted is None else _unit(converted)
        return Picture(orient(colors, orientation), None, source)

    base, alpha = _split_alpha(image)
    converted = to_srgb(base, profile)
    if converted is None and low_bytes is not None:
        values = np.asarray(image, np.float32) * 256 + np.asarray(low_bytes, np.float32)
        values /= np.float32(65535)
        colors, opacity = values[..., :3], values[..., 3] if image.mode == "RGBA" else None
    else:
        colors, opacity = _unit(converted or base.convert("RGB")), None if alpha is None else _unit(alpha)
    return Picture(orient(colors, orientation), None if opacity is None else orient(opacity, orientation), source)


def orient(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turn `[height, width, ...]` upright: undo one of the eight orientations of EXIF (1 to 8, others count as 1)."""
    if orientation >= 5 and orientation <= 8:
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


def is_turned(image: Image.Image) -> bool:
    """Whether EXIF says that rows and columns are to be exchanged."""
    return 5 <= _orientation(image) <= 8


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 when there is none or the EXIF block is damaged, which makes no picture unreadable."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # Pillow's EXIF parser lets whatever it trips over escape
        return 1
    return value if isinstance(value, int) else 1


def _deep_gray(image: Image.Image, source: str) -> np.ndarray:
    """Gray of 16 bits, of 32 bits holding 16, or of floating point, as float32 `[height, width]` in [0, 1]."""
    values = np.asarray(image)
    if image.mode == "F":
        if not np.isfinite(values).all():
            raise ImageError(f"{source} holds NaN or infinite values; wanted finite values in [0, 1]")
        return np.clip(values, 0, 1)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ImageError(f"{source} has gray values from {low} to {high}; save it with 16 bits, 0 to 65535")
    return values.astype(np.float32) / np.float32(65535)


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colors in one of the modes `L`, `RGB`, `CMYK`, `LAB`, and the 8-bit alpha where there is one."""
    if image.mode in ("LA", "La"):
        image = image.convert("LA")
        return image.getchannel("L"), image.getchannel("A")
    if image.mode in ("RGBA", "RGBa", "PA") or "transparency" in image.info:
        gray = image.mode in ("1", "L")
        image = image.convert("RGBA")
        return image.convert("L" if gray else "RGB"), image.getchannel("A")
    if image.mode == "1":
        return image.convert("L"), None
    return (image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")), None


def _unit(image: Image.Image) -> np.ndarray:
    return np.asarray(image, np.float32) / np.float32(255)
