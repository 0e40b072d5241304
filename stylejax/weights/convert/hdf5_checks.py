"""Checks of an untrusted HDF5 file before its arrays are read.

HDF5 can take an array from other files, and can store it in compressed chunks, which the library decompresses whole, however
small the array is. Here only arrays in the file itself are read, and only up to the size that they state.
"""

import math
import zlib
from typing import Any

import h5py
from h5py import h5l, h5z  # pyright: ignore[reportAttributeAccessIssue]

from stylejax.errors import WeightsError
from stylejax.network.layers import LARGEST

_DEFLATE, _SHUFFLE, _CHECKSUM = h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32


def check_own(file: h5py.Group, name: str) -> None:
    """Raise WeightsError if `name` in the file is a link to another place."""
    links = file.id.links  # unlike `in` and `get`, this follows no link
    if links.exists(name.encode()) and links.get_info(name.encode()).type != h5l.TYPE_HARD:
        raise WeightsError(f"{name} in the file is a link; only arrays in the file itself are read")


def check_dataset(dataset: h5py.Dataset) -> None:
    """Check how an array is stored, before it is read.

    Raises:
        WeightsError: it points at other files, is stored in an unsupported way, or would decompress to more than its size.
    """
    if dataset.external or dataset.is_virtual:
        raise WeightsError(f"{dataset.name} in the file points at other files; only arrays in the file itself are read")
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]
    if not set(filters) <= {_DEFLATE, _SHUFFLE, _CHECKSUM} or filters.count(_DEFLATE) > 1:
        raise WeightsError(f"{dataset.name} in the file is compressed in a way that is not read; save it without compression")
    if dataset.chunks is None:
        return
    room = math.prod(dataset.chunks)
    if room > LARGEST:
        raise WeightsError(
            f"{dataset.name} in the file has chunks of {dataset.chunks}: that is larger than any layer of VGG-19"
        )
    if _DEFLATE in filters:
        _check_chunks(dataset, room * dataset.dtype.itemsize)


def _check_chunks(dataset: h5py.Dataset, room: int) -> None:
    """Decompress every chunk up to one byte more than its stated size."""
    places: list[Any] = []
    dataset.id.chunk_iter(lambda chunk: places.append(chunk.chunk_offset))
    for place in places:
        skipped, stored = dataset.id.read_direct_chunk(place)
        if not skipped and len(zlib.decompressobj().decompress(stored, room + 1)) > room:
            raise WeightsError(f"{dataset.name} in the file unpacks into more than it has; get it again")
