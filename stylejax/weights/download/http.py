"""An HTTP request for a range of bytes, and its retries.

A separate thread talks to the server and does nothing else: any error in it is the network's, and no server can block the
program. A socket time-out applies between two bytes, so a server that sends one byte a minute would never exceed it; here a
minimum number of bytes must arrive within a window of time.
"""

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import requests

from stylejax.errors import WeightsError
from stylejax.files.file_names import printable

Result = TypeVar("Result")

_CHUNK = 1 << 14  # bytes that a cut connection may lose
_MIN_BYTES = 4 * _CHUNK  # bytes that must arrive within the window
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class RetryError(Exception):
    """An attempt failed in a way that another may not."""


class SlowResponseError(RetryError):
    """An attempt received too few bytes in its window."""


@dataclass(frozen=True)
class Retries:
    """How often, and for how long, to try.

    Attributes:
        tries: consecutive attempts without progress before giving up.
        pause: seconds after the first of them; doubled after each further one.
        window: seconds within which the next 64 KiB, or the rest, must arrive.
    """

    tries: int = 5
    pause: float = 1.0
    window: float = 60.0


class FileVersion(NamedTuple):
    """What identifies a version of a file on a server; parts that the server does not state are empty or None.

    Attributes:
        tag: ETag.
        modified: Last-Modified.
        size: bytes of the whole file.
        linked: X-Linked-ETag, with which Hugging Face identifies the file that it redirects to.
    """

    tag: str = ""
    modified: str = ""
    size: int | None = None
    linked: str = ""

    @property
    def if_range(self) -> str:
        """The value of an `If-Range` header for this version; empty if there is none."""
        return self.tag if self.tag.startswith('"') else self.modified

    @property
    def validators(self) -> tuple[str, str, str]:
        """The parts that no other version shares; all empty if the server states none."""
        return self.tag, self.modified, self.linked

    def differs(self, other: "FileVersion") -> bool:
        """Whether the two certainly are different versions."""
        pairs = zip(self, other, strict=True)
        return any(mine != theirs for mine, theirs in pairs if mine not in ("", None) and theirs not in ("", None))

    def same(self, other: "FileVersion") -> bool:
        """Whether the two certainly are the same version."""
        return not self.differs(other) and any(
            mine and theirs for mine, theirs in zip(self.validators, other.validators, strict=True)
        )


class RangeResponse(NamedTuple):
    """A server's response to a request for a range.

    Attributes:
        status: 200 (the whole file), 206 (a range of it) or 416 (there is no such range).
        version: of the file.
        first: position in the file of the first byte of `body`.
        body: the bytes.
    """

    status: int
    version: FileVersion
    first: int
    body: Iterator[bytes]


def with_retries(action: Callable[[], Result], url: str, retries: Retries, progress: Callable[[], int]) -> Result:
    """Run `action` until it succeeds or fails permanently.

    Args:
        action: one attempt.
        url: for messages.
        retries: how often to try.
        progress: returns the bytes received so far; an attempt that adds a chunk or more resets the count of attempts.

    Raises:
        WeightsError: the request cannot work, or `retries.tries` consecutive attempts made no progress.
    """
    failures, furthest = 0, progress()
    while True:
        try:
            return action()
        except requests.exceptions.SSLError as error:
            check = " and ".join(["the clock", "the network", *_bundle_variables()])
            raise WeightsError(f"{url} cannot be trusted: {_reason(error)}; check {check}") from None
        except (*_CUT, RetryError) as error:
            progressed = progress() - furthest >= _CHUNK and not isinstance(error, SlowResponseError)
            failures = 1 if progressed else failures + 1
            furthest = max(furthest, progress())
            if failures >= retries.tries:
                raise WeightsError(
                    f"{url} cannot be fetched, tried {retries.tries} times: {_reason(error)}; "
                    "check the network and run the same command again, it continues where it stopped"
                ) from None
            time.sleep(retries.pause * 2 ** (failures - 1))
        except requests.RequestException as error:
            missing = [name for name in _bundle_variables() if not os.path.exists(os.environ[name])]  # noqa: PTH110
            remedy = f"; correct or unset {missing[0]}" if missing else ""
            raise WeightsError(f"{url} cannot be fetched: {_reason(error)}{remedy}") from None


