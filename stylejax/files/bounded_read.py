"""Small files and the JSON in them, read without trust: in the place of a file may be a pipe, a device or an endless one."""

import json
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BufferedReader, FileIO
from typing import Any

MEBIBYTE = 2**20
MAX_BYTES = 64 * MEBIBYTE
"""Bytes that no record, profile or note comes near."""


class UnsuitableFileError(OSError):
    """There is something, and it is no ordinary file of a bounded size; `strerror` says what."""

    def __init__(self, told: str):
        super().__init__(None, told)

    def __str__(self) -> str:
        return self.strerror or ""


def read_bounded(path: str | os.PathLike[str], *, most: int = MAX_BYTES) -> bytes:
    """What an ordinary file of at most `most` bytes holds.

    Raises:
        UnsuitableFileError: it is a folder, a pipe, a device or a socket, or longer.
        OSError: it is not there, or cannot be read.
    """
    with BufferedReader(open_regular(path)) as file:
        data = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
    if data is None or len(data) > most:
        raise UnsuitableFileError(f"it has more than {most:,} bytes")
    return data


def open_regular(path: str | os.PathLike[str], *, append: bool = False) -> FileIO:
    """An ordinary file, open for reading; nothing else is waited for or read.

    Args:
        path: where it lies.
        append: open it for adding to its end, too, and make it if it is not there.

    Raises:
        UnsuitableFileError: it is a folder, a pipe, a device or a socket.
        OSError: it is not there, or cannot be read.
    """
    with suppress(FileNotFoundError):
        _check_ordinary(os.stat(path).st_mode)  # noqa: PTH116 - before it is opened: opening a device may do something
    how = os.O_RDWR | os.O_APPEND | os.O_CREAT if append else os.O_RDONLY
    descriptor = os.open(path, how | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o666)
    try:
        _check_ordinary(os.fstat(descriptor).st_mode)
        return FileIO(descriptor, "a+b" if append else "rb")
    except BaseException:
        os.close(descriptor)
        raise


def parse_json(text: str | bytes, *, pairs: Callable[[Iterable[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text; `pairs` makes each object in it, as `dict` does unless given.

    Raises:
        ValueError: it is none, or nested deeper than can be read.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _check_ordinary(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnsuitableFileError("it is a folder")
    if not stat.S_ISREG(mode):
        raise UnsuitableFileError("it is a device or a pipe")
