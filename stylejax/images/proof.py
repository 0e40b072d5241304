"""Soft proofing: conversion of pictures to the colors that a printer can reproduce.

A picture is converted to the inks of the printer's profile and back to sRGB, which replaces colors outside the printer's gamut
by the nearest ones inside. Both conversions use the relative colorimetric intent with black point compensation: paper remains
white and the darkest ink black, as in the final print. Pillow applies profiles in 8 bits.
"""

import os
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from stylejax.errors import ImageError
from stylejax.files.bounded_read import read_bounded
from stylejax.images.bands import bands
from stylejax.images.icc import SRGB_PROFILE
from stylejax.images.picture import unit_values
from stylejax.types import HostSamples

_WANTED = "wanted the ICC profile of a CMYK printer, such as FOGRA39"


def soft_proof(samples: HostSamples, profile: str | os.PathLike[str]) -> HostSamples:
    """Convert a picture to the colors that a printer can reproduce, as levels of 8 bits.

    Args:
        samples: sRGB.
        profile: path of the ICC profile of a CMYK printer.

    Raises:
        ImageError: the file cannot be read, or is not the ICC profile of a CMYK printer.
    """
    to_inks, to_srgb = _transforms(Path(profile))
    proofed = np.empty(samples.shape, np.uint8)
    for rows in bands(len(samples)):
        levels = Image.fromarray(np.rint(unit_values(samples[rows]) * np.float32(255)).astype(np.uint8))
        proofed[rows] = np.asarray(to_srgb.apply(to_inks.apply(levels)))
    return proofed


@lru_cache(maxsize=8)
def _transforms(path: Path) -> tuple[ImageCms.ImageCmsTransform, ImageCms.ImageCmsTransform]:
    """The transforms from sRGB to inks and back."""
    try:
        content = read_bounded(path)
    except (OSError, ValueError) as problem:  # ValueError: null byte in the path
        raise ImageError(f"proof {path} cannot be read ({getattr(problem, 'strerror', None) or problem}); {_WANTED}") from None
    try:
        printer = ImageCms.ImageCmsProfile(BytesIO(content))
    except (OSError, ValueError):
        raise ImageError(f"proof {path} is not an ICC profile; {_WANTED}") from None
    space = printer.profile.xcolor_space.strip()  # pyright: ignore[reportAttributeAccessIssue]
    if space != "CMYK":
        raise ImageError(f"proof {path} is a profile for {space} colors; {_WANTED}")
    srgb = ImageCms.ImageCmsProfile(BytesIO(SRGB_PROFILE))
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        into = ImageCms.ImageCmsTransform(srgb, printer, "RGB", "CMYK", intent, flags=flags)
        into.apply(Image.new("RGB", (1, 1)))
        return into, ImageCms.ImageCmsTransform(printer, srgb, "CMYK", "RGB", intent, flags=flags)
    except (OSError, ValueError, ImageCms.PyCMSError):
        raise ImageError(f"proof {path} is damaged, or has no conversion from colors to inks; {_WANTED}") from None
