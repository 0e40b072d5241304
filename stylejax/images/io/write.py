"""Atomic writing of pictures as PNG, JPEG, WebP, TIFF or AVIF, by the suffix of the path.

Files contain an sRGB ICC profile and optionally a JSON object with metadata (`metadata.py`). The same pixels, metadata and
options produce the same bytes.
"""

import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import features

from stylejax.errors import ImageError
from stylejax.files.atomic import check_writable, write_atomically
from stylejax.images.bands import bands
from stylejax.images.icc import SRGB_PROFILE
from stylejax.images.io.encode import AVIF, SUFFIXES, TIFF, Format, write_tiff, write_with_pillow
from stylejax.images.io.metadata import KEY, as_text
from stylejax.images.io.png16 import write_png16


def check_output(path: str | os.PathLike[str], *, bits: int = 8, height: int | None = None, width: int | None = None) -> None:
    """Check whether a picture could be written, without creating or changing a file.

    Args:
        path: path of the picture.
        bits: bits per channel, 8 or 16.
        height: number of rows, if known.
        width: number of columns, if known.

    Raises:
        ImageError: the suffix is unknown, the format does not support the depth or size, or the path cannot be written.
    """
    check_format(path, bits=bits, height=height, width=width)
    check_writable(Path(path), error=ImageError)


def check_format(path: str | os.PathLike[str], *, bits: int = 8, height: int | None = None, width: int | None = None) -> None:
    """Check whether the format of `path` supports a picture; the part of `check_output` that ignores the file system.

    Raises:
        ImageError: the suffix is unknown, or the format does not support the depth or size.
    """
    format = _format(path)
    if bits not in (8, 16):
        raise ImageError(f"bits is {bits}; wanted 8 or 16")
    if bits == 16 and not format.deep:
        raise ImageError(f"{os.fspath(path)} is to have 16 bits, but {format.name} holds 8; name a .png or .tiff file")
    side = max(height or 0, width or 0)
    if side > format.longest_side:
        raise ImageError(
            f"{os.fspath(path)} is to have a side of {side} pixels, but {format.name} holds {format.longest_side}; "
            "name a .png or .tiff file"
        )


def write_picture(
    path: str | os.PathLike[str],
    pixels: np.ndarray,
    *,
    alpha: np.ndarray | None = None,
    metadata: Mapping[str, Any] | None = None,
    bits: int = 8,
    quality: int = 95,
) -> None:
    """Write a picture in the format given by the suffix of `path`.

    Args:
        path: `.png`, `.jpg`, `.jpeg`, `.webp`, `.tif`, `.tiff` or `.avif`. Missing parent folders are created.
        pixels: sRGB `[height, width, 3]`; clipped to [0, 1] and rounded to the nearest level.
        alpha: opacity `[height, width]` in [0, 1]. JPEG does not support opacity: the picture is composited over white.
        metadata: a JSON object that `read_metadata` reads. JPEG omits metadata of more than 65,000 characters.
        bits: 8, or 16 for PNG and TIFF.
        quality: quality of JPEG, WebP and AVIF, 1 to 100. WebP is lossless at 100, PNG and TIFF always.

    Raises:
        ImageError: as for `check_output`; wrong shapes; NaN or infinite values; the disk is full.
    """
    levels = _prepared(path, pixels, alpha, bits, quality)
    check_output(path, bits=bits, height=levels.shape[0], width=levels.shape[1])
    try:
        with write_atomically(Path(path)) as file:
            _encode(file, path, levels, metadata, bits, quality)
    except OSError as problem:
        raise ImageError(f"{os.fspath(path)} cannot be written: {problem.strerror or problem}") from None


