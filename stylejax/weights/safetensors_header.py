"""The header of a safetensors file.

A safetensors file consists of 8 bytes (the length of its header, little-endian), the header (JSON: dtype, shape and byte
range of each tensor by name, and strings under `__metadata__`) and the tensors, to whose start the byte ranges are
relative.

Source: https://github.com/huggingface/safetensors#format
"""

import json
from typing import Any

from stylejax.files.bounded_read import parse_json

PREFIX = 8
"""Bytes before the header."""
MAX_HEADER = 10_000_000
"""Limit in bytes of a header that is read; that of a VGG-19 takes about 4,000."""
METADATA = "__metadata__"


def looks_like_safetensors(start: bytes) -> bool:
    """Whether the first bytes of a file, at least 9, could be those of a safetensors file."""
    return start[PREFIX : PREFIX + 1] == b"{"


def header_length(prefix: bytes) -> int:
    """The length of the header in bytes, from the first 8 bytes of a file.

    Raises:
        ValueError: no header is that short, or it exceeds `MAX_HEADER`.
    """
    length = int.from_bytes(prefix[:PREFIX], "little")
    if len(prefix) < PREFIX or not 2 <= length <= MAX_HEADER:
        raise ValueError(f"the file starts with {prefix[:PREFIX]!r}")
    return length


def parse_header(text: bytes) -> dict[str, Any]:
    """The header as a dictionary.

    Raises:
        ValueError: it is not a JSON object.
    """
    header = parse_json(text)
    if not isinstance(header, dict):
        raise ValueError("the header is not a JSON object")
    return header


def byte_range(entry: Any) -> tuple[int, int]:
    """The first byte of a tensor and the one after its last, relative to the end of the header.

    Raises:
        ValueError: the header's entry for the tensor states no such range.
    """
    try:
        first, last = entry["data_offsets"]
    except (TypeError, KeyError):
        raise ValueError("a tensor has no byte range") from None
    if type(first) is not int or type(last) is not int or not 0 <= first <= last:
        raise ValueError("a tensor has no byte range")
    return first, last


def encode_header(header: dict[str, Any]) -> bytes:
    """Length and header as a file begins with them, padded so that the tensors start at a multiple of 8 bytes."""
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(PREFIX, "little") + text


def with_sorted_metadata(content: bytes) -> bytes:
    """The same file with its metadata in order, so that equal weight sets are equal files; safetensors shuffles the strings."""
    end = PREFIX + header_length(content)
    header = parse_header(content[PREFIX:end])
    header[METADATA] = dict(sorted(header[METADATA].items()))
    return encode_header(header) + content[end:]
