"""Reading of 16-bit colors: Pillow decodes only the high bytes, so the file is decoded a second time for the low bytes."""

import struct
import sys
import zlib
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageFile

from stylejax.images.io.decode import raw_mode
from stylejax.images.io.open_image import open_image

_RAW_MODES = ("RGB;16B", "RGBA;16B", "RGB;16L", "RGBA;16L", "RGB;16N", "RGBA;16N")
_GRAY_ALPHA = "LA;16B"


def has_sixteen_bits(image: Image.Image) -> bool:
    """Whether a file that is opened but not yet decoded has 16-bit colors that `low_bytes` can decode."""
    if not isinstance(image, ImageFile.ImageFile) or image.format not in ("PNG", "TIFF"):
        return False
    return len(image.tile) == 1 and raw_mode(image) in (*_RAW_MODES, _GRAY_ALPHA)


def low_bytes(file: BinaryIO, limit: int) -> Image.Image:
    """Decode the less significant byte of each value of a 16-bit file, as `RGB` or `RGBA`, and rewind the file.

    With the opposite byte order, Pillow keeps the low bytes. For PNG with gray and alpha it supports only one byte order;
    there, the header is changed to 8-bit RGBA, which has as many bytes per pixel. `limit` as for `open_image`.
    """
    file.seek(0)
    image = open_image(file, limit=limit)
    assert isinstance(image, ImageFile.ImageFile)
    raw = raw_mode(image)
    if raw == _GRAY_ALPHA:
        gray, opacity = open_image(_as_rgba(file), limit=limit).split()[1::2]
        image = Image.merge("RGBA", (gray, gray, gray, opacity))
    else:
        order = raw[-1] if raw[-1] != "N" else sys.byteorder[0].upper()  # libtiff returns native order
        opposite = raw[:-1] + ("L" if order == "B" else "B")
        tile = image.tile[0]
        image.tile = [tile._replace(args=(opposite, *tile.args[1:]) if isinstance(tile.args, tuple) else opposite)]
        image.load()
    file.seek(0)
    return image


def _as_rgba(file: BinaryIO) -> BytesIO:
    """The PNG file with its header changed to 8 bits and color type 6 (RGBA)."""
    file.seek(0)
    data = bytearray(file.read())
    data[24:26] = 8, 6
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return BytesIO(data)
