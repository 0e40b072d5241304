"""ICC color management: conversion of pictures to sRGB, and the sRGB profile that written files embed."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from stylejax.images.picture import unit_values


def _srgb_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Bytes 24 to 35 are the time of creation; a constant makes files reproducible.
    profile[24:36] = bytes.fromhex("07d000010001000000000000")
    return bytes(profile)


SRGB_PROFILE = _srgb_profile()
"""An sRGB ICC profile of about 600 bytes, to embed in files. Its creation date is 2000-01-01."""


def to_srgb(image: Image.Image, profile: bytes | Any | None) -> Image.Image | None:
    """Convert an 8-bit `L`, `RGB`, `CMYK` or `LAB` image to sRGB, or return None if its values are sRGB already.

    The rendering intent is relative colorimetric with black point compensation. As in browsers, damaged profiles and profiles
    for other kinds of images are ignored. Without a profile, gray and RGB are interpreted as sRGB, and CMYK and LAB are
    converted by formula.
    """
    if image.mode == "LAB" and profile is None:
        profile = _lab_profile()
    transform = _conversion(profile, image.mode)
    if transform is None:
        return image.convert("RGB") if image.mode == "CMYK" else None
    return transform.apply(image)


def apply_profile(colors: np.ndarray, profile: bytes | Any | None) -> np.ndarray:
    """Convert colors, gray `[height, width, 1]` or `[height, width, 3]`, to sRGB `[height, width, 3]`.

    Args:
        colors: levels of unsigned integers, or floating point in [0, 1].
        profile: of the colors, or None.

    Returns:
        Colors of the same type, or levels of 8 bits if the profile has to be applied.
    """
    gray = colors.shape[2] == 1
    transform = _conversion(profile, "L" if gray else "RGB")
    if transform is None:
        return np.repeat(colors, 3, axis=2) if gray else colors
    levels = np.rint(unit_values(colors) * 255).astype(np.uint8)
    return np.asarray(transform.apply(Image.fromarray(levels[..., 0] if gray else levels)))


@lru_cache(maxsize=1)
def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@lru_cache(maxsize=16)
def _conversion(profile: bytes | Any | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform from `profile` to sRGB; None if there is no usable profile or it changes nothing."""
    if profile is None:
        return None
    try:
        transform = ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.ImageCmsProfile(BytesIO(SRGB_PROFILE)),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):  # TypeError: the profile is text or numbers
        return None
    return None if _is_identity(transform, mode) else transform


def _is_identity(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether the profile is sRGB, under any name: a grid of colors changes by at most one level of 255.

    Such profiles are not applied, which preserves every bit.
    """
    if mode == "L":
        colors = np.arange(256, dtype=np.uint8)[np.newaxis]
    elif mode == "RGB":
        levels = np.arange(0, 256, 15, dtype=np.uint8)
        colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    else:
        return False
    moved = np.asarray(transform.apply(Image.fromarray(colors)), np.int16)
    return bool(np.abs(moved - (colors if mode == "RGB" else colors[..., np.newaxis])).max() <= 1)
