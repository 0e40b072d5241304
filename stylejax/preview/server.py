"""The live page's server: a thread beside the painting that ends with it and never keeps the process alive."""

import secrets
import socket
import threading

import uvicorn

from stylejax.errors import StylejaxError
from stylejax.preview.access import Access, is_loopback
from stylejax.preview.live import Live
from stylejax.preview.site import live_site


class Server:
    """Serves a `Live` from its making until `close`."""

    def __init__(self, live: Live, *, host: str = "127.0.0.1", port: int = 0):
        """Start serving.

        Args:
            live: what to show.
            host: address to bind. Any but this machine's own demands the token that `url` carries.
            port: 0 for any that is free.

        Raises:
            StylejaxError: the address or the port cannot be had.
        """
        try:
            self._socket = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except (OSError, OverflowError) as problem:
            reason = getattr(problem, "strerror", None) or problem
            raise StylejaxError(
                f"the live page cannot be served at {host}, port {port}: {reason}; name another --live-port, or 0 for any"
            ) from None
        port = self._socket.getsockname()[1]
        token = None if is_loopback(host) else secrets.token_urlsafe(24)
        app = Access(live_site(live), host=host, port=port, token=token)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1, server_header=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="live page", daemon=True)
        self._thread.start()
        self.url = f"http://{_reachable(host)}:{port}/" + (f"?token={token}" if token else "")

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
