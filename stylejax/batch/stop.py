"""Stopping a run from outside: politely first, and at once when asked again."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager


class GaveUpError(Exception):
    """The batch in flight was given up, since its time was over."""


class Stop:
    """Whether to stop, and until when the batch in flight may still be finished."""

    def __init__(self, grace: float):
        """Allow `grace` seconds from the request on."""
        self._grace = grace
        self._deadline: float | None = None
        self.code = 0
        """Exit code that the request asks for: 130 for Ctrl-C, 143 for SIGTERM."""

    @property
    def requested(self) -> bool:
        """Whether anybody has asked."""
        return self._deadline is not None

    @property
    def expired(self) -> bool:
        """Whether the grace is over."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def expired_for(self, seconds: float) -> bool:
        """Whether the grace has been over for so long."""
        return self._deadline is not None and time.monotonic() > self._deadline + seconds

    def request(self, code: int = 130) -> None:
        """Ask to stop."""
        if self._deadline is None:
            self._deadline, self.code = time.monotonic() + self._grace, code

    def check(self) -> None:
        """Raise GaveUpError when the grace is over."""
        if self.expired:
            raise GaveUpError


@contextmanager
def heeding_signals(stop: Stop) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a request; a second one of them raises KeyboardInterrupt."""

    def handle(number: int, frame: object) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.request(128 + number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
