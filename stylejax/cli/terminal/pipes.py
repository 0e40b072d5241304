"""Standard input and output in place of files of pictures."""

import os
import sys
from typing import BinaryIO

from stylejax.errors import StylejaxError
from stylejax.images.io.stream import read_stream
from stylejax.images.picture import Picture


def standard_input() -> Picture:
    """The picture that comes there.

    Raises:
        ImageError: none does, or too much for one.
    """
    with open(0, "rb", closefd=False) as file:
        return read_stream(file, "standard input")


def picture_output() -> BinaryIO:
    """Standard output, for the picture alone: whatever else would go there goes to standard error from now on."""
    sys.stdout.flush()
    output = os.fdopen(os.dup(1), "wb")
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return output


def send(data: bytes, output: BinaryIO) -> None:
    """Write it all.

    Raises:
        StylejaxError: nobody reads it to the end, or the disk is full.
    """
    try:
        output.write(data)
        output.flush()
    except OSError as problem:
        raise StylejaxError(f"standard output did not take the picture: {problem.strerror}; it is lost") from None
