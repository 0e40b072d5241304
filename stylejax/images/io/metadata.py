"""How a picture was made, written into the picture: a JSON object that travels inside the file.

PNG carries it in an iTXt chunk called `stylejax`; JPEG, WebP, AVIF and TIFF in ImageDescription, as
`{"stylejax": {...}}`, since EXIF has no place of one's own. `exiftool` shows both.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from PIL import Image, TiffImagePlugin

from stylejax.errors import ImageError
from stylejax.files.bounded_read import parse_json
from stylejax.images.io.read import READABLE, open_file

KEY = "stylejax"
_DESCRIPTION_TAG = 0x010E
_LONGEST_JPEG_DESCRIPTION = 65_000  # EXIF has to fit into one segment of 65,533 bytes


def as_text(metadata: Mapping[str, Any]) -> str:
    """The JSON text for a PNG chunk: ASCII, one line."""
    return json.dumps(dict(metadata), ensure_ascii=True)


def as_description(metadata: Mapping[str, Any]) -> str:
    """The JSON text for an ImageDescription tag: ASCII, one line, naming its author."""
    return json.dumps({KEY: dict(metadata)}, ensure_ascii=True)


def as_exif(metadata: Mapping[str, Any] | None, *, format: str) -> Image.Exif:
    """An EXIF block with the description; empty when that is too long for JPEG: better to lose it than the picture."""
    exif = Image.Exif()
    if metadata is not None:
        description = as_description(metadata)
        if format != "JPEG" or len(description) <= _LONGEST_JPEG_DESCRIPTION:
            exif[_DESCRIPTION_TAG] = description
    return exif


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What `write_picture` was told about the making of this picture, or None when the file says nothing of it.

    Raises:
        ImageError: the file is missing or is no picture.
    """
    with open_file(path) as file:
        try:
            image = Image.open(file, formats=READABLE)
            text = image.info.get(KEY) if image.format == "PNG" else _description(image)
        except Exception:  # decoders let whatever damaged data trips them escape
            raise ImageError(f"{os.fspath(path)} is no picture or is damaged; no metadata can be read") from None
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
