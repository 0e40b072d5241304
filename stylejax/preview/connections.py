"""Connections to a page: no more than it needs, and none for those who ask for nothing.

Each takes a file descriptor, and a run whose process has no more of them cannot write its picture. So whoever connects must
have asked for something within seconds, header and all; and where there are too many, the one that has been silent
for the longest makes room.
"""

import asyncio
import math
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 100
"""Connections at a time."""
SECONDS_TO_ASK = 10.0
"""How long one may be silent, at its start or between two requests."""


class Connection(H11Protocol):
    """One connection, as uvicorn has them, that is closed when it is silent for too long."""

    _silent_since = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take the connection, at the cost of another if need be."""
        super().connection_made(transport)
        self._listen()
        if len(self.connections) > MOST:
            others = cast("set[Connection]", self.connections)
            oldest = min(others, key=lambda each: each._silent_since if each._is_silent else math.inf)
            others.discard(oldest)  # which is closed in the next round of the loop, and more may come in this one
            oldest.transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._listen()
        super().on_response_complete()

    @property
    def _is_silent(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _listen(self) -> None:
        began = self._silent_since = self.loop.time()
        self.loop.call_later(SECONDS_TO_ASK, self._end_silence, began)

    def _end_silence(self, began: float) -> None:
        if self._is_silent and self._silent_since == began:
            self.transport.abort()
