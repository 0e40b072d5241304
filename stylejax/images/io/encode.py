"""File formats with their limits, and encoders for integer levels of 8 or 16 bits."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

from stylejax.images.bands import Bands, bands
from stylejax.images.icc import SRGB_PROFILE
from stylejax.images.io.metadata import KEY, as_description, as_exif, as_text


@dataclass(frozen=True)
class Format:
    """A file format: longest side in pixels, and support of more than 8 bits per channel and of opacity."""

    name: str
    longest_side: int
    deep: bool
    alpha: bool


PNG = Format("PNG", 2**31 - 1, deep=True, alpha=True)
JPEG = Format("JPEG", 65_500, deep=False, alpha=False)
WEBP = Format("WEBP", 16_383, deep=False, alpha=True)
TIFF = Format("TIFF", 2**31 - 1, deep=True, alpha=True)
AVIF = Format("AVIF", 32_768, deep=False, alpha=True)

SUFFIXES = {
    ".png": PNG, ".jpg": JPEG, ".jpeg": JPEG, ".webp": WEBP, ".tif": TIFF, ".tiff": TIFF, ".avif": AVIF
}  # fmt: skip
"""Formats by suffix."""


LARGEST_TIFF = 2**32 - 2**25
"""Bytes of pixels up to which a picture is written as TIFF, whose offsets have 32 bits; compression may not help."""
_TIFF_TILE = (256, 256)


def write_tiff(file: BinaryIO, levels: Bands, metadata: Mapping[str, Any] | None) -> None:
    """Write uint8 or uint16 `[height, width, 3 or 4]` as TIFF in tiles with lossless compression; as BigTIFF if it is large."""
    tifffile.imwrite(
        file,
        _tiles(levels),
        shape=levels.shape,
        dtype=levels.dtype,
        byteorder="<",
        bigtiff=math.prod(levels.shape) * levels.dtype.itemsize > LARGEST_TIFF,
        tile=_TIFF_TILE,
        photometric="rgb",
        extrasamples=["unassalpha"] if levels.shape[2] == 4 else None,
        compression="zlib",
        predictor=True,
        iccprofile=SRGB_PROFILE,
        description=None if metadata is None else as_description(metadata),
        metadata=None,
        software=False,
    )


def _tiles(levels: Bands) -> Iterator[np.ndarray]:
    height, width = _TIFF_TILE
    for rows in bands(levels.shape[0], rows=height):
        band = levels[rows]
        yield from (band[:, left : left + width] for left in range(0, levels.shape[1], width))


def write_with_pillow(file: BinaryIO, levels: Bands, format: Format, metadata: Mapping[str, Any] | None, quality: int) -> None:
    """Write uint8 `[height, width, 3 or 4]` as PNG, JPEG, WebP or AVIF."""
    height, width, channels = levels.shape
    image = Image.new("RGB" if channels == 3 else "RGBA", (width, height))
    for rows in bands(height):
        image.paste(Image.fromarray(levels[rows]), (0, rows.start))
    options: dict[str, Any] = {"icc_profile": SRGB_PROFILE}
    if format is PNG:
        options["pnginfo"] = PngImagePlugin.PngInfo()
        if metadata is not None:
            options["pnginfo"].add_itxt(KEY, as_text(metadata))
    else:
        options |= {"quality": quality, "exif": as_exif(metadata, format=format.name)}
    if format is JPEG:
        options |= {"subsampling": "4:4:4"}  # without optimize, whose buffer in libjpeg may be too small for noisy pictures
    elif format is WEBP:
        options |= {"lossless": quality == 100, "exact": True}
    elif format is AVIF:
        options |= {"subsampling": "4:4:4"}
    image.save(file, format=format.name, **options)
