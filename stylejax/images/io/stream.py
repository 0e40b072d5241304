"""Reading of pictures from pipes."""

import tempfile
from typing import BinaryIO

from stylejax.errors import ImageError
from stylejax.images.io.open_image import PIXEL_LIMIT
from stylejax.images.io.read import read_opened
from stylejax.images.picture import Picture

LIMIT = 2**30
"""Maximum number of bytes; a pipe has no known length and may never end."""


def read_stream(stream: BinaryIO, name: str, *, limit: int = PIXEL_LIMIT) -> Picture:
    """Read a picture with at most `limit` pixels from `stream` up to its end; messages call it `name`.

    Raises:
        ImageError: the stream is empty or longer than `LIMIT`, or as for `read_picture`.
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
        return read_opened(copy, name, limit=limit)
