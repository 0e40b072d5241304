"""The byte range of the convolutions in a large safetensors file on a server.

Two small requests get the header (see `stylejax.weights.safetensors_header`). The tensors `features.*` are contiguous, and
with a header of their own they form a safetensors file again. For VGG-19 that is 80 MB of 575. All responses must come from
one version of the file.
"""

from typing import Any

from stylejax.errors import WeightsError
from stylejax.weights.download.http import FileVersion, Retries
from stylejax.weights.download.resume import MAX_FILE_SIZE, RemoteRange, read_range
from stylejax.weights.safetensors_header import METADATA, PREFIX, byte_range, encode_header, header_length, parse_header


def features_range(url: str, *, retries: Retries) -> RemoteRange:
    """The range that holds the tensors `features.*` of the safetensors file at `url`.

    Raises:
        WeightsError: the file cannot be fetched, is not safetensors, has no such tensors, its size differs from what its header
            states, or the server does not identify the version of the file.
    """
    prefix, version = read_range(url, 0, PREFIX, retries=retries)
    try:
        data = PREFIX + header_length(prefix)
    except ValueError as error:
        raise WeightsError(f"{url} is not a safetensors file: {error}") from None
    if not any(version.validators):
        raise WeightsError(
            f"{url} has neither ETag nor Last-Modified, so parts of two versions could be combined; "
            "download the whole file and run `stylejax weights convert`"
        )
    text, _ = read_range(url, PREFIX, data, retries=retries, version=version)
    try:
        header = parse_header(text)
        header.pop(METADATA, None)
        ranges = {name: byte_range(entry) for name, entry in header.items()}
        size = data + max(last for _, last in ranges.values())
    except ValueError:
        raise WeightsError(f"{url} is not a safetensors file: its header cannot be read") from None
    if version.size is not None and version.size != size:
        raise WeightsError(f"{url} has {version.size} bytes and its header states {size}: it is damaged")
    if size > MAX_FILE_SIZE:
        raise WeightsError(f"{url} has {size} bytes by its header, more than any VGG-19 takes; check the address")
    features = {name: header[name] for name in header if name.startswith("features.")}
    return _range_of(url, data, features, {name: ranges[name] for name in features}, version)


def _range_of(
    url: str, data: int, features: dict[str, Any], ranges: dict[str, tuple[int, int]], version: FileVersion
) -> RemoteRange:
    """The range from the first to the last of `features`, and the header that makes it a file."""
    if not features:
        raise WeightsError(f"{url} has no tensors features.*; it is not a VGG-19 with torchvision's names")
    first, last = min(start for start, _ in ranges.values()), max(end for _, end in ranges.values())
    if sum(end - start for start, end in ranges.values()) != last - first:
        raise WeightsError(
            f"{url} has other tensors among features.*; download the whole file and run `stylejax weights convert`"
        )
    moved = {name: entry | {"data_offsets": [place - first for place in ranges[name]]} for name, entry in features.items()}
    return RemoteRange(url, data + first, data + last, head=encode_header(moved), version=version, has_checksum=False)
