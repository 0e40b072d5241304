"""Stopping a run from outside."""

import time


class GaveUpError(Exception):
    """The batch in flight was given up, since its time was over."""


class Shutdown:
    """Whether to stop, and until when the batch in flight may still be finished."""

    def __init__(self, grace: float):
        """Allow `grace` seconds from the request on."""
        self._grace = grace
        self._deadline: float | None = None
        self.code = 0
        """Exit code that the request asks for: 129, 130 or 143 for a signal."""

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
            self.code = code
            self._deadline = time.monotonic() + self._grace  # last: other threads look at it

    def check(self) -> None:
        """Raise GaveUpError when the grace is over."""
        if self.expired:
            raise GaveUpError
