"""Files of metadata and arrays under one checksum.

    KIND SHA-256⏎     header line; the checksum covers the kind and every byte that follows
    npz               the arrays, and the metadata as JSON in `facts`

Both parts are in one file that is written atomically, so a file never combines the metadata of one state with the arrays of
another. Nothing is parsed before the checksum matches, and nothing is unpickled.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from stylejax.errors import StylejaxError
from stylejax.files.atomic import write_atomically

_METADATA = "facts"


class ChecksumError(StylejaxError):
    """The content of a file does not match its checksum."""


def write_checksummed(path: Path, kind: str, metadata: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file atomically.

    Args:
        path: the file to create or replace; missing folders are created.
        kind: one line of ASCII that identifies the file type.
        metadata: values that JSON can hold, and non-finite numbers.
        arrays: by name.

    Raises:
        OSError: the file cannot be written, or the disk is full.
    """
    with write_atomically(path) as file:
        header = _header(kind, hashlib.sha256())
        file.write(header)
        everything: dict[str, Any] = {_METADATA: np.frombuffer(json.dumps(metadata).encode(), np.uint8), **arrays}
        np.savez(file, **everything)
        file.seek(len(header))
        header = _header(kind, _digest(kind, file))
        file.seek(0)
        file.write(header)


def read_kind(path: Path) -> str:
    """The file type named in the header; empty if there is no file or it has no such header."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return _read_header(file)[0]


def read_checksummed(
    path: Path, *, place: Callable[[np.ndarray], np.ndarray] = lambda array: array
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read the metadata and the arrays.

    Args:
        path: the file.
        place: takes each array before the next one is read, and returns what stands for it.

    Raises:
        ChecksumError: the file is damaged.
        StylejaxError: from `place`.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        kind, checksum = _read_header(file)
        begin = file.tell()
        if not kind or _digest(kind, file).hexdigest() != checksum:
            raise ChecksumError(f"{path} is damaged")
        file.seek(begin)
        try:
            with np.load(file, allow_pickle=False) as archive:
                metadata = json.loads(archive[_METADATA].tobytes())
                arrays = {name: place(archive[name]) for name in archive.files if name != _METADATA}
        except StylejaxError:  # of `place`
            raise
        except Exception:  # written by another program: the readers of zip, npy and JSON raise many kinds
            raise ChecksumError(f"{path} is damaged") from None
    if not isinstance(metadata, dict):
        raise ChecksumError(f"{path} is damaged")
    return metadata, arrays


def _header(kind: str, digest: Any) -> bytes:
    return f"{kind} {digest.hexdigest()}\n".encode("ascii")


def _read_header(file: BinaryIO) -> tuple[str, str]:
    kind, _, digest = file.readline(1024).decode("ascii", errors="replace").rstrip("\n").rpartition(" ")
    return (kind, digest) if len(digest) == 64 else ("", "")


def _digest(kind: str, file: BinaryIO) -> Any:
    """The digest of the kind and of the rest of the file."""
    return hashlib.file_digest(file, lambda: hashlib.sha256(kind.encode()))  # pyright: ignore[reportArgumentType]
