"""A writer for PNG with 16 bits per channel, which Pillow does not support."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from stylejax.images.bands import Bands, bands

_COLOR_TYPE = {3: 2, 4: 6}  # channels to PNG's RGB and RGBA


def write_png16(file: BinaryIO, values: Bands, *, profile: bytes, text: tuple[str, str] | None) -> None:
    """Write uint16 `[height, width, 3 or 4]` as PNG, with an ICC profile and one iTXt chunk of a keyword and its text.

    Source: Portable Network Graphics (PNG) Specification, third edition, W3C.
    """
    height, width, channels = values.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    _write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _COLOR_TYPE[channels], 0, 0, 0))
    _write_chunk(file, b"iCCP", b"sRGB\0\0" + zlib.compress(profile))
    if text is not None:
        _write_chunk(file, b"iTXt", text[0].encode("latin-1") + bytes(5) + text[1].encode("utf-8"))
    for data in _compressed(values):
        _write_chunk(file, b"IDAT", data)
    _write_chunk(file, b"IEND", b"")


def _compressed(values: Bands) -> Iterator[bytes]:
    """The filtered and compressed rows, some at a time."""
    compressor = zlib.compressobj(6)
    height, width, channels = values.shape
    above = np.zeros((1, 2 * width * channels), np.uint8)
    for band in bands(height):
        rows = values[band].astype(">u2").view(np.uint8).reshape(-1, above.shape[1])
        filtered = np.full((len(rows), 1 + rows.shape[1]), 2, np.uint8)  # filter 2, "up": each byte minus the one above it
        np.subtract(rows, np.concatenate([above, rows[:-1]]), out=filtered[:, 1:])
        above = rows[-1:]
        if data := compressor.compress(filtered.tobytes()):
            yield data
    yield compressor.flush()


def _write_chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