@contextmanager
def open_range(url: str, first: int, last: int | None, *, if_range: str = "", window: float) -> Iterator[RangeResponse]:
    """Request bytes `first` to `last` (exclusive; None for the end) and yield the response, its body not yet read.

    Args:
        url: http or https.
        first: first byte.
        last: byte after the last one.
        if_range: a validator; the server sends the whole file if the file has changed.
        window: see `Retries`.

    Raises:
        RetryError: the server is busy, out of order or too slow, or its response is malformed.
        WeightsError: there is no such file, or a redirect leaves https.
        requests.RequestException: anything else.
    """
    headers = {"Accept-Encoding": "identity"}
    if first or last is not None:
        headers["Range"] = f"bytes={first}-{'' if last is None else last - 1}"
    if if_range:
        headers["If-Range"] = if_range
    with closing(_in_time(_exchange(url, headers), window)) as items:
        yield _interpret(url, next(items), items)


def _exchange(url: str, headers: dict[str, str]) -> Generator[Any]:
    """The response, then its body."""
    hooks = {"response": _leave_unread}
    with (
        requests.Session() as session,
        session.get(url, headers=headers, stream=True, timeout=_TIMEOUT, hooks=hooks) as response,
    ):
        yield response
        yield from response.iter_content(_CHUNK)


def _leave_unread(response: requests.Response, **_: object) -> None:
    """Close a redirect; requests would read its body, of any length, before following it."""
    if response.is_redirect:
        response.close()


def _in_time(source: Generator[Any], window: float) -> Generator[Any]:
    """Iterate over `source` in a thread of its own, which is abandoned when it is too slow or no longer needed."""
    items: queue.Queue[Any] = queue.Queue(16)
    over = threading.Event()

    def read() -> None:
        try:
            with closing(source):
                for item in source:
                    items.put(item)
                    if over.is_set():
                        return
            items.put(None)
        except requests.RequestException as error:
            items.put(error)
        except Exception as error:  # an unforeseen host or header
            items.put(requests.RequestException(error))

    threading.Thread(target=read, daemon=True).start()
    until, received = time.monotonic() + window, 0
    try:
        while (item := _next(items, until - time.monotonic(), window, received)) is not None:
            yield item
            received += len(item) if isinstance(item, bytes) else 0
            if received >= _MIN_BYTES:
                until, received = time.monotonic() + window, 0
    finally:
        over.set()
        while not items.empty():  # so that the thread does not block on a full queue
            items.get()


def _next(items: queue.Queue[Any], left: float, window: float, received: int) -> Any:
    """The next item from the thread."""
    try:
        item = items.get(timeout=max(left, 0.0))
    except queue.Empty:
        raise SlowResponseError(f"{received} bytes came within {window:g} seconds") from None
    if isinstance(item, Exception):
        raise item
    return item


def _interpret(url: str, response: requests.Response, body: Iterator[bytes]) -> RangeResponse:
    """The response as a `RangeResponse`."""
    hops = [*response.history, response]
    if url.startswith("https:") and not all(hop.url.startswith("https:") for hop in hops):
        raise WeightsError(f"{url} redirects to an address without https; nothing was taken from there")
    status = response.status_code
    if status == 429 or status >= 500:
        raise RetryError(f"the server answers {status}")
    if status not in (200, 206, 416):
        reason = printable(str(response.reason))
        raise WeightsError(f"{url} answers {status} ({reason}); get the file elsewhere and run `stylejax weights convert`")
    content_range = response.headers.get("Content-Range", "")
    first, size = 0, None
    if status != 200:
        match = re.fullmatch(r"bytes (?:(\d{1,15})-\d{1,15}|\*)/(\d{1,15}|\*)", content_range, re.ASCII)
        if match is None or (status == 206 and match[1] is None):
            raise RetryError(f"the server answers {status} with the Content-Range {printable(content_range)[:60]!r}")
        first, size = int(match[1] or 0), None if match[2] == "*" else int(match[2])
    elif "Content-Encoding" not in response.headers:
        length = response.headers.get("Content-Length", "")
        size = int(length) if re.fullmatch(r"\d{1,15}", length, re.ASCII) else None
    linked = next((hop.headers["X-Linked-ETag"] for hop in hops if "X-Linked-ETag" in hop.headers), "")
    version = FileVersion(response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""), size, linked)
    return RangeResponse(status, version, first, body)


def _bundle_variables() -> list[str]:
    """The environment variable that names a certificate bundle, if one is set."""
    return [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)][:1]


def _reason(error: Exception) -> str:
    """The cause at the end of requests' nested message, in one line."""
    text = " ".join(str(error).split()).rpartition("Caused by ")[2]
    text = re.sub(r"<[^>]*>|\w+\(host=[^)]*\): ", "", text)
    text = re.sub(r"""^\w+\(["'](.*)["']\)+$""", r"\1", text)
    return printable(text[:200]) or type(error).__name__
