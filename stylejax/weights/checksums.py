"""Checksums of weight files."""

import hashlib
from pathlib import Path
from typing import NamedTuple

_CHUNK = 1 << 20


class Checksums(NamedTuple):
    """Hexadecimal checksums of one file: SHA-256, which stylejax records, and MD5, which Keras publishes."""

    sha256: str
    md5: str


def file_checksums(path: Path) -> Checksums:
    """Compute both checksums in one pass.

    Raises:
        OSError: the file cannot be read.
    """
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    return Checksums(sha256.hexdigest(), md5.hexdigest())