def encode_picture(
    name: str,
    pixels: np.ndarray,
    *,
    alpha: np.ndarray | None = None,
    metadata: Mapping[str, Any] | None = None,
    bits: int = 8,
    quality: int = 95,
) -> bytes:
    """Encode a picture to the bytes that `write_picture` would write to a file called `name`.

    Raises:
        ImageError: as for `write_picture`, except for problems of the file system.
    """
    levels = _prepared(name, pixels, alpha, bits, quality)
    check_format(name, bits=bits, height=levels.shape[0], width=levels.shape[1])
    file = BytesIO()
    _encode(file, name, levels, metadata, bits, quality)
    return file.getvalue()


class _Levels:
    """Colors, and opacity if the format has any, as levels `[height, width, 3 or 4]`, which are computed when they are read."""

    def __init__(self, colors: np.ndarray, opacity: np.ndarray | None, *, alpha: bool, bits: int):
        """Of float32 arrays; without `alpha`, opacity is composited over white."""
        self._colors, self._opacity, self._alpha, self._white = colors, opacity, alpha, np.float32(2**bits - 1)
        self.shape = (*colors.shape[:2], 4 if opacity is not None and alpha else 3)
        self.dtype = np.dtype(np.uint8 if bits == 8 else np.uint16)

    def __getitem__(self, rows: slice) -> np.ndarray:
        values = np.clip(self._colors[rows], 0, 1)
        if self._opacity is not None:
            opacity = np.clip(self._opacity[rows, :, np.newaxis], 0, 1)
            values = np.concatenate([values, opacity], 2) if self._alpha else values * opacity + (1 - opacity)
        values *= self._white
        return np.rint(values, out=values).astype(self.dtype)


def _prepared(path: str | os.PathLike[str], pixels: np.ndarray, alpha: np.ndarray | None, bits: int, quality: int) -> _Levels:
    """Validate a picture, and convert it to levels for the format of `path`."""
    colors = _checked(pixels, "pixels", 3)
    opacity = None if alpha is None else _checked(alpha, "alpha", 2)
    if opacity is not None and opacity.shape != colors.shape[:2]:
        raise ImageError(f"alpha has shape {opacity.shape}, the picture {colors.shape[:2]}; they must be equal")
    if not 1 <= quality <= 100:
        raise ImageError(f"quality is {quality}; wanted 1 to 100")
    check_format(path, bits=bits)
    return _Levels(colors, opacity, alpha=_format(path).alpha, bits=bits)


def _encode(
    file: BinaryIO,
    path: str | os.PathLike[str],
    levels: _Levels,
    metadata: Mapping[str, Any] | None,
    bits: int,
    quality: int,
) -> None:
    format = _format(path)
    if format is TIFF:
        write_tiff(file, levels, metadata)
    elif bits == 16:
        text = None if metadata is None else (KEY, as_text(metadata))
        write_png16(file, levels, profile=SRGB_PROFILE, text=text)
    else:
        write_with_pillow(file, levels, format, metadata, quality)


def _format(path: str | os.PathLike[str]) -> Format:
    suffix = Path(path).suffix
    format = SUFFIXES.get(suffix.lower())
    if format is None:
        got = f"has the suffix {suffix!r}" if suffix else "has no suffix"
        raise ImageError(f"{os.fspath(path)} {got}; wanted one of {', '.join(SUFFIXES)}")
    if format is AVIF and not features.check("avif"):
        raise ImageError(f"{os.fspath(path)}: this build of Pillow has no AVIF; name another suffix, such as .png")
    return format


def _checked(array: np.ndarray, name: str, dimensions: int) -> np.ndarray:
    """Validate an array and convert it to float32."""
    values = np.asarray(array, np.float32)
    wanted = "[height, width, 3]" if dimensions == 3 else "[height, width]"
    if values.ndim != dimensions or 0 in values.shape or (dimensions == 3 and values.shape[2] != 3):
        raise ImageError(f"{name} has shape {values.shape}; wanted {wanted}")
    strange = sum(int((~np.isfinite(values[rows])).sum()) for rows in bands(len(values)))
    if strange:
        raise ImageError(f"{name} holds {strange} NaN or infinite values; nothing is written")
    return values
