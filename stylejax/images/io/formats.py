"""Identification of unsupported files by their first bytes, with a hint for the user."""

import re
from pathlib import PurePath

from PIL import Image, TiffImagePlugin, features

from stylejax.errors import ImageError

_EXPORT = "open it in a picture program and export it as PNG or JPEG"
_RAW = "develop it in a raw converter, such as darktable or RawTherapee, and export it as TIFF, PNG or JPEG"
_HEIF = "export it as JPEG or PNG, with the phone's own sharing menu or `heif-convert photo.heic photo.jpg`"
_TONE_MAP = "tone-map it, and export it as TIFF or PNG"
_FRAME = "save one of its frames as a picture"
_DOWNLOAD = "the download contains a page instead of the picture: open its address in a browser and save the picture itself"

_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), ("a HEIC picture", _HEIF)),
    b"crx ": ("a camera's raw file", _RAW),
}
"""Descriptions and hints by the major brand of ISO/IEC 14496-12 files; other brands are video."""

_BEGINNINGS: tuple[tuple[str, str, tuple[bytes, ...]], ...] = (
    ("a JPEG XL picture", _EXPORT + ", or with `djxl picture.jxl picture.png`", (b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    ("a JPEG 2000 picture", _EXPORT, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    ("a JPEG XR picture", _EXPORT, (b"II\xbc\x01",)),
    ("a PDF document", "export the page as PNG, such as with `pdftoppm -png -r 150 file.pdf page`", (b"%PDF",)),
    ("a PostScript drawing", "export it as PNG", (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    ("a Photoshop document", _EXPORT, (b"8BPS",)),
    ("a GIMP document", _EXPORT, (b"gimp xcf",)),
    ("an icon", _EXPORT, (b"\0\0\1\0",)),
    ("a QOI picture", _EXPORT, (b"qoif",)),
    ("a texture (DDS)", _EXPORT, (b"DDS ",)),
    ("an OpenEXR picture", _TONE_MAP, (b"v/1\x01",)),
    ("a Radiance HDR picture", _TONE_MAP, (b"#?RADIANCE",)),
    ("a FITS picture", _EXPORT, (b"SIMPLE  =",)),
    ("a camera's raw file", _RAW, (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb", b"\0MRM")),
    ("a video", _FRAME, (b"\x1aE\xdf\xa3",)),
    ("a ZIP archive or a document", "take the picture out of it", (b"PK\3\4",)),
    ("a compressed file", "unpack it", (b"\x1f\x8b",)),
    ("a Git LFS pointer", "fetch the file itself with `git lfs pull`", (b"version https://git-lfs",)),
)
"""Description, hint, and first bytes."""

_RAW_SUFFIXES = (
    ".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".nef", ".nrw", ".pef",
    ".raw", ".rwl", ".sr2", ".srf", ".srw"
)  # fmt: skip
"""Suffixes of raw files that begin like TIFF and whose first picture is a small preview."""

_NEW_SUBFILE_TYPE, _SUB_FILES, _DNG_VERSION = 254, 330, 50706


def identify(beginning: bytes) -> tuple[str, str] | None:
    """Description and hint for a file with these first bytes (at least 300), or None if it is unknown."""
    if beginning[4:8] == b"ftyp" and b"avif" in beginning[8:64]:
        return None if features.check("avif") else ("AVIF, for which this build of Pillow has no decoder", _EXPORT)
    if beginning[4:8] == b"ftyp":
        return _BRANDS.get(beginning[8:12], ("a video", _FRAME))
    for name, hint, magics in _BEGINNINGS:
        if beginning.startswith(magics):
            return name, hint
    if beginning[128:132] == b"DICM":
        return "a DICOM picture", _EXPORT
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.match(rb"<!doctype html|<html", text):
        return "a web page", _DOWNLOAD
    if re.match(rb"(<\?xml|<!--|<!doctype svg|<svg)", text) and b"<svg" in text:
        return "an SVG drawing", "export it as PNG, such as with `rsvg-convert -w 1024 drawing.svg -o drawing.png`"
    return None


def check_not_camera_raw(image: Image.Image, source: str) -> None:
    """Reject raw files of cameras that Pillow opens as TIFF: it would decode only the small preview.

    Args:
        image: an image that is opened but not yet decoded.
        source: name of the image in messages.

    Raises:
        ImageError: the image is a raw file.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    tags = image.tag_v2
    preview = tags.get(_SUB_FILES) and tags.get(_NEW_SUBFILE_TYPE, 0) & 1
    if _DNG_VERSION in tags or preview or PurePath(source).suffix.lower() in _RAW_SUFFIXES:
        raise ImageError(f"{source} is a camera's raw file, which is not read; {_RAW}")
