"""Pictures that come through a pipe instead of from a file."""

import tempfile
from typing import BinaryIO

from stylejax.errors import ImageError
from stylejax.images.io.read import read_opened
from stylejax.images.picture import Picture

LIMIT = 2**30
"""Bytes; a pipe does not tell how many there will be, and may never end."""


def read_stream(stream: BinaryIO, name: str) -> Picture:
    """Read a picture to the end of `stream`, which messages call `name`.

    Raises:
        ImageError: nothing comes, more than `LIMIT`, or what `read_picture` refuses of a file.
    """
    with tempfile.TemporaryFile() as copy:
        try:
            while copy.tell() <= LIMIT and (data := stream.read(2**20)):
                copy.write(data)
            size = copy.tell()
            copy.seek(0)
        except OSError as problem:
            raise ImageError(f"{name} cannot be read: {problem.strerror or problem}") from None
        if not size:
            raise ImageError(f"{name} is empty; wanted a picture")
        if size > LIMIT:
            raise ImageError(f"{name} has more than {LIMIT:,} bytes; give the picture as a file")
        return read_opened(copy, name)
