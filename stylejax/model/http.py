"""One HTTP request for a range of bytes, and how often to try it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import requests

from stylejax.errors import WeightsError

Result = TypeVar("Result")

_TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
_CUT = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class TryAgainError(Exception):
    """A try failed in a way that another may mend."""


@dataclass(frozen=True)
class Retries:
    """How many tries in a row may bring nothing new, and the first pause between them in seconds."""

    tries: int = 5
    pause: float = 1.0


def with_retries(action: Callable[[], Result], url: str, retries: Retries, progress: Callable[[], int]) -> Result:
    """Run `action` until it succeeds or fails for good.

    Raises:
        WeightsError: the request cannot work, or `retries.tries` tries in a row did not raise `progress()`.
    """
    failures, furthest = 0, progress()
    while True:
        try:
            return action()
        except requests.exceptions.SSLError as error:
            raise WeightsError(f"{url} cannot be trusted: {_reason(error)}; check the clock and the network") from None
        except (*_CUT, TryAgainError) as error:
            failures = 1 if progress() > furthest else failures + 1
            furthest = max(furthest, progress())
            if failures >= retries.tries:
                raise WeightsError(
                    f"{url} cannot be fetched, tried {retries.tries} times: {_reason(error)}; "
                    "check the network and run the same command again, it goes on where it stopped"
                ) from None
            time.sleep(retries.pause * 2 ** (failures - 1))
        except requests.RequestException as error:
            raise WeightsError(f"{url} cannot be fetched: {_reason(error)}") from None


def open_range(session: requests.Session, url: str, first: int, last: int | None, condition: str = "") -> requests.Response:
    """Ask for bytes `first` to `last` (not included; None for the end) and return the answer, its body not yet read.

    Args:
        session: closes the connection when it is closed.
        url: http or https.
        first: first byte.
        last: byte after the last one.
        condition: a validator; the server sends the whole file when the file is another one by now.

    Returns:
        An answer 200 (the whole file), 206 (the range) or 416 (there is no such range).

    Raises:
        TryAgainError: the server is busy or out of order.
        WeightsError: there is no such file, or a redirect leaves https.
    """
    headers = {"Accept-Encoding": "identity"}
    if first or last is not None:
        headers["Range"] = f"bytes={first}-{'' if last is None else last - 1}"
    if condition:
        headers["If-Range"] = condition
    response = session.get(url, headers=headers, stream=True, timeout=_TIMEOUT)
    hops = [*response.history, response]
    if url.startswith("https:") and not all(hop.url.startswith("https:") for hop in hops):
        raise WeightsError(f"{url} redirects to an address without https; nothing was taken from there")
    status = response.status_code
    if status == 429 or status >= 500:
        raise TryAgainError(f"the server answers {status}")
    if status not in (200, 206, 416):
        raise WeightsError(
            f"{url} answers {status} ({response.reason}); get the file elsewhere and run `stylejax weights convert`"
        )
    return response


def whole_size(response: requests.Response) -> int | None:
    """Bytes of the whole file, where the answer tells them."""
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
    else:
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(length) if length.isdigit() else None


def validator(response: requests.Response) -> str:
    """What `If-Range` may name this version of the file by; empty when there is nothing."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _reason(error: Exception) -> str:
    """The cause that stands at the end of requests' nested message, in one line."""
    text = " ".join(str(error).split()).rpartition("Caused by ")[2]
    text = re.sub(r"<[^>]*>|\w+\(host=[^)]*\): ", "", text)
    text = re.sub(r"""^\w+\(["'](.*)["']\)+$""", r"\1", text)
    return text[:200] or type(error).__name__
