"""Files deeper than 8 bits a channel that Pillow alone would flatten or refuse.

16-bit colors in PNG and TIFF are read by Pillow twice, once for each byte; TIFF files that Pillow does not know are
read by tifffile.
"""

import sys
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image, ImageFile, TiffImagePlugin

from stylejax.errors import ImageError
from stylejax.images.color import to_srgb
from stylejax.images.decode import orient
from stylejax.images.picture import Picture, picture_from_array

_RAW_MODES = ("RGB;16B", "RGBA;16B", "RGB;16L", "RGBA;16L", "RGB;16N", "RGBA;16N")


def has_sixteen_bits(image: Image.Image) -> bool:
    """Whether an opened but not yet decoded file has 16-bit colors whose low bytes `low_bytes` can get."""
    if not isinstance(image, ImageFile.ImageFile) or image.format not in ("PNG", "TIFF"):
        return False
    return len(image.tile) == 1 and _raw_mode(image) in _RAW_MODES


def is_planar(image: Image.Image) -> bool:
    """Whether this is a 16-bit TIFF of one plane a channel, which Pillow misreads and tifffile can decompress."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    bits, planes, compression = (image.tag_v2.get(tag) for tag in (258, 284, 259))
    return planes == 2 and isinstance(bits, tuple) and set(bits) == {16} and compression in (1, 8, 32946)


def is_cut_off(image: Image.Image, file_size: int) -> bool:
    """Whether a compressed TIFF has data past the end of its file. libtiff would say so itself, on standard error."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or image.tag_v2.get(259, 1) == 1:
        return False
    for offsets, counts in ((273, 279), (324, 325)):
        ends = (sum(part) for part in zip(image.tag_v2.get(offsets, ()), image.tag_v2.get(counts, ()), strict=False))
        if any(end > file_size for end in ends):
            return True
    return False


def low_bytes(image: ImageFile.ImageFile) -> Image.Image:
    """Decode a freshly opened 16-bit file for the less significant byte of each value.

    Pillow has no mode for 16-bit colors and keeps the high byte. Told the opposite byte order, it keeps the low byte.
    """
    raw_mode = _raw_mode(image)
    order = raw_mode[-1] if raw_mode[-1] != "N" else sys.byteorder[0].upper()  # libtiff hands out native order
    opposite = raw_mode[:-1] + ("L" if order == "B" else "B")
    tile = image.tile[0]
    image.tile = [tile._replace(args=(opposite, *tile.args[1:]) if isinstance(tile.args, tuple) else opposite)]
    image.load()
    return image


def is_tiff(file: BinaryIO) -> bool:
    """Whether the file begins as TIFF or BigTIFF does. The file is left at its beginning."""
    file.seek(0)
    magic = file.read(4)
    file.seek(0)
    return magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def decode_rare_tiff(file: BinaryIO, *, source: str, check_size: Callable[[int, int, str], None]) -> Picture:
    """Decode a TIFF file that Pillow cannot: floating-point RGB, gray with alpha and others.

    Args:
        file: open at its beginning.
        source: how messages call it.
        check_size: raises when a picture of this width and height is not to be decoded.
    """
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        lengths = (page.imagewidth, page.imagelength, page.tilewidth, page.tilelength, page.samplesperpixel)
        if not all(isinstance(length, int) for length in lengths) or page.imagedepth != 1 or page.samplesperpixel > 4:
            raise ImageError(f"{source} is damaged, or no picture of at most 4 channels; get a whole copy of it")
        check_size(page.imagewidth, page.imagelength, source)
        if page.tilewidth:
            check_size(page.tilewidth, page.tilelength, source)
        if page.photometric not in (tifffile.PHOTOMETRIC.RGB, *_GRAY):
            raise ImageError(f"{source} is a TIFF with colors of kind {page.photometric}; save it as RGB or gray")
        values = page.asarray()
        if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and values.ndim == 3:
            values = values.transpose(1, 2, 0)
        orientation, profile = page.tags.valueof(274, default=1), page.tags.valueof(34675, default=None)
    if values.dtype.kind == "f":
        values = np.clip(values, 0, 1)
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        values = (1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max) - values
    if values.ndim == 3 and values.shape[2] == 2:
        values = values[..., [0, 0, 0, 1]]
    picture = picture_from_array(values, source=source)
    converted = to_srgb(Image.fromarray(np.rint(picture.pixels * 255).astype(np.uint8)), profile)
    pixels = picture.pixels if converted is None else np.asarray(converted, np.float32) / np.float32(255)
    alpha = None if picture.alpha is None else orient(picture.alpha, orientation)
    return Picture(orient(pixels, orientation), alpha, source)


_GRAY = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """How the first tile is laid out in the file, as Pillow names it."""
    arguments = image.tile[0].args
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)
