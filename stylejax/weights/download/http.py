"""One HTTP exchange for a range of bytes, and how often to try it.

The server is asked by a thread of its own, which does nothing else: what goes wrong in it is the network's fault, of whatever
kind it is, and no server can hold the program up. A time-out of the socket counts from byte to byte, so one byte a minute
would pass it for ever; here so many bytes must come within so many seconds.
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

_CHUNK = 1 << 14  # what a cut may lose
_LEAST = 4 * _CHUNK  # what must come within the window
_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class TryAgainError(Exception):
    """A try failed in a way that another may mend."""


class TooSlowError(TryAgainError):
    """A try brought too little in its time."""


@dataclass(frozen=True)
class Retries:
    """How patient to be.

    Attributes:
        tries: how many in a row may bring next to nothing.
        pause: seconds after the first of these; each one more doubles them.
        window: seconds within which the next 64 KiB must come, or what there is.
    """

    tries: int = 5
    pause: float = 1.0
    window: float = 60.0


class Version(NamedTuple):
    """What tells one version of a file from another, each part empty or None where the server does not tell it.

    Attributes:
        tag: ETag.
        modified: Last-Modified.
        size: bytes of the whole file.
        linked: X-Linked-ETag, by which Hugging Face names the file that it redirects to.
    """

    tag: str = ""
    modified: str = ""
    size: int | None = None
    linked: str = ""

    @property
    def condition(self) -> str:
        """What `If-Range` may name this version by; empty when there is nothing."""
        return self.tag if self.tag.startswith('"') else self.modified

    @property
    def marks(self) -> tuple[str, str, str]:
        """What only one version has; all empty where the server tells nothing of the kind."""
        return self.tag, self.modified, self.linked

    def differs(self, other: "Version") -> bool:
        """Whether the two contradict each other."""
        pairs = zip(self, other, strict=True)
        return any(mine != theirs for mine, theirs in pairs if mine not in ("", None) and theirs not in ("", None))

    def same(self, other: "Version") -> bool:
        """Whether the two are certainly one."""
        return not self.differs(other) and any(mine and theirs for mine, theirs in zip(self.marks, other.marks, strict=True))


class Answer(NamedTuple):
    """What a server sends.

    Attributes:
        status: 200 (the whole file), 206 (a range of it) or 416 (there is no such range).
        version: of the file.
        first: the byte of the file that `body` begins with.
        body: the bytes.
    """

    status: int
    version: Version
    first: int
    body: Iterator[bytes]


def with_retries(action: Callable[[], Result], url: str, retries: Retries, progress: Callable[[], int]) -> Result:
    """Run `action` until it succeeds or fails for good.

    Raises:
        WeightsError: the request cannot work, or `retries.tries` tries in a row did not raise `progress()` by a chunk.
    """
    failures, furthest = 0, progress()
    while True:
        try:
            return action()
        except requests.exceptions.SSLError as error:
            check = " and ".join(["the clock", "the network", *_bundle_variables()])
            raise WeightsError(f"{url} cannot be trusted: {_reason(error)}; check {check}") from None
        except (*_CUT, TryAgainError) as error:
            worth = progress() - furthest >= _CHUNK and not isinstance(error, TooSlowError)
            failures = 1 if worth else failures + 1
            furthest = max(furthest, progress())
            if failures >= retries.tries:
                raise WeightsError(
                    f"{url} cannot be fetched, tried {retries.tries} times: {_reason(error)}; "
                    "check the network and run the same command again, it goes on where it stopped"
                ) from None
            time.sleep(retries.pause * 2 ** (failures - 1))
        except requests.RequestException as error:
            missing = [name for name in _bundle_variables() if not os.path.exists(os.environ[name])]  # noqa: PTH110
            remedy = f"; mend or unset {missing[0]}" if missing else ""
            raise WeightsError(f"{url} cannot be fetched: {_reason(error)}{remedy}") from None


@contextmanager
def open_range(url: str, first: int, last: int | None, condition: str = "", *, window: float) -> Iterator[Answer]:
    """Ask for bytes `first` to `last` (not included; None for the end) and yield the answer, its body not yet read.

    Args:
        url: http or https.
        first: first byte.
        last: byte after the last one.
        condition: a validator; the server sends the whole file when the file is another one by now.
        window: see `Retries`.

    Raises:
        TryAgainError: the server is busy, out of order, too slow, or makes no sense.
        WeightsError: there is no such file, or a redirect leaves https.
        requests.RequestException: anything else.
    """
    headers = {"Accept-Encoding": "identity"}
    if first or last is not None:
        headers["Range"] = f"bytes={first}-{'' if last is None else last - 1}"
    if condition:
        headers["If-Range"] = condition
    with closing(_in_time(_exchange(url, headers), window)) as items:
        yield _answer(url, next(items), items)


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
    """Close a redirect; requests would read its body, of whatever length, before it goes on."""
    if response.is_redirect:
        response.close()


def _in_time(source: Generator[Any], window: float) -> Generator[Any]:
    """What `source` yields, from a thread of its own, which is left to itself when it is no longer wanted or too slow."""
    came: queue.Queue[Any] = queue.Queue(16)
    over = threading.Event()

    def read() -> None:
        try:
            with closing(source):
                for item in source:
                    came.put(item)
                    if over.is_set():
                        return
            came.put(None)
        except requests.RequestException as error:
            came.put(error)
        except Exception as error:  # a host or a header that nobody has foreseen
            came.put(requests.RequestException(error))

    threading.Thread(target=read, daemon=True).start()
    until, received = time.monotonic() + window, 0
    try:
        while (item := _next(came, until - time.monotonic(), window, received)) is not None:
            yield item
            received += len(item) if isinstance(item, bytes) else 0
            if received >= _LEAST:
                until, received = time.monotonic() + window, 0
    finally:
        over.set()
        while not came.empty():  # so that the thread does not wait for room
            came.get()


def _next(came: queue.Queue[Any], left: float, window: float, received: int) -> Any:
    """What the thread has got next."""
    try:
        item = came.get(timeout=max(left, 0.0))
    except queue.Empty:
        raise TooSlowError(f"{received} bytes came within {window:g} seconds") from None
    if isinstance(item, Exception):
        raise item
    return item


def _answer(url: str, response: requests.Response, body: Iterator[bytes]) -> Answer:
    """What a response means."""
    hops = [*response.history, response]
    if url.startswith("https:") and not all(hop.url.startswith("https:") for hop in hops):
        raise WeightsError(f"{url} redirects to an address without https; nothing was taken from there")
    status = response.status_code
    if status == 429 or status >= 500:
        raise TryAgainError(f"the server answers {status}")
    if status not in (200, 206, 416):
        reason = printable(str(response.reason))
        raise WeightsError(f"{url} answers {status} ({reason}); get the file elsewhere and run `stylejax weights convert`")
    told = response.headers.get("Content-Range", "")
    first, size = 0, None
    if status != 200:
        match = re.fullmatch(r"bytes (?:(\d{1,15})-\d{1,15}|\*)/(\d{1,15}|\*)", told, re.ASCII)
        if match is None or (status == 206 and match[1] is None):
            raise TryAgainError(f"the server answers {status} with the Content-Range {printable(told)[:60]!r}")
        first, size = int(match[1] or 0), None if match[2] == "*" else int(match[2])
    elif "Content-Encoding" not in response.headers:
        length = response.headers.get("Content-Length", "")
        size = int(length) if re.fullmatch(r"\d{1,15}", length, re.ASCII) else None
    linked = next((hop.headers["X-Linked-ETag"] for hop in hops if "X-Linked-ETag" in hop.headers), "")
    version = Version(response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""), size, linked)
    return Answer(status, version, first, body)


def _bundle_variables() -> list[str]:
    """The variables that name other certificates than the usual ones, where one is set."""
    return [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)][:1]


def _reason(error: Exception) -> str:
    """The cause that stands at the end of requests' nested message, in one line."""
    text = " ".join(str(error).split()).rpartition("Caused by ")[2]
    text = re.sub(r"<[^>]*>|\w+\(host=[^)]*\): ", "", text)
    text = re.sub(r"""^\w+\(["'](.*)["']\)+$""", r"\1", text)
    return printable(text[:200]) or type(error).__name__
