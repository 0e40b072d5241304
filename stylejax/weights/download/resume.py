"""Resumable downloads: a file, or a range of it, over HTTP into a `.part` file.

`NAME.part.json` records the address and the version (ETag, Last-Modified, size) of the file that `NAME.part` was started
from. A later request asks for the rest under `If-Range`, and what arrives must be of the same version, whether or not the
server obeys the condition. A file that has changed starts again at its first byte, as does one from a server without range
requests. Redirects are followed, but never from https to http.

Broken connections, slow ones and responses 429 and 5xx are retried with pauses that double; the count restarts whenever an
attempt gets further than all before it. No more bytes are written than the file has or could have.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stylejax.errors import WeightsError
from stylejax.files.bounded_read import parse_json, read_bounded
from stylejax.weights.download.http import FileVersion, RangeResponse, Retries, RetryError, open_range, with_retries

ProgressCallback = Callable[[int, int | None], None]
"""Called with the bytes received and the total, which is None while unknown."""

MAX_FILE_SIZE = 1 << 30
"""Limit in bytes of a file whose size is not known; the VGG-19 with its classifier takes 575 million."""


@dataclass(frozen=True)
class RemoteRange:
    """What to download: bytes `first` to `last` (exclusive; None for the end) of `url`.

    Attributes:
        size: of the whole file in bytes, where known.
        head: bytes to write before the downloaded ones.
        version: of the file, where other bytes of it have been read already.
        has_checksum: whether a checksum will detect a mixture of two versions, so that a part may be resumed without a
            validator.
    """

    url: str
    first: int = 0
    last: int | None = None
    size: int | None = None
    head: bytes = b""
    version: FileVersion | None = None
    has_checksum: bool = True


def download(remote: RemoteRange, part: Path, *, on_progress: ProgressCallback, retries: Retries) -> None:
    """Download `remote` into the file `part`, resuming an earlier attempt.

    Raises:
        WeightsError: the server has no such file or a different one, the retries are used up or the disk is full; a part that
            can be resumed is kept.
    """
    try:
        with_retries(
            lambda: _attempt(remote, part, on_progress, retries.window),
            remote.url,
            retries,
            lambda: part.stat().st_size if part.exists() else 0,
        )
    except OSError as error:
        raise WeightsError(f"{part} cannot be written: {error.strerror}; make room or set STYLEJAX_CACHE") from None


def read_range(
    url: str, first: int, last: int, *, retries: Retries, version: FileVersion | None = None
) -> tuple[bytes, FileVersion]:
    """Read bytes `first` to `last` (exclusive) of a file, and its version, which must be `version` if that is given.

    Raises:
        WeightsError: the file ends before `first`, has another version, or cannot be read within the retries.
    """

    def attempt() -> tuple[bytes, FileVersion]:
        with open_range(url, first, last, window=retries.window) as response:
            if response.status == 416:
                raise WeightsError(f"{url} ends before byte {first}; it is not the published file")
            _check_version(url, version, response.version)
            return b"".join(_bytes(response, first, last - first)), response.version

    return with_retries(attempt, url, retries, lambda: 0)


def discard(part: Path) -> None:
    """Delete a part and its note."""
    part.unlink(missing_ok=True)
    _note_path(part).unlink(missing_ok=True)


def _attempt(remote: RemoteRange, part: Path, on_progress: ProgressCallback, window: float) -> None:
    """Request everything that is missing."""
    have, begun = _resumable(remote, part)
    if remote.last is not None and have == remote.last - remote.first:
        return
    start = remote.first + have
    with open_range(remote.url, start, remote.last, if_range=begun.if_range if have else "", window=window) as response:
        size = response.version.size
        continues = begun.same(response.version) or (remote.has_checksum and not begun.differs(response.version))
        if response.status == 416 and have and size == start and continues:
            return
        if response.status == 416 or (response.status == 206 and (response.first != start or (have and not continues))):
            discard(part)
            raise RetryError("the part did not fit the file")
        if remote.size is not None and size is not None and size != remote.size:
            discard(part)
            raise WeightsError(f"{remote.url} has {size} bytes and not {remote.size}: it is not the published file")
        _check_version(remote.url, remote.version, response.version)
        have = have if response.status == 206 else 0
        last = next((end for end in (remote.last, remote.size, size) if end is not None), None)
        wanted = None if last is None else last - remote.first
        if not have:
            part.write_bytes(remote.head)
            _note_path(part).write_text(json.dumps(_note(remote) | {"version": response.version}))
        with part.open("ab", buffering=0) as file:
            for chunk in _bytes(response, remote.first + have, None if wanted is None else wanted - have):
                have += len(chunk)
                if have > MAX_FILE_SIZE:
                    discard(part)
                    raise WeightsError(
                        f"{remote.url} sends more than {MAX_FILE_SIZE} bytes, more than any VGG-19 takes; check the address"
                    )
                file.write(chunk)
                on_progress(have, wanted)


def _check_version(url: str, wanted: FileVersion | None, found: FileVersion) -> None:
    """Raise WeightsError if bytes of two versions would be combined."""
    if wanted is not None and not wanted.same(found):
        raise WeightsError(f"{url} changed while it was being fetched; run the same command again")


def _bytes(response: RangeResponse, first: int, wanted: int | None) -> Iterator[bytes]:
    """The bytes of the response from position `first` of the file, `wanted` in all."""
    skip, received = first - response.first, 0
    if skip < 0:
        raise RetryError(f"the server sent the bytes from {response.first} on and not from {first} on")
    for chunk in response.body:
        dropped = min(skip, len(chunk))
        skip -= dropped
        useful = chunk[dropped:] if wanted is None else chunk[dropped : dropped + wanted - received]
        received += len(useful)
        yield useful
        if received == wanted:
            return
    if wanted is not None and received < wanted:
        raise RetryError(f"the connection ended after {received} of {wanted} bytes")


def _resumable(remote: RemoteRange, part: Path) -> tuple[int, FileVersion]:
    """How many bytes of the range the part holds, and their version."""
    nothing = 0, FileVersion()
    try:
        note = parse_json(read_bounded(_note_path(part)))
        with part.open("rb") as file:
            fits = file.read(len(remote.head)) == remote.head
        have = part.stat().st_size - len(remote.head)
        tag, modified, size, linked = note.pop("version")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return nothing
    begun = FileVersion(str(tag), str(modified), size, str(linked))
    too_long = remote.last is not None and have > remote.last - remote.first
    if note != _note(remote) or not fits or too_long or not (any(begun.validators) or remote.has_checksum):
        return nothing
    if remote.version is not None and not remote.version.same(begun):
        return nothing
    return have, begun


def _note(remote: RemoteRange) -> dict[str, str | int | None]:
    return {"url": remote.url, "first": remote.first, "last": remote.last}


def _note_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")
