"""A file, or a range of one, over HTTP into a `.part` that survives cuts, Ctrl-C and a new start of the program.

Beside `NAME.part` lies `NAME.part.json` with the address and the validator (ETag or Last-Modified) of what the part was
begun with. A later request asks for the rest under `If-Range`, so a file that has changed meanwhile comes anew from its
first byte; so it does from a server that knows no ranges. Redirects are followed, but never from https to http.

Cut connections, time-outs and answers 429 and 5xx are tried again, pausing twice as long each time; the count starts
anew whenever a try got further than all before it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from stylejax.errors import WeightsError
from stylejax.model.http import Retries, TryAgainError, open_range, validator, whole_size, with_retries

Report = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes that there will be (None while that is not known)."""

_CHUNK = 1 << 14  # what a cut may lose


@dataclass(frozen=True)
class Piece:
    """What to download: bytes `first` to `last` (not included; None for the end) of `url`.

    Attributes:
        size: what the whole file must measure, where that is known.
        head: bytes to put in front in the part.
        checked: whether a checksum will tell a mixture of two versions, so that a part may be resumed without
            validator.
    """

    url: str
    first: int = 0
    last: int | None = None
    size: int | None = None
    head: bytes = b""
    checked: bool = True


def download(piece: Piece, part: Path, *, report: Report, retries: Retries) -> None:
    """Bring `piece` into the file `part`, resuming what is there.

    Raises:
        WeightsError: the server has no such file or another one, the retries are used up or the disk is full; a part
            with which the same command can go on stays.
    """

    def attempt() -> None:
        with requests.Session() as session:
            _attempt(session, piece, part, report)

    try:
        with_retries(attempt, piece.url, retries, lambda: part.stat().st_size if part.exists() else 0)
    except OSError as error:
        raise WeightsError(f"{part} cannot be written: {error.strerror}; make room or set STYLEJAX_CACHE") from None


def read_range(url: str, first: int, last: int, *, retries: Retries) -> tuple[bytes, int | None]:
    """Bytes `first` to `last` (not included) of a file, and the size of the whole file where the server tells it."""

    def attempt() -> tuple[bytes, int | None]:
        with requests.Session() as session, open_range(session, url, first, last) as response:
            skip = first if response.status_code == 200 else 0
            return b"".join(_body(response, skip, last - first)), whole_size(response)

    return with_retries(attempt, url, retries, lambda: 0)


def discard(part: Path) -> None:
    """Delete a part and what was noted about it."""
    part.unlink(missing_ok=True)
    _note_path(part).unlink(missing_ok=True)


def _attempt(session: requests.Session, piece: Piece, part: Path, report: Report) -> None:
    """Get all that is missing in one request."""
    have, condition = _resumable(piece, part)
    if piece.last is not None and have == piece.last - piece.first:
        return
    with open_range(session, piece.url, piece.first + have, piece.last, condition if have else "") as response:
        size, partial = whole_size(response), response.status_code == 206
        if response.status_code == 416 and have and size == piece.first + have:
            return
        starts = response.headers.get("Content-Range", "").startswith(f"bytes {piece.first + have}-")
        if response.status_code == 416 or (partial and not starts):
            discard(part)
            raise TryAgainError("the part did not fit the file")
        if piece.size is not None and size is not None and size != piece.size:
            discard(part)
            raise WeightsError(f"{piece.url} has {size} bytes and not {piece.size}: it is not the published file")
        have = have if partial else 0
        last = size if piece.last is None else piece.last
        wanted = None if last is None else last - piece.first
        if not have:
            part.write_bytes(piece.head)
            _note_path(part).write_text(json.dumps(_note(piece) | {"validator": validator(response)}))
        with part.open("ab", buffering=0) as file:
            for chunk in _body(response, 0 if partial else piece.first, None if wanted is None else wanted - have):
                file.write(chunk)
                have += len(chunk)
                report(have, wanted)


def _body(response: requests.Response, skip: int, wanted: int | None) -> Iterator[bytes]:
    """The answer's bytes without the first `skip`, ending after `wanted`."""
    received = 0
    for chunk in response.iter_content(_CHUNK):
        dropped = min(skip, len(chunk))
        skip -= dropped
        useful = chunk[dropped:] if wanted is None else chunk[dropped : dropped + wanted - received]
        received += len(useful)
        yield useful
        if received == wanted:
            return
    if wanted is not None and received < wanted:
        raise TryAgainError(f"the connection ended after {received} of {wanted} bytes")


def _resumable(piece: Piece, part: Path) -> tuple[int, str]:
    """How many bytes of the piece the part has, and the validator that they came under."""
    try:
        note = json.loads(_note_path(part).read_text())
        with part.open("rb") as file:
            fits = file.read(len(piece.head)) == piece.head
        have = part.stat().st_size - len(piece.head)
    except (FileNotFoundError, ValueError):
        return 0, ""
    condition = note.pop("validator", "") if isinstance(note, dict) else ""
    too_long = piece.last is not None and have > piece.last - piece.first
    if note != _note(piece) or not fits or too_long or not (condition or piece.checked):
        return 0, ""
    return have, condition


def _note(piece: Piece) -> dict[str, str | int | None]:
    return {"url": piece.url, "first": piece.first, "last": piece.last}


def _note_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")
