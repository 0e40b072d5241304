"""What a file is that is no picture we read, told by how it begins, and the way out."""

import re
from pathlib import PurePath

from PIL import Image, TiffImagePlugin, features

from stylejax.errors import ImageError

_EXPORT = "open it in a picture program and export it as PNG or JPEG"
_RAW = "develop it in a raw converter, such as darktable or RawTherapee, and export it as TIFF, PNG or JPEG"
_HEIF = "export it as JPEG or PNG, with the phone's own sharing menu or `heif-convert photo.heic photo.jpg`"
_DOWNLOAD = "the download brought a page in place of the picture: open its address in a browser and save the picture itself"

_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), ("a HEIC picture", _HEIF)),
    b"crx ": ("a camera's raw file", _RAW),
}
"""What the boxes of ISO/IEC 14496-12 hold, by their major brand; others are video."""

_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\x0a", "a JPEG XL picture", _EXPORT + ", or with `djxl picture.jxl picture.png`"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture", _EXPORT + ", or with `djxl picture.jxl picture.png`"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", _EXPORT),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _EXPORT),
    (b"II\xbc\x01", "a JPEG XR picture", _EXPORT),
    (b"%PDF", "a PDF document", "export the page as PNG, such as with `pdftoppm -png -r 150 file.pdf page`"),
    (b"%!PS", "a PostScript drawing", "export it as PNG"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript drawing", "export it as PNG"),
    (b"8BPS", "a Photoshop document", _EXPORT),
    (b"gimp xcf", "a GIMP document", _EXPORT),
    (b"\0\0\1\0", "an icon", _EXPORT),
    (b"qoif", "a QOI picture", _EXPORT),
    (b"DDS ", "a texture (DDS)", _EXPORT),
    (b"v/1\x01", "an OpenEXR picture", "tone-map it, and export it as TIFF or PNG"),
    (b"#?RADIANCE", "a Radiance HDR picture", "tone-map it, and export it as TIFF or PNG"),
    (b"SIMPLE  =", "a FITS picture", _EXPORT),
    (b"FUJIFILMCCD-RAW", "a camera's raw file", _RAW),
    (b"IIU\0", "a camera's raw file", _RAW),
    (b"IIRO", "a camera's raw file", _RAW),
    (b"IIRS", "a camera's raw file", _RAW),
    (b"MMOR", "a camera's raw file", _RAW),
    (b"FOVb", "a camera's raw file", _RAW),
    (b"\0MRM", "a camera's raw file", _RAW),
    (b"\x1aE\xdf\xa3", "a video", "save one of its frames as a picture"),
    (b"PK\3\4", "a ZIP archive or a document", "take the picture out of it"),
    (b"\x1f\x8b", "a compressed file", "unpack it"),
    (b"version https://git-lfs", "a pointer to a file that Git LFS keeps", "fetch the file itself with `git lfs pull`"),
)

_RAW_SUFFIXES = (
    ".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".nef", ".nrw", ".pef",
    ".raw", ".rwl", ".sr2", ".srf", ".srw"
)  # fmt: skip
"""Of raw files that begin as TIFF does, and whose first picture is a small preview."""

_NEW_SUBFILE_TYPE, _SUB_FILES, _DNG_VERSION = 254, 330, 50706


def named(beginning: bytes) -> tuple[str, str] | None:
    """What a file is that begins so, and what to do; None for what is not known. At least 300 bytes are wanted."""
    if beginning[4:8] == b"ftyp" and b"avif" in beginning[8:64]:
        return None if features.check("avif") else ("AVIF, for which this build of Pillow has no decoder", _EXPORT)
    if beginning[4:8] == b"ftyp":
        return _BRANDS.get(beginning[8:12], ("a video", "save one of its frames as a picture"))
    for magic, name, way in _BEGINNINGS:
        if beginning.startswith(magic):
            return name, way
    if beginning[128:132] == b"DICM":
        return "a DICOM picture", _EXPORT
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.match(rb"<!doctype html|<html", text):
        return "a web page", _DOWNLOAD
    if re.match(rb"(<\?xml|<!--|<!doctype svg|<svg)", text) and b"<svg" in text:
        return "an SVG drawing", "export it as PNG, such as with `rsvg-convert -w 1024 drawing.svg -o drawing.png`"
    return None


def check_no_raw_file(image: Image.Image, source: str) -> None:
    """Raise ImageError for a camera's raw file that Pillow takes for a TIFF: it would give the small preview.

    Args:
        image: opened, and not yet decoded.
        source: how messages call it.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    tags = image.tag_v2
    preview = tags.get(_SUB_FILES) and tags.get(_NEW_SUBFILE_TYPE, 0) & 1
    if _DNG_VERSION in tags or preview or PurePath(source).suffix.lower() in _RAW_SUFFIXES:
        raise ImageError(f"{source} is a camera's raw file, which is not read; {_RAW}")
