"""Soft proofing: colors as a press would print them, so that what is painted after them can be printed.

A picture goes into the inks of a printer's profile and back to sRGB: colors that they cannot mix become the nearest that they
can. The rendering intent is relative colorimetric with black point compensation, both ways: paper stays white and the darkest
ink black, as when the painting is printed in the end. Pillow applies profiles in 8 bits.
"""

import os
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from stylejax.errors import ImageError
from stylejax.files.bounded_read import read_bounded
from stylejax.images.icc import SRGB_PROFILE
from stylejax.types import HostImage

_WANTED = "wanted the ICC profile of a CMYK printer, such as FOGRA39"


def soft_proof(pixels: HostImage, profile: str | os.PathLike[str]) -> HostImage:
    """The picture as the printer of a CMYK `profile`, an `.icc` file, would print it.

    Raises:
        ImageError: the file cannot be read, is no ICC profile, or not that of a CMYK printer.
    """
    to_inks, to_srgb = _transforms(Path(profile))
    levels = Image.fromarray(np.rint(pixels * np.float32(255)).astype(np.uint8))
    return np.asarray(to_srgb.apply(to_inks.apply(levels)), np.float32) / np.float32(255)


@lru_cache(maxsize=8)
def _transforms(path: Path) -> tuple[ImageCms.ImageCmsTransform, ImageCms.ImageCmsTransform]:
    """Into the inks, and back."""
    try:
        content = read_bounded(path)
    except (OSError, ValueError) as problem:  # ValueError: the name has a null
        raise ImageError(f"proof {path} cannot be read ({getattr(problem, 'strerror', None) or problem}); {_WANTED}") from None
    try:
        printer = ImageCms.ImageCmsProfile(BytesIO(content))
    except (OSError, ValueError):
        raise ImageError(f"proof {path} is no ICC profile; {_WANTED}") from None
    space = printer.profile.xcolor_space.strip()  # pyright: ignore[reportAttributeAccessIssue]
    if space != "CMYK":
        raise ImageError(f"proof {path} is a profile of {space} colors; {_WANTED}")
    srgb = ImageCms.ImageCmsProfile(BytesIO(SRGB_PROFILE))
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        into = ImageCms.ImageCmsTransform(srgb, printer, "RGB", "CMYK", intent, flags=flags)
        into.apply(Image.new("RGB", (1, 1)))
        return into, ImageCms.ImageCmsTransform(printer, srgb, "CMYK", "RGB", intent, flags=flags)
    except (OSError, ValueError, ImageCms.PyCMSError):
        raise ImageError(f"proof {path} is damaged, or does not say how a color is mixed of inks; {_WANTED}") from None
