"""The convolutions' bytes of a large safetensors file on a server.

A safetensors file is 8 bytes (the length of its header, little-endian), the header (JSON: name, type, shape and byte
range of each tensor) and the tensors. Two small requests get the header; the tensors `features.*` then are one range.
With a header of their own in front they are a safetensors file again. For VGG-19 that is 80 MB of 575. All three answers
must be of one version of the file.
"""

import json
from typing import Any

from stylejax.errors import WeightsError
from stylejax.files.bounded_read import parse_json
from stylejax.weights.download.http import Retries, Version
from stylejax.weights.download.resume import LARGEST_FILE, Piece, read_range

_LARGEST_HEADER = 10_000_000


def features_piece(url: str, *, retries: Retries) -> Piece:
    """The piece that holds the tensors `features.*` of the safetensors file at `url`.

    Raises:
        WeightsError: the file cannot be had, is not safetensors, has no such tensors, its size is not what its header
            says, or the server does not tell one version of it from another.
    """
    start, version = read_range(url, 0, 8, retries=retries)
    length = int.from_bytes(start, "little")
    if not 2 <= length <= _LARGEST_HEADER:
        raise WeightsError(f"{url} is not a safetensors file: it starts with {start!r}")
    if not any(version.marks):
        raise WeightsError(
            f"{url} tells neither ETag nor Last-Modified, so that parts of two versions could be put together; "
            "get the whole file and run `stylejax weights convert`"
        )
    text, _ = read_range(url, 8, 8 + length, retries=retries, version=version)
    try:
        header: dict[str, Any] = parse_json(text)
        header.pop("__metadata__", None)
        ranges = {name: _range(entry) for name, entry in header.items()}
        whole = 8 + length + max(last for _, last in ranges.values())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WeightsError(f"{url} is not a safetensors file: its header cannot be read") from None
    if version.size is not None and version.size != whole:
        raise WeightsError(f"{url} has {version.size} bytes and its header tells of {whole}: it is damaged")
    if whole > LARGEST_FILE:
        raise WeightsError(f"{url} has {whole} bytes by its header, more than any VGG-19 takes; see what it is")
    features = {name: header[name] for name in header if name.startswith("features.")}
    return _piece(url, 8 + length, features, {name: ranges[name] for name in features}, version)


def _range(entry: dict[str, Any]) -> tuple[int, int]:
    """The first byte of a tensor and the one after its last."""
    first, last = entry["data_offsets"]
    if type(first) is not int or type(last) is not int or not 0 <= first <= last:
        raise ValueError("no range")
    return first, last


def _piece(url: str, data: int, features: dict[str, Any], ranges: dict[str, tuple[int, int]], version: Version) -> Piece:
    """The range from the first to the last of `features`, and the header that makes it a file."""
    if not features:
        raise WeightsError(f"{url} has no tensors features.*; it is not a VGG-19 with torchvision's names")
    first, last = min(start for start, _ in ranges.values()), max(end for _, end in ranges.values())
    if sum(end - start for start, end in ranges.values()) != last - first:
        raise WeightsError(f"{url} has other tensors among features.*; get the whole file and run `stylejax weights convert`")
    moved = {name: entry | {"data_offsets": [place - first for place in ranges[name]]} for name, entry in features.items()}
    text = json.dumps(moved, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    return Piece(url, data + first, data + last, head=head, version=version, checked=False)
