"""TIFF whose samples are not bytes from black to white: deeper, signed, floating point, in planes, premultiplied.

tifffile reads them wherever it has the decompressor. What is left to Pillow (LZW above all) comes as plain numbers, which mean
what the file's tags say: `samples_of`.
"""

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from stylejax.errors import ImageError
from stylejax.images.icc import managed
from stylejax.images.io.levels import unit_levels
from stylejax.images.io.orientation import orient
from stylejax.images.picture import Picture

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _PLANES, _PREDICTOR, _KIND = 258, 259, 262, 266, 284, 317, 339
_PALETTE = tifffile.PHOTOMETRIC.PALETTE
_WHITE_IS_ZERO = tifffile.PHOTOMETRIC.MINISWHITE
_COLORS = {_WHITE_IS_ZERO: 1, tifffile.PHOTOMETRIC.MINISBLACK: 1, _PALETTE: 1, tifffile.PHOTOMETRIC.RGB: 3}
"""How many samples of a pixel are its color, by what they are; those that follow may be its opacity."""
_PREMULTIPLIED, _NO_OPACITY = 1, 0


def is_tiff(file: BinaryIO) -> bool:
    """Whether the file begins as TIFF or BigTIFF does. The file is left at its beginning."""
    file.seek(0)
    magic = file.read(4)
    file.seek(0)
    return magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_cut_off(image: Image.Image, file_size: int) -> bool:
    """Whether a TIFF has data past the end of its file that libtiff would tell on standard error, and tifffile not at all."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    if _tag(image, _COMPRESSION) == 1 and not is_deep(image):
        return False
    for offsets, counts in ((273, 279), (324, 325)):
        ends = (sum(part) for part in zip(image.tag_v2.get(offsets, ()), image.tag_v2.get(counts, ()), strict=False))
        if any(end > file_size for end in ends):
            return True
    return False


def is_deep(image: Image.Image) -> bool:
    """Whether this is a TIFF of samples that are not unsigned with at most 8 bits."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    bits, kinds = image.tag_v2.get(_BITS, (1,)), image.tag_v2.get(_KIND, (1,))
    return max(bits) > 8 or any(kind in (2, 3) for kind in kinds)


def is_for_tifffile(image: Image.Image) -> bool:
    """Whether tifffile, without further packages, can read a deep TIFF."""
    bits = image.tag_v2.get(_BITS, (1,))  # pyright: ignore[reportAttributeAccessIssue]
    return (
        _tag(image, _COMPRESSION) in (1, 8, 32773, 32946)
        and _tag(image, _PREDICTOR) in (1, 2)
        and _tag(image, _FILL_ORDER) == 1
        and _tag(image, _PHOTOMETRIC) in _COLORS
        and all(each in (8, 16, 32, 64) for each in bits)
    )


def check_planes(image: Image.Image, source: str) -> None:
    """Raise ImageError for deep colors in one plane a channel, which Pillow misreads; to be asked where tifffile is no help."""
    if is_deep(image) and _tag(image, _PLANES) == 2 and image.mode not in ("I", "F", "I;16", "I;16B"):
        raise ImageError(f"{source} is a TIFF of compressed planes of {_tag(image, _BITS)} bits; save it without compression")


def native_order(image: Image.Image) -> None:
    """Tell Pillow, before it decodes, that libtiff hands out numbers in this machine's byte order; of some it knows."""
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tile and image.tile[0].codec_name == "libtiff":
        tile = image.tile[0]
        raw, *rest = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        native = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}.get(str(raw), raw)
        image.tile = [tile._replace(args=(native, *rest))]


def samples_of(image: Image.Image) -> tuple[np.ndarray, int, bool]:
    """The numbers of a decoded gray image deeper than 8 bits, how many bits they have, and whether 0 is white."""
    values = np.asarray(image)
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return values.astype(np.uint16) if image.format == "PPM" and image.mode == "I" else values, 0, False
    bits, signed = _tag(image, _BITS), _tag(image, _KIND) == 2
    if values.dtype == np.int32:
        values = values.astype({(16, True): np.int16, (32, True): np.int32}.get((bits, signed), np.uint32))
    return values, bits, _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO


def decode_tiff(file: BinaryIO, *, source: str, check_size: Callable[[int, int, str], None]) -> Picture:
    """Decode a TIFF file with tifffile.

    Args:
        file: open at its beginning.
        source: how messages call it.
        check_size: raises when a picture of this width and height is not to be decoded.
    """
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages.first
        lengths = (page.imagewidth, page.imagelength, page.tilewidth, page.tilelength, page.samplesperpixel)
        if not all(isinstance(length, int) for length in lengths) or page.imagedepth != 1 or page.samplesperpixel > 4:
            raise ImageError(f"{source} is damaged, or no picture of at most 4 channels; get a whole copy of it")
        check_size(page.imagewidth, page.imagelength, source)
        if page.tilewidth:
            check_size(page.tilewidth, page.tilelength, source)
        count = _COLORS.get(page.photometric)
        if count is None or page.samplesperpixel < count:
            kind = getattr(page.photometric, "name", page.photometric)
            raise ImageError(f"{source} is a TIFF with colors of kind {kind}; save it as RGB or gray")
        try:
            samples = page.asarray(squeeze=False)  # [planes, 1, height, width, samples of a plane]
        except NotImplementedError:
            raise ImageError(f"{source} is a TIFF of {page.bitspersample} bits a sample; save it with 8 or 16") from None
        samples = samples[:, 0].transpose(1, 2, 0, 3).reshape(page.imagelength, page.imagewidth, -1)
        orientation, profile = page.tags.valueof(274, default=1), page.tags.valueof(34675, default=None)
    if samples.dtype == np.bool_:
        samples = samples.astype(np.uint8)
    colors, bits = samples[..., :count], page.bitspersample
    if page.photometric == _PALETTE:
        colors, bits = page.colormap.T[colors[..., 0]], 16
    pixels, notes = unit_levels(colors, source, bits=bits)
    if page.photometric == _WHITE_IS_ZERO:
        pixels = 1 - pixels
    alpha, kinds = None, page.extrasamples or (2,)
    if samples.shape[2] > count and kinds[0] != _NO_OPACITY:
        alpha, _ = unit_levels(samples[..., count], source)
        if kinds[0] == _PREMULTIPLIED:
            pixels = np.clip(pixels / np.maximum(alpha, 1e-9)[..., np.newaxis], 0, 1)
    pixels = managed(pixels, profile)
    return Picture(orient(pixels, orientation), None if alpha is None else orient(alpha, orientation), source, notes)


def _tag(image: Image.Image, number: int) -> Any:
    """The first value of a tag; 1 is the default of all that are asked for here."""
    value = image.tag_v2.get(number, 1)  # pyright: ignore[reportAttributeAccessIssue]
    return value[0] if isinstance(value, tuple) else value
