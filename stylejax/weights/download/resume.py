"""A file, or a range of one, over HTTP into a `.part` that survives cuts, Ctrl-C and a new start of the program.

Beside `NAME.part` lies `NAME.part.json` with the address and the version (ETag, Last-Modified, size) of what the part was
begun with. A later request asks for the rest under `If-Range`, and what comes must be of that version, whatever the server
made of the condition: a file that has changed meanwhile comes anew from its first byte; so it does from a server that knows
no ranges. Redirects are followed, but never from https to http.

Cut connections, slow ones and answers 429 and 5xx are tried again, pausing twice as long each time; the count starts
anew whenever a try got further than all before it. No more is taken than the file has, or could have.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stylejax.errors import WeightsError
from stylejax.files.bounded_read import parse_json, read_bounded
from stylejax.weights.download.http import Answer, Retries, TryAgainError, Version, open_range, with_retries

Report = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes that there will be (None while that is not known)."""

LARGEST_FILE = 1 << 30
"""Bytes that are taken where the size is not known; the VGG-19 with its classifier has 575 million."""


@dataclass(frozen=True)
class Piece:
    """What to download: bytes `first` to `last` (not included; None for the end) of `url`.

    Attributes:
        size: what the whole file must measure, where that is known.
        head: bytes to put in front in the part.
        version: what the file must be, where other bytes of it have been read already.
        checked: whether a checksum will tell a mixture of two versions, so that a part may be resumed without
            validator.
    """

    url: str
    first: int = 0
    last: int | None = None
    size: int | None = None
    head: bytes = b""
    version: Version | None = None
    checked: bool = True


def download(piece: Piece, part: Path, *, report: Report, retries: Retries) -> None:
    """Bring `piece` into the file `part`, resuming what is there.

    Raises:
        WeightsError: the server has no such file or another one, the retries are used up or the disk is full; a part
            with which the same command can go on stays.
    """
    try:
        with_retries(
            lambda: _attempt(piece, part, report, retries.window),
            piece.url,
            retries,
            lambda: part.stat().st_size if part.exists() else 0,
        )
    except OSError as error:
        raise WeightsError(f"{part} cannot be written: {error.strerror}; make room or set STYLEJAX_CACHE") from None


def read_range(url: str, first: int, last: int, *, retries: Retries, version: Version | None = None) -> tuple[bytes, Version]:
    """Bytes `first` to `last` (not included) of a file, and its version, which must be `version` if that is given."""

    def attempt() -> tuple[bytes, Version]:
        with open_range(url, first, last, window=retries.window) as answer:
            if answer.status == 416:
                raise WeightsError(f"{url} ends before byte {first}; it is not the published file")
            _check_version(url, version, answer.version)
            return b"".join(_bytes(answer, first, last - first)), answer.version

    return with_retries(attempt, url, retries, lambda: 0)


def discard(part: Path) -> None:
    """Delete a part and what was noted about it."""
    part.unlink(missing_ok=True)
    _note_path(part).unlink(missing_ok=True)


def _attempt(piece: Piece, part: Path, report: Report, window: float) -> None:
    """Get all that is missing in one request."""
    have, begun = _resumable(piece, part)
    if piece.last is not None and have == piece.last - piece.first:
        return
    start = piece.first + have
    with open_range(piece.url, start, piece.last, begun.condition if have else "", window=window) as answer:
        size = answer.version.size
        continues = begun.same(answer.version) or (piece.checked and not begun.differs(answer.version))
        if answer.status == 416 and have and size == start and continues:
            return
        if answer.status == 416 or (answer.status == 206 and (answer.first != start or (have and not continues))):
            discard(part)
            raise TryAgainError("the part did not fit the file")
        if piece.size is not None and size is not None and size != piece.size:
            discard(part)
            raise WeightsError(f"{piece.url} has {size} bytes and not {piece.size}: it is not the published file")
        _check_version(piece.url, piece.version, answer.version)
        have = have if answer.status == 206 else 0
        last = next((end for end in (piece.last, piece.size, size) if end is not None), None)
        wanted = None if last is None else last - piece.first
        if not have:
            part.write_bytes(piece.head)
            _note_path(part).write_text(json.dumps(_note(piece) | {"version": answer.version}))
        with part.open("ab", buffering=0) as file:
            for chunk in _bytes(answer, piece.first + have, None if wanted is None else wanted - have):
                have += len(chunk)
                if have > LARGEST_FILE:
                    discard(part)
                    raise WeightsError(
                        f"{piece.url} sends more than {LARGEST_FILE} bytes, more than any VGG-19 takes; see what it is"
                    )
                file.write(chunk)
                report(have, wanted)


def _check_version(url: str, wanted: Version | None, found: Version) -> None:
    """Raise WeightsError where bytes of two versions would be put together."""
    if wanted is not None and not wanted.same(found):
        raise WeightsError(f"{url} changed while it was being fetched; run the same command again")


def _bytes(answer: Answer, first: int, wanted: int | None) -> Iterator[bytes]:
    """The answer's bytes from `first` of the file on, ending after `wanted`."""
    skip, received = first - answer.first, 0
    if skip < 0:
        raise TryAgainError(f"the server sent the bytes from {answer.first} on and not from {first} on")
    for chunk in answer.body:
        dropped = min(skip, len(chunk))
        skip -= dropped
        useful = chunk[dropped:] if wanted is None else chunk[dropped : dropped + wanted - received]
        received += len(useful)
        yield useful
        if received == wanted:
            return
    if wanted is not None and received < wanted:
        raise TryAgainError(f"the connection ended after {received} of {wanted} bytes")


def _resumable(piece: Piece, part: Path) -> tuple[int, Version]:
    """How many bytes of the piece the part has, and the version that they are of."""
    nothing = 0, Version()
    try:
        note = parse_json(read_bounded(_note_path(part)))
        with part.open("rb") as file:
            fits = file.read(len(piece.head)) == piece.head
        have = part.stat().st_size - len(piece.head)
        tag, modified, size, linked = note.pop("version")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return nothing
    begun = Version(str(tag), str(modified), size, str(linked))
    too_long = piece.last is not None and have > piece.last - piece.first
    if note != _note(piece) or not fits or too_long or not (any(begun.marks) or piece.checked):
        return nothing
    if piece.version is not None and not piece.version.same(begun):
        return nothing
    return have, begun


def _note(piece: Piece) -> dict[str, str | int | None]:
    return {"url": piece.url, "first": piece.first, "last": piece.last}


def _note_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")
