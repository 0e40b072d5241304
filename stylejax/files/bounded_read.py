"""Bounded reads of untrusted files and JSON: a path may lead to a pipe, a device or a file of any size."""

import json
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BufferedReader, FileIO
from typing import Any

MEBIBYTE = 2**20
MAX_BYTES = 64 * MEBIBYTE
"""Default limit in bytes, far above the size of any record, color profile or note."""


class UnsuitableFileError(OSError):
    """A path leads to something other than a regular file of bounded size; `strerror` says what."""

    def __init__(self, reason: str):
        super().__init__(None, reason)

    def __str__(self) -> str:
        return self.strerror or ""


def read_bounded(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a regular file of at most `max_bytes` bytes.

    Raises:
        UnsuitableFileError: it is a folder, a pipe, a device or a socket, or longer.
        OSError: it does not exist or cannot be read.
    """
    with BufferedReader(open_regular(path)) as file:
        data = file.read(max_bytes + 1) if os.fstat(file.fileno()).st_size <= max_bytes else None
    if data is None or len(data) > max_bytes:
        raise UnsuitableFileError(f"it has more than {max_bytes:,} bytes")
    return data


def open_regular(path: str | os.PathLike[str], *, append: bool = False) -> FileIO:
    """Open a regular file for reading; never block on, or read from, anything else.

    Args:
        path: the file.
        append: also open it for appending, and create it if it does not exist.

    Raises:
        UnsuitableFileError: it is a folder, a pipe, a device or a socket.
        OSError: it does not exist or cannot be read.
    """
    with suppress(FileNotFoundError):
        _check_regular(os.stat(path).st_mode)  # noqa: PTH116 - before opening: opening a device may have effects
    how = os.O_RDWR | os.O_APPEND | os.O_CREAT if append else os.O_RDONLY
    descriptor = os.open(path, how | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o666)
    try:
        _check_regular(os.fstat(descriptor).st_mode)
        return FileIO(descriptor, "a+b" if append else "rb")
    except BaseException:
        os.close(descriptor)
        raise


def parse_json(text: str | bytes, *, pairs: Callable[[Iterable[tuple[str, Any]]], Any] | None = None) -> Any:
    """Parse a JSON text.

    Args:
        text: the JSON.
        pairs: makes each object from its pairs; `dict` by default.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _check_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnsuitableFileError("it is a folder")
    if not stat.S_ISREG(mode):
        raise UnsuitableFileError("it is a device or a pipe")
