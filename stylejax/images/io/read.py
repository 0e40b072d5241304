"""Conversion of files, Pillow images and arrays to pictures in float32 sRGB.

Supported files are PNG, JPEG, WebP, TIFF, AVIF, GIF, BMP and PPM; of an animation, the first frame is read. EXIF orientation is
applied, and ICC profiles are converted to sRGB. 16-bit PNG and TIFF keep their depth; `levels` interprets deeper, signed and
floating-point TIFF. Every problem is reported in one line.
"""

import logging
import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from stylejax.errors import ImageError
from stylejax.files.url import as_url, local_copy, open_url
from stylejax.images.io.decode import decode
from stylejax.images.io.formats import check_not_camera_raw, identify
from stylejax.images.io.high_bit_depth import has_sixteen_bits, low_bytes
from stylejax.images.io.open_image import PIXEL_LIMIT, check_size, open_image
from stylejax.images.io.orientation import swaps_axes
from stylejax.images.io.tiff import check_planes, decode_tiff, has_high_bit_depth, is_tiff, is_truncated, tifffile_reads
from stylejax.images.picture import Picture, picture_from_array

T = TypeVar("T")

_WANTED = "wanted a picture: PNG, JPEG, WebP, TIFF, AVIF, GIF, BMP or PPM"


def read_picture(path: str | os.PathLike[str], *, limit: int = PIXEL_LIMIT) -> Picture:
    """Read a picture file from a path or a URL (`stylejax.files.url`) with at most `limit` pixels.

    Raises:
        ImageError: the file does not exist, cannot be read, is empty, truncated, damaged, not a picture, or too large.
    """
    return _read(path, open_file(path), partial(_decode_file, limit=limit))


def read_opened(file: BinaryIO, source: str, *, limit: int = PIXEL_LIMIT) -> Picture:
    """Read a picture with at most `limit` pixels from an open file and close it; messages call it `source`.

    Raises:
        ImageError: as for `read_picture`.
    """
    return _read(source, file, partial(_decode_file, limit=limit))


def read_shape(path: str | os.PathLike[str], *, limit: int = PIXEL_LIMIT) -> tuple[int, int]:
    """Height and width of a picture file, at most `limit` pixels, from its header alone if Pillow can read it.

    Raises:
        ImageError: as for `read_picture`, as far as the header shows the problem.
    """
    return _read(path, open_file(path, whole=False), partial(_shape_of_file, limit=limit))


def _read(path: str | os.PathLike[str], opened: BinaryIO, decode_file: Callable[[BinaryIO, str], T]) -> T:
    source = os.fspath(path)
    with opened as file:
        try:
            return decode_file(file, source)
        except ImageError:
            raise
        except MemoryError:
            raise ImageError(f"{source} needs more memory than is available, or is damaged; make it smaller") from None
        except UnidentifiedImageError:
            raise _unidentified(file, source) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
            raise ImageError(f"{source} is too large ({_one_line(problem)}); make it smaller") from None
        except Exception as problem:  # decoders raise many kinds of errors for damaged data
            raise ImageError(f"{source} is truncated or damaged ({_one_line(problem)}); get a complete copy of it") from None


def _unidentified(file: BinaryIO, source: str) -> ImageError:
    file.seek(0)
    if known := identify(file.read(4096)):
        return ImageError(f"{source} is {known[0]}, which is not read; {known[1]}")
    return ImageError(f"{source} is not a picture, or its beginning is damaged; {_WANTED}")


def to_picture(source: object, *, limit: int = PIXEL_LIMIT) -> Picture:
    """Convert a path, a Pillow image, or a NumPy or JAX array to a picture; a `Picture` is returned unchanged.

    `picture_from_array` describes the supported arrays. Files keep 16 bits per channel, Pillow images 8. Files and Pillow
    images may have at most `limit` pixels.

    Raises:
        ImageError: `source` is none of these, or cannot be read.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, os.PathLike)):
        return read_picture(source, limit=limit)
    if isinstance(source, Image.Image):
        name = str(getattr(source, "filename", "") or "the Pillow image")
        check_size(*source.size, name, limit=limit)
        try:
            return decode(source, source=name)
        except (OSError, SyntaxError, ValueError) as problem:
            raise ImageError(f"{name} cannot be decoded ({_one_line(problem)})") from None
    if hasattr(source, "__array__"):
        return picture_from_array(np.asarray(source), source=f"the {type(source).__name__}")
    raise ImageError(f"cannot use a {type(source).__name__} as a picture; wanted a path, a Pillow image or an array")


def silence_decoders() -> None:
    """Suppress warnings of Pillow and tifffile about unusual files. Call this once at the start of a program."""
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def open_file(path: str | os.PathLike[str], *, whole: bool = True) -> BinaryIO:
    """Open a picture file.

    Args:
        path: a path or a URL.
        whole: whether the whole file will be read; a file at a URL is then downloaded first.

    Raises:
        ImageError: the file does not exist, is not a regular file, or is empty.
    """
    source, place = Path(path), as_url(path)
    try:
        if place:
            return local_copy(place) if whole else open_url(place)
        if source.is_dir():
            raise ImageError(f"{source} is a folder; {_WANTED}")
        if source.exists() and not source.is_file():
            raise ImageError(f"{source} is a device or a pipe; {_WANTED}")
        if source.exists() and source.stat().st_size == 0:
            raise ImageError(f"{source} is empty; {_WANTED}")
        return source.open("rb")
    except FileNotFoundError:
        raise ImageError(f"{os.fspath(path)} does not exist; check the path") from None
    except (OSError, ValueError) as problem:
        raise ImageError(f"{source} cannot be read: {_one_line(problem)}") from None


def _shape_of_file(file: BinaryIO, source: str, *, limit: int) -> tuple[int, int]:
    try:
        image = open_image(file, limit=limit)
    except UnidentifiedImageError:
        picture = _decode_file(file, source, limit=limit)
        return picture.height, picture.width
    check_not_camera_raw(image, source)
    check_size(*image.size, source, limit=limit)
    return image.size if swaps_axes(image) else (image.height, image.width)


def _decode_file(file: BinaryIO, source: str, *, limit: int) -> Picture:
    try:
        image = open_image(file, limit=limit)
    except UnidentifiedImageError:
        if not is_tiff(file):
            raise
        return decode_tiff(file, source=source, limit=limit)
    check_not_camera_raw(image, source)
    check_size(*image.size, source, limit=limit)
    if is_truncated(image, os.fstat(file.fileno()).st_size):
        raise ImageError(f"{source} is truncated or damaged (its data ends too early); get a complete copy of it")
    if has_high_bit_depth(image) and tifffile_reads(image):
        file.seek(0)
        return decode_tiff(file, source=source, limit=limit)
    check_planes(image, source)
    if not has_sixteen_bits(image):
        return decode(image, source=source)
    low = low_bytes(file, limit)
    return decode(open_image(file, limit=limit), source=source, low_bytes=low)


def _one_line(problem: BaseException) -> str:
    text = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return " ".join(text.split()).rstrip(".")
