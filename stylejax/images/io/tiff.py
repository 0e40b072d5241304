"""Reading of TIFF files whose samples are not 8-bit: deeper, signed, floating-point, planar or premultiplied samples.

tifffile decodes compressions that it supports without further packages. Pillow decodes the others (mainly LZW) to plain
numbers, which `samples_of` interprets according to the tags of the file.
"""

from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from stylejax.errors import ImageError
from stylejax.images.icc import apply_profile
from stylejax.images.io.levels import normalize, white_level
from stylejax.images.io.open_image import check_size
from stylejax.images.io.orientation import assemble
from stylejax.images.picture import Picture, unit_values

_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _PLANES, _PREDICTOR, _KIND = 258, 259, 262, 266, 284, 317, 339
_PALETTE = tifffile.PHOTOMETRIC.PALETTE
_WHITE_IS_ZERO = tifffile.PHOTOMETRIC.MINISWHITE
_COLORS = {_WHITE_IS_ZERO: 1, tifffile.PHOTOMETRIC.MINISBLACK: 1, _PALETTE: 1, tifffile.PHOTOMETRIC.RGB: 3}
"""Number of color samples per pixel, by photometric interpretation; a further sample may be opacity."""
_PREMULTIPLIED, _NO_OPACITY = 1, 0


def is_tiff(file: BinaryIO) -> bool:
    """Whether the file begins like TIFF or BigTIFF. Rewinds the file."""
    file.seek(0)
    magic = file.read(4)
    file.seek(0)
    return magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_truncated(image: Image.Image, file_size: int) -> bool:
    """Whether a TIFF refers to data past its end, which libtiff only prints on standard error and tifffile ignores."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    if _tag(image, _COMPRESSION) == 1 and not has_high_bit_depth(image):
        return False
    for offsets, counts in ((273, 279), (324, 325)):
        ends = (sum(part) for part in zip(image.tag_v2.get(offsets, ()), image.tag_v2.get(counts, ()), strict=False))
        if any(end > file_size for end in ends):
            return True
    return False


def has_high_bit_depth(image: Image.Image) -> bool:
    """Whether this is a TIFF whose samples are signed, floating-point, or have more than 8 bits."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    bits, kinds = image.tag_v2.get(_BITS, (1,)), image.tag_v2.get(_KIND, (1,))
    return max(bits) > 8 or any(kind in (2, 3) for kind in kinds)


def tifffile_reads(image: Image.Image) -> bool:
    """Whether tifffile can decode a TIFF of high bit depth without further packages."""
    bits = image.tag_v2.get(_BITS, (1,))  # pyright: ignore[reportAttributeAccessIssue]
    return (
        _tag(image, _COMPRESSION) in (1, 8, 32773, 32946)
        and _tag(image, _PREDICTOR) in (1, 2)
        and _tag(image, _FILL_ORDER) == 1
        and _tag(image, _PHOTOMETRIC) in _COLORS
        and all(each in (8, 16, 32, 64) for each in bits)
    )


def check_planes(image: Image.Image, source: str) -> None:
    """Raise ImageError for planar colors of high bit depth, which Pillow misreads. For files that tifffile cannot decode."""
    if has_high_bit_depth(image) and _tag(image, _PLANES) == 2 and image.mode not in ("I", "F", "I;16", "I;16B"):
        raise ImageError(f"{source} is a TIFF of compressed planes of {_tag(image, _BITS)} bits; save it without compression")


def set_native_order(image: Image.Image) -> None:
    """Correct the byte order that Pillow assumes: libtiff returns numbers in native order. Call this before decoding."""
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tile and image.tile[0].codec_name == "libtiff":
        tile = image.tile[0]
        raw, *rest = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        native = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}.get(str(raw), raw)
        image.tile = [tile._replace(args=(native, *rest))]


def samples_of(image: Image.Image) -> tuple[np.ndarray, int, bool]:
    """Samples of a decoded gray image with more than 8 bits, their number of bits, and whether 0 is white."""
    values = np.asarray(image)
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return values.astype(np.uint16) if image.format == "PPM" and image.mode == "I" else values, 0, False
    bits, signed = _tag(image, _BITS), _tag(image, _KIND) == 2
    if values.dtype == np.int32:
        values = values.astype({(16, True): np.int16, (32, True): np.int32}.get((bits, signed), np.uint32))
    return values, bits, _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO


def decode_tiff(file: BinaryIO, *, source: str, limit: int) -> Picture:
    """Decode a TIFF file with tifffile.

    Args:
        file: the file, opened at its beginning.
        source: name of the file in messages.
        limit: the most pixels that it may have.

    Raises:
        ImageError: the file is damaged, its samples are not supported, or it has too many.
    """
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages.first
        lengths = (page.imagewidth, page.imagelength, page.tilewidth, page.tilelength, page.samplesperpixel)
        if not all(isinstance(length, int) for length in lengths) or page.imagedepth != 1 or page.samplesperpixel > 4:
            raise ImageError(f"{source} is damaged or has more than 4 channels; get a complete copy of it")
        check_size(page.imagewidth, page.imagelength, source, limit=limit)
        if page.tilewidth:
            check_size(page.tilewidth, page.tilelength, source, limit=limit)
        count = _COLORS.get(page.photometric)
        if count is None or page.samplesperpixel < count:
            kind = getattr(page.photometric, "name", page.photometric)
            raise ImageError(f"{source} is a TIFF with colors of kind {kind}; save it as RGB or gray")
        try:
            samples = page.asarray(squeeze=False)  # [planes, 1, height, width, samples of a plane]
        except NotImplementedError:
            raise ImageError(f"{source} is a TIFF of {page.bitspersample} bits per sample; save it with 8 or 16") from None
        samples = samples[:, 0].transpose(1, 2, 0, 3).reshape(page.imagelength, page.imagewidth, -1)
        orientation, profile = page.tags.valueof(274, default=1), page.tags.valueof(34675, default=None)
    if samples.dtype == np.bool_:
        samples = samples.astype(np.uint8)
    colors, bits = samples[..., :count], page.bitspersample
    if page.photometric == _PALETTE:
        colors, bits = page.colormap.T[colors[..., 0]], 16
    opacity, kinds = None, page.extrasamples or (2,)
    if samples.shape[2] > count and kinds[0] != _NO_OPACITY:
        opacity = samples[..., count]
    white, notes = white_level(colors, source, bits=bits)
    opaque = 1 if opacity is None else white_level(opacity, source)[0]

    def read(rows: slice) -> tuple[np.ndarray, np.ndarray | None]:
        pixels, alpha = normalize(colors[rows], white), None if opacity is None else normalize(opacity[rows], opaque)
        if page.photometric == _WHITE_IS_ZERO:
            pixels = 1 - unit_values(pixels)
        if alpha is not None and kinds[0] == _PREMULTIPLIED:
            pixels = np.clip(unit_values(pixels) / np.maximum(unit_values(alpha), 1e-9)[..., np.newaxis], 0, 1)
        return apply_profile(pixels, profile), alpha

    return Picture(*assemble(read, page.imagelength, page.imagewidth, orientation), source, notes)


def _tag(image: Image.Image, number: int) -> Any:
    """The first value of a tag; 1 is the default of all tags used here."""
    value = image.tag_v2.get(number, 1)  # pyright: ignore[reportAttributeAccessIssue]
    return value[0] if isinstance(value, tuple) else value
