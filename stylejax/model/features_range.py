"""The convolutions' bytes of a large safetensors file on a server.

A safetensors file is 8 bytes (the length of its header, little-endian), the header (JSON: name, type, shape and byte
range of each tensor) and the tensors. Two small requests get the header; the tensors `features.*` then are one range.
With a header of their own in front they are a safetensors file again. For VGG-19 that is 80 MB of 575.
"""

import json
from typing import Any

from stylejax.errors import WeightsError
from stylejax.model.download import Piece, read_range
from stylejax.model.http import Retries

_LARGEST_HEADER = 10_000_000


def features_piece(url: str, *, retries: Retries) -> Piece:
    """The piece that holds the tensors `features.*` of the safetensors file at `url`.

    Raises:
        WeightsError: the file cannot be had, is not safetensors, has no such tensors, or its size is not what its
            header says.
    """
    start, size = read_range(url, 0, 8, retries=retries)
    length = int.from_bytes(start, "little")
    if not 2 <= length <= _LARGEST_HEADER:
        raise WeightsError(f"{url} is not a safetensors file: it starts with {start!r}")
    text, _ = read_range(url, 8, 8 + length, retries=retries)
    try:
        header: dict[str, Any] = json.loads(text)
        header.pop("__metadata__", None)
        ranges = {name: tuple(entry["data_offsets"]) for name, entry in header.items()}
        end = max(last for _, last in ranges.values())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WeightsError(f"{url} is not a safetensors file: its header cannot be read") from None
    if size is not None and size != 8 + length + end:
        raise WeightsError(f"{url} has {size} bytes and its header tells of {8 + length + end}: it is damaged")
    return _piece(url, 8 + length, {name: entry for name, entry in header.items() if name.startswith("features.")})


def _piece(url: str, data: int, features: dict[str, Any]) -> Piece:
    """The range from the first to the last of `features`, and the header that makes it a file."""
    if not features:
        raise WeightsError(f"{url} has no tensors features.*; it is not a VGG-19 with torchvision's names")
    first = min(entry["data_offsets"][0] for entry in features.values())
    last = max(entry["data_offsets"][1] for entry in features.values())
    moved = {
        name: entry | {"data_offsets": [offset - first for offset in entry["data_offsets"]]} for name, entry in features.items()
    }
    text = json.dumps(moved, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return Piece(url, data + first, data + last, head=len(text).to_bytes(8, "little") + text, checked=False)
