"""A file, or a range of one, over HTTP into a `.part` that survives cuts, Ctrl-C and a new start of the program.

Beside `NAME.part` lies `NAME.part.json` with the address and the validator (ETag or Last-Modified) of what the part was
begun with. A later request asks for the rest under `If-Range`, so a file that has changed meanwhile comes anew from its
first byte. Cut connections, time-outs and answers 429 and 5xx are tried again, pausing twice as long each time; a try that
brought new bytes does not count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

Report = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes that there will be, where that is known."""

_CHUNK = 1 << 18
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Interrupted(Exception):
    """A try failed in a way that another try may mend."""


@dataclass(frozen=True)
class Retries:
    """How often a download is tried without a new byte arriving, and the first pause in seconds."""

    tries: int = 5
    pause: float = 1.0


@dataclass(frozen=True)
class Piece:
    """What to download: bytes `first` to `last` (not included; None for the end) of `url`.

    Attributes:
        size: what the whole file must measure, where that is known.
        head: bytes to put in front of them in the part.
        checked: whether a checksum will tell a mixture of two versions, so that a part without validator may be resumed.
    """

    url: str
    first: int = 0
    last: int | None = None
    size: int | None = None
    head: bytes = b""
    checked: bool = True


def download(piece: Piece, part: Path, *, report: Report, retries: Retries | None = None) -> None:
    """Bring `piece` into the file `part`, resuming what is there.

    Raises:
        WeightsError: the server has no such file or another one, or the retries are used up; the part is kept where
            the same command can go on with it.
    """
    retries = retries or Retries()

    def attempt() -> None:
        with requests.Session() as session:
            _attempt(session, piece, part, report)

    with_retries(attempt, piece.url, retries=retries, progress=lambda: part.stat().st_size if part.exists() else 0)


def discard(part: Path) -> None:
    """Delete a part and what was noted about it."""
    part.unlink(missing_ok=True)
    _note_path(part).unlink(missing_ok=True)


def with_retries[T](action: Callable[[], T], url: str, *, retries: Retries, progress: Callable[[], int]) -> T:
    """Run `action` again while the network fails it, until it brings no more bytes for `retries.tries` times."""
