"""Facts and arrays in one file that is believed as a whole or not at all.

    KIND SHA-256⏎     the seal: of the kind and of every byte that follows
    npz               the arrays, and the facts as JSON in `facts`

Because both are in one file, and it appears whole or not at all, a file never holds one state's facts and another's arrays.
Nothing in it is looked at before its seal is right, and nothing is unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from stylejax.errors import StylejaxError
from stylejax.files.atomic import write_atomically

_FACTS = "facts"


class ChecksumError(StylejaxError):
    """The file is not as it was written."""


def write_checksummed(path: Path, kind: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file whole or not at all.

    Args:
        path: the file to make or replace; missing folders are made.
        kind: one line of ASCII that says what it is.
        facts: what JSON can hold, and numbers that are not finite.
        arrays: by name.

    Raises:
        OSError: it cannot be written, or the disk is full.
    """
    with write_atomically(path) as file:
        seal = _seal(kind, hashlib.sha256())
        file.write(seal)
        everything: dict[str, Any] = {_FACTS: np.frombuffer(json.dumps(facts).encode(), np.uint8), **arrays}
        np.savez(file, **everything)
        file.seek(len(seal))
        seal = _seal(kind, _digest(kind, file))
        file.seek(0)
        file.write(seal)


def read_kind(path: Path) -> str:
    """What the file says that it is; empty where there is none, or none that is sealed."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return _read_seal(file)[0]


def read_checksummed(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The facts and the arrays.

    Raises:
        ChecksumError: it is not as it was written.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        kind, seal = _read_seal(file)
        begin = file.tell()
        if not kind or _digest(kind, file).hexdigest() != seal:
            raise ChecksumError(f"{path} is damaged")
        file.seek(begin)
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays = dict(archive)
            facts = json.loads(arrays.pop(_FACTS).tobytes())
        except Exception:  # sealed by somebody else's program: zip, npy and JSON each raise whatever trips them
            raise ChecksumError(f"{path} is damaged") from None
    if not isinstance(facts, dict):
        raise ChecksumError(f"{path} is damaged")
    return facts, arrays


def _seal(kind: str, digest: Any) -> bytes:
    return f"{kind} {digest.hexdigest()}\n".encode("ascii")


def _read_seal(file: BinaryIO) -> tuple[str, str]:
    kind, _, digest = file.readline(1024).decode("ascii", errors="replace").rstrip("\n").rpartition(" ")
    return (kind, digest) if len(digest) == 64 else ("", "")


def _digest(kind: str, file: BinaryIO) -> Any:
    """The digest of the kind and of what follows in the file."""
    return hashlib.file_digest(file, lambda: hashlib.sha256(kind.encode()))  # pyright: ignore[reportArgumentType]
