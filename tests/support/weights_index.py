"""A package index on this machine, for a real pip, with one wheel."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Index:
    """What is served, and what was asked for.

    Attributes:
        wheel: the one file.
        hold: set to hold the file back after its first half until the event is set.
        paths: what was asked for.
    """

    wheel: Path
    hold: threading.Event | None = None
    paths: list[str] = field(default_factory=list)


@contextmanager
def indexing(index: Index) -> Iterator[str]:
    """The address of the index."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:  # quiet
            pass

        def do_GET(self) -> None:
            index.paths.append(self.path)
            name = index.wheel.name
            if self.path.endswith(name):
                body, kind = index.wheel.read_bytes(), "application/octet-stream"
            elif self.path == f"/simple/{name.partition('-')[0]}/":
                body, kind = (
                    f'<!DOCTYPE html><html><body><a href="/files/{name}">{name}</a></body></html>'.encode(),
                    "text/html",
                )
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                if index.hold and self.path.endswith(name):
                    self.wfile.write(body[: len(body) // 2])
                    body = body[len(body) // 2 :]
                    index.hold.wait(20)
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Set pip to this index and to nothing else, without patience."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = {"CONFIG_FILE": os.devnull, "INDEX_URL": url, "RETRIES": "0", "DEFAULT_TIMEOUT": "5", "NO_CACHE_DIR": "1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
