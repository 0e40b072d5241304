"""The server of a page: a thread beside the painting that ends with it and never keeps the process alive."""

import secrets
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from stylejax.errors import StylejaxError
from stylejax.preview.access import Access
from stylejax.preview.connections import Connection


class Server:
    """Serves a page from its making until `close`."""

    def __init__(
        self,
        site: ASGIApp,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        flag: str = "--live-port",
        open_to_all: bool = False,
        lifespan: bool = False,
    ):
        """Start serving.

        Args:
            site: the page, without any control of access.
            host: address to bind.
            port: 0 for any that is free.
            flag: what messages advise to change when the port is taken.
            open_to_all: demand no token; for a page that has another front door before it.
            lifespan: whether the site wants to be told of its start and its end.

        Raises:
            StylejaxError: the address or the port cannot be had.
        """
        try:
            self._socket = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except (OSError, OverflowError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise StylejaxError(
                f"the page cannot be served at {host}, port {port}: {reason}; name another {flag}, or 0 for any that is free"
            ) from None
        port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(24)
        config = uvicorn.Config(
            site if open_to_all else Access(site, host=host, token=token),
            http=Connection,
            loop="asyncio",  # the others take all that knock at once, and only then ask whether there is room
            backlog=64,
            log_config=None,
            access_log=False,
            log_level="error",  # what strangers send is not worth a word in the terminal
            lifespan="on" if lifespan else "off",
            ws="none",
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="page", daemon=True)
        self._thread.start()
        self.port = port
        self.url = f"http://{_reachable(host)}:{port}/" + ("" if open_to_all else f"?token={token}")

    def close(self) -> None:
        """Stop serving; returns when the thread has ended, or after a few seconds."""
        self._server.should_exit = True
        self._thread.join(timeout=3)
        self._socket.close()


def _reachable(host: str) -> str:
    """The name by which a browser reaches what is bound to `host`."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
