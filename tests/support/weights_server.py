"""A local HTTP server that serves one file and misbehaves on request."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal


@dataclass
class Behavior:
    """What the server does, and what it was asked.

    Attributes:
        content: the file.
        statuses: answers to give instead, one for each request, before it serves the file.
        cut_after: bytes of body after which the connection is dropped, one for each request; then none.
        length: what Content-Length says instead of the truth.
        ranges: whether Range is understood.
        tag: the ETag, empty for none.
        conditions: whether If-Range is supported.
        headers: what to send beside the other headers of a body, or in their place; None for not at all.
        later: content and tag from the next request on, one pair for each request.
        linked: X-Linked-ETag of a redirect before each request.
        redirects: how many more requests are sent on to the same file.
        location: where to.
        endless: `bodies`: a body comes again and again, its length untold, until the client goes; `redirects`: their bodies.
        drip: seconds between any two bytes of a body.
        slow: set to hold every body back after its first half until the event is set.
        requests: the headers Range and If-Range of each request for the file.
        sent: bytes of bodies sent.
    """

    content: bytes
    statuses: list[int] = field(default_factory=list)
    cut_after: list[int] = field(default_factory=list)
    length: int | None = None
    ranges: bool = True
    tag: str = '"one"'
    conditions: bool = True
    headers: dict[str, str | None] = field(default_factory=dict)
    later: list[tuple[bytes, str]] = field(default_factory=list)
    linked: str = ""
    redirects: int = 0
    location: str = "/moved"
    endless: Literal["", "bodies", "redirects"] = ""
    drip: float = 0.0
    slow: threading.Event | None = None
    requests: list[tuple[str | None, str | None]] = field(default_factory=list)
    sent: int = 0


@contextmanager
def serving(behavior: Behavior) -> Iterator[str]:
    """The address of the file on a server that behaves so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:  # quiet
            pass

        def do_GET(self) -> None:
            if behavior.redirects:
                behavior.redirects -= 1
                endless = behavior.endless == "redirects"
                self._answer(302, {"Location": behavior.location} | ({} if endless else {"Content-Length": "0"}))
                while endless and not self.close_connection:
                    self._write(bytes(10_000))
                return
            if behavior.linked and self.path == "/file":
                self._answer(302, {"Location": "/moved", "X-Linked-ETag": behavior.linked, "Content-Length": "0"})
                return
            behavior.requests.append((self.headers["Range"], self.headers["If-Range"]))
            if behavior.statuses:
                self._answer(behavior.statuses.pop(0), {"Content-Length": "0"})
                return
            first, last = self._wanted()
            total = len(behavior.content)
            headers = {"ETag": behavior.tag} if behavior.tag else {}
            if first >= total:
                self._answer(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
                return
            body = behavior.content[first:last]
            headers["Content-Length"] = str(len(body) if behavior.length is None else behavior.length)
            if (first, last) != (0, total):
                headers["Content-Range"] = f"bytes {first}-{last - 1}/{total}"
            status = 206 if "Content-Range" in headers else 200
            changed = headers | behavior.headers | ({"Content-Length": None} if behavior.endless == "bodies" else {})
            if behavior.later:
                behavior.content, behavior.tag = behavior.later.pop(0)
            self._answer(status, {key: value for key, value in changed.items() if value is not None})
            self._send(body)

        def _answer(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()

        def _wanted(self) -> tuple[int, int]:
            match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
            stale = behavior.conditions and self.headers["If-Range"] not in (None, behavior.tag)
            if not match or not behavior.ranges or stale:
                return 0, len(behavior.content)
            return int(match[1]), min(int(match[2]) + 1 if match[2] else 1 << 60, len(behavior.content))

        def _send(self, body: bytes) -> None:
            if behavior.slow:
                self._write(body[: len(body) // 2])
                behavior.slow.wait(20)
                body = body[len(body) // 2 :]
            if behavior.cut_after:
                body = body[: behavior.cut_after.pop(0)]
                self.close_connection = True
            if behavior.drip:
                while body and not self.close_connection:
                    self._write(body[:1])
                    body = body[1:]
                    time.sleep(behavior.drip)
            self._write(body)
            while behavior.endless == "bodies" and not self.close_connection:
                self._write(body)
            if behavior.length is not None or "Content-Length" in behavior.headers:
                self.close_connection = True

        def _write(self, body: bytes) -> None:
            try:
                self.wfile.write(body)
                behavior.sent += len(body)
            except OSError:  # the client has gone
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/file"
    finally:
        server.shutdown()
        server.server_close()
