"""The server of a page, in a daemon thread that never keeps the process alive."""

import secrets
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from stylejax.errors import StylejaxError
from stylejax.preview.access import Access
from stylejax.preview.connections import Connection


class Server:
    """Serves a page from construction until `close`."""

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
            site: the page, without access control.
            host: address to bind.
            port: 0 for any free port.
            flag: the flag of the port, for messages.
            open_to_all: require no token, for a page behind another authentication.
            lifespan: whether the site handles ASGI lifespan events.

        Raises:
            StylejaxError: the address or the port is not available.
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
            loop="asyncio",  # other loops accept all pending connections before the limit is checked
            backlog=64,
            log_config=None,
            access_log=False,
            log_level="error",  # malformed requests of strangers are not worth a warning
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
        """Stop serving, and wait at most a few seconds for the thread."""
        self._server.should_exit = True
        self._thread.join(timeout=3)
        self._socket.close()


def _reachable(host: str) -> str:
    """A host name for browsers to reach what is bound to `host`."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
