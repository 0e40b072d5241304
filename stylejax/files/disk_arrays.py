"""Arrays in a file of the cache folder instead of memory, for what is large and is read in parts.

The file has no name, so that it is gone with the process, however that ends. Its room is reserved at once: once it is mapped, a
full disk would end the process without an error.
"""

import math
import os
import shutil
import tempfile
from typing import IO

import numpy as np

from stylejax.errors import StylejaxError
from stylejax.files.cache import arrays_folder, cache_folder, private_folder

_BLOCK = 2**24


def disk_room() -> int:
    """Bytes that are free where the arrays would be; 0 where that is unknown."""
    folder = next((folder for folder in (cache_folder(), *cache_folder().parents) if folder.exists()), None)
    try:
        return 0 if folder is None else shutil.disk_usage(folder).free
    except OSError:
        return 0


def disk_zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array of zeros on disk, which changes there.

    Raises:
        StylejaxError: there is no room, or the folder cannot be made.
    """
    folder, size = private_folder(arrays_folder()), math.prod(shape) * dtype.itemsize
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            reserve(file, size)
            return np.memmap(file, dtype, mode="r+", shape=shape)
    except OSError as problem:
        raise StylejaxError(
            f"{folder} has no room for {size / 2**30:.2f} GiB: {problem.strerror}; make room or set STYLEJAX_CACHE to another"
        ) from None


def on_disk(array: np.ndarray) -> np.ndarray:
    """A copy on disk."""
    copy = disk_zeros(array.shape, array.dtype)
    copy[...] = array
    return copy


def reserve(file: IO[bytes], size: int) -> None:
    """Make a file of zeros that takes its room."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, _BLOCK):
        file.write(bytes(min(_BLOCK, size - start)))
    file.flush()
