"""Conversion of Pillow images to pictures: bit depth, color space, transparency and orientation.

16-bit and floating-point values are not rounded to 8 bits, unless an ICC profile has to be applied: Pillow applies profiles in
8 bits.
"""

from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from stylejax.images.icc import apply_profile, to_srgb
from stylejax.images.io.levels import normalize, white_level
from stylejax.images.io.orientation import assemble, orientation_of
from stylejax.images.io.tiff import samples_of, set_native_order
from stylejax.images.picture import Picture, unit_values


def decode(image: Image.Image, *, source: str, low_bytes: Image.Image | None = None) -> Picture:
    """Convert a Pillow image to a picture.

    Args:
        image: an image of any mode. Of an animation, the current frame is converted.
        source: name of the image in messages.
        low_bytes: the less significant bytes of an image with 16-bit channels, as `RGB` or `RGBA`.
    """
    depth = _depth(image)  # before decoding, which discards the layout of the file
    set_native_order(image)
    image.load()
    key = _transparent_color(image, depth, high_bytes=low_bytes is None and image.mode == "RGB")
    profile = image.info.get("icc_profile") or None
    if image.mode.startswith(("I", "F")):
        values, bits, inverted = samples_of(image)
        white, notes = white_level(values, source, bits=bits)
        read = partial(_gray_band, values, key, white, inverted, profile)
    else:
        read, notes = partial(_band, image, low_bytes, key, profile), ()
    samples, alpha = assemble(read, image.height, image.width, orientation_of(image))
    return Picture(samples, alpha, source, notes)


def _gray_band(
    values: np.ndarray, key: np.ndarray | None, white: int, inverted: bool, profile: bytes | Any | None, rows: slice
) -> tuple[np.ndarray, np.ndarray | None]:
    """Colors and opacity of some rows of gray samples with more than 8 bits."""
    gray = normalize(values[rows], white)
    gray = 1 - unit_values(gray) if inverted else gray
    colors = apply_profile(gray[..., np.newaxis], profile)
    return colors, None if key is None else (values[rows] != key[0]).astype(np.float32)


def _band(
    image: Image.Image, low_bytes: Image.Image | None, key: np.ndarray | None, profile: bytes | Any | None, rows: slice
) -> tuple[np.ndarray, np.ndarray | None]:
    """Colors and opacity of some rows of an image of 8 bits, or of 16 with the less significant ones in `low_bytes`."""
    box = (0, rows.start, image.width, rows.stop)
    high = image.crop(box)
    base, alpha = _split_alpha(high)
    converted = to_srgb(base, profile)
    deep = None if low_bytes is None else _sixteen_bits(high, low_bytes.crop(box))
    if converted is None and deep is not None:
        colors = deep[..., :3]
    else:
        colors = np.asarray(converted or (base if base.mode == "RGB" else base.convert("RGB")))
    if key is not None:
        values = np.asarray(base) if deep is None else deep
        return colors, np.uint8(255) * (values.reshape(*values.shape[:2], -1) != key).any(2)
    if deep is not None and image.mode == "RGBA":
        return colors, deep[..., 3]
    return colors, None if alpha is None else np.asarray(alpha)


def raw_mode(image: Image.Image) -> str:
    """Pillow's name for the pixel layout of an opened file; empty once the file is decoded."""
    if not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return ""
    arguments = image.tile[0].args
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _depth(image: Image.Image) -> int:
    """Bits per channel of an opened file; 0 once the file is decoded."""
    raw = raw_mode(image)
    return {"": 0, "1": 1, "L;2": 2, "L;4": 4}.get(raw, 16 if "16" in raw else 8)


def _transparent_color(image: Image.Image, depth: int, *, high_bytes: bool) -> np.ndarray | None:
    """The transparent color of an image of mode `1` (converted to `L`), `L`, `RGB` or `I;16`, or None.

    Pillow returns the value from the file: gray with 2 or 4 bits in fewer levels than the pixels, and 16-bit values also if the
    pixels are only the `high_bytes`.
    """
    key = image.info.get("transparency")
    if image.mode not in ("1", "L", "RGB", "I;16") or not isinstance(key, int | tuple):
        return None
    color = np.atleast_1d(np.array(key))
    if image.mode == "1":
        return 255 * (color > 0)
    if high_bytes and (depth == 16 or (depth == 0 and color.max() > 255)):
        return color >> 8
    if 0 < depth < 8:
        return (color % 2**depth) * (255 // (2**depth - 1))
    return color % 256 if depth == 8 else color


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split an image into colors of mode `L`, `RGB`, `CMYK` or `LAB`, and its 8-bit alpha or None."""
    if image.mode in ("LA", "La"):
        image = image.convert("LA")
        return image.getchannel("L"), image.getchannel("A")
    if image.mode in ("RGBA", "RGBa", "PA") or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
        return image.convert("RGB"), image.getchannel("A")
    if image.mode == "1":
        return image.convert("L"), None
    return (image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")), None


def _sixteen_bits(high: Image.Image, low: Image.Image) -> np.ndarray:
    levels = np.asarray(high).astype(np.uint16)
    levels <<= 8
    levels |= np.asarray(low)
    return levels
