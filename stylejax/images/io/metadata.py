"""Metadata in picture files: a JSON object that records the settings of a picture.

PNG files store it in an iTXt chunk `stylejax`. JPEG, WebP, AVIF and TIFF files store it in ImageDescription as `{"stylejax":
{...}}`, because EXIF has no custom tags. `exiftool` shows both.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from PIL import Image, TiffImagePlugin

from stylejax.errors import ImageError
from stylejax.files.bounded_read import parse_json
from stylejax.images.io.open_image import open_image
from stylejax.images.io.read import open_file

KEY = "stylejax"
_ANY = 2**63
_DESCRIPTION_TAG = 0x010E
_LONGEST_JPEG_DESCRIPTION = 65_000  # EXIF must fit into one segment of 65,533 bytes


def as_text(metadata: Mapping[str, Any]) -> str:
    """JSON text for a PNG chunk: one line of ASCII."""
    return json.dumps(dict(metadata), ensure_ascii=True)


def as_description(metadata: Mapping[str, Any]) -> str:
    """JSON text for an ImageDescription tag: one line of ASCII, with the key `stylejax`."""
    return json.dumps({KEY: dict(metadata)}, ensure_ascii=True)


def as_exif(metadata: Mapping[str, Any] | None, *, format: str) -> Image.Exif:
    """EXIF with the description; empty if the description is too long for JPEG."""
    exif = Image.Exif()
    if metadata is not None:
        description = as_description(metadata)
        if format != "JPEG" or len(description) <= _LONGEST_JPEG_DESCRIPTION:
            exif[_DESCRIPTION_TAG] = description
    return exif


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read the metadata that `write_picture` stored in a file, or return None if there is none.

    Raises:
        ImageError: the file does not exist or is not a picture.
    """
    with open_file(path) as file:
        try:
            image = open_image(file, limit=_ANY)  # it is not decoded
            text = image.info.get(KEY) if image.format == "PNG" else _description(image)
        except Exception:  # decoders raise many kinds of errors for damaged data
            raise ImageError(f"{os.fspath(path)} is not a picture or is damaged; no metadata can be read") from None
    try:
        found = parse_json(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if image.format != "PNG":
        found = found.get(KEY) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _description(image: Image.Image) -> object:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return image.tag_v2.get(_DESCRIPTION_TAG)
    return image.getexif().get(_DESCRIPTION_TAG)
