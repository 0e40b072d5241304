"""Opening of picture files with a limit on their pixels: the header of a small file can claim billions."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image

from stylejax.errors import ImageError

PIXEL_LIMIT = 178_956_970
"""Larger pictures are rejected before decoding, unless the size asked for allows more; Pillow has the same limit."""

# Only formats that Pillow decodes itself; for EPS, for example, it would run another program on the file.
READABLE = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF", "BMP", "PPM")

_pillows_limit = threading.Lock()


def limit_for(side: int) -> int:
    """The most pixels of a picture that is read to paint one with this side: four times a square of it, if that is more."""
    return max(PIXEL_LIMIT, 4 * side**2)


def open_image(file: BinaryIO, *, limit: int = PIXEL_LIMIT) -> Image.Image:
    """Open a file with Pillow, which reads its header; `check_size` then says whether it has more pixels than `limit`.

    Raises:
        UnidentifiedImageError: the file is in none of the formats `READABLE`.
        DecompressionBombError: `limit` is the usual one, and the picture has far more pixels.
    """
    with _lifted(limit):
        return Image.open(file, formats=READABLE)


def check_size(width: int, height: int, source: str, *, limit: int = PIXEL_LIMIT) -> None:
    """Raise ImageError for a picture of no pixels, or of more than `limit`."""
    if width * height > limit:
        side = math.isqrt(width * height - 1) // 2 + 1
        raise ImageError(
            f"{source} has {width}x{height} pixels; wanted at most {limit:,} in all; make it smaller, "
            f"or ask for a size of at least {side}"
        )
    if width * height == 0:
        raise ImageError(f"{source} has {width}x{height} pixels; wanted at least one")


@contextmanager
def _lifted(limit: int) -> Iterator[None]:
    """Lift Pillow's limit, which is a global, if `limit` is more than the usual one."""
    if limit <= PIXEL_LIMIT:
        yield
        return
    with _pillows_limit:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
