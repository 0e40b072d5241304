"""Limits on the connections to a page.

Each connection takes a file descriptor, and a process without free descriptors cannot write its picture. Therefore a client
must complete a request within seconds, and when there are too many connections, the one that is idle for the longest is
closed.
"""

import asyncio
import math
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 100
"""Limit of simultaneous connections."""
IDLE_SECONDS = 10.0
"""How long a connection may be idle, at its start or between two requests."""


class Connection(H11Protocol):
    """A uvicorn connection that is closed when it is idle for too long."""

    _idle_since = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Accept the connection, closing another one if there are too many."""
        super().connection_made(transport)
        self._start_idling()
        if len(self.connections) > MAX_CONNECTIONS:
            others = cast("set[Connection]", self.connections)
            oldest = min(others, key=lambda each: each._idle_since if each._is_idle else math.inf)
            others.discard(oldest)  # it closes in the next round of the loop, and more may arrive in this one
            oldest.transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._start_idling()
        super().on_response_complete()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _start_idling(self) -> None:
        began = self._idle_since = self.loop.time()
        self.loop.call_later(IDLE_SECONDS, self._close_if_idle, began)

    def _close_if_idle(self, began: float) -> None:
        if self._is_idle and self._idle_since == began:
            self.transport.abort()
