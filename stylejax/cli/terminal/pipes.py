"""Pictures from standard input and to standard output."""

import os
import sys
from typing import BinaryIO

from stylejax.errors import StylejaxError
from stylejax.images.io.stream import read_stream
from stylejax.images.picture import Picture


def standard_input(limit: int) -> Picture:
    """Read a picture of at most `limit` pixels from standard input.

    Raises:
        ImageError: there is none, or it is too large.
    """
    with open(0, "rb", closefd=False) as file:
        return read_stream(file, "standard input", limit=limit)


def picture_output() -> BinaryIO:
    """Reserve standard output for the picture; all other output goes to standard error from now on."""
    sys.stdout.flush()
    output = os.fdopen(os.dup(1), "wb")
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return output


def send(data: bytes, output: BinaryIO) -> None:
    """Write all of `data`.

    Raises:
        StylejaxError: the reader has closed the pipe, or the disk is full.
    """
    try:
        output.write(data)
        output.flush()
    except OSError as problem:
        raise StylejaxError(f"standard output did not take the picture: {problem.strerror}; it is lost") from None
