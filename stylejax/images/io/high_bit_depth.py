"""16-bit colors, of which Pillow alone would keep the high bytes: the file is read once more for the low bytes."""

import struct
import sys
import zlib
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageFile

from stylejax.images.io.decode import raw_mode

_RAW_MODES = ("RGB;16B", "RGBA;16B", "RGB;16L", "RGBA;16L", "RGB;16N", "RGBA;16N")
_GRAY_ALPHA = "LA;16B"


def has_sixteen_bits(image: Image.Image) -> bool:
    """Whether an opened but not yet decoded file has 16-bit colors whose low bytes `low_bytes` can get."""
    if not isinstance(image, ImageFile.ImageFile) or image.format not in ("PNG", "TIFF"):
        return False
    return len(image.tile) == 1 and raw_mode(image) in (*_RAW_MODES, _GRAY_ALPHA)


def low_bytes(file: BinaryIO, formats: tuple[str, ...]) -> Image.Image:
    """Decode a 16-bit file for the less significant byte of each value, as `RGB` or `RGBA`; it is left at its beginning.

    Told the opposite byte order, Pillow keeps the low bytes. For gray with alpha in PNG it knows one order only, but there is
    another way: the same file whose header says 8-bit RGBA has as many bytes a pixel.
    """
    file.seek(0)
    image = Image.open(file, formats=formats)
    assert isinstance(image, ImageFile.ImageFile)
    raw = raw_mode(image)
    if raw == _GRAY_ALPHA:
        gray, opacity = Image.open(_as_rgba(file)).split()[1::2]
        image = Image.merge("RGBA", (gray, gray, gray, opacity))
    else:
        order = raw[-1] if raw[-1] != "N" else sys.byteorder[0].upper()  # libtiff hands out native order
        opposite = raw[:-1] + ("L" if order == "B" else "B")
        tile = image.tile[0]
        image.tile = [tile._replace(args=(opposite, *tile.args[1:]) if isinstance(tile.args, tuple) else opposite)]
        image.load()
    file.seek(0)
    return image


def _as_rgba(file: BinaryIO) -> BytesIO:
    """A PNG file with another header: 8 bits, color type 6."""
    file.seek(0)
    data = bytearray(file.read())
    data[24:26] = 8, 6
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return BytesIO(data)
