"""A request to stop a run, with a grace period."""

import time


class GaveUpError(Exception):
    """The batch in flight was given up, because its time was over."""


class Shutdown:
    """Whether to stop, and until when the batch in flight may still be finished."""

    def __init__(self, grace: float):
        """Allow `grace` seconds after the request."""
        self._grace = grace
        self._deadline: float | None = None
        self.code = 0
        """Exit code that the request asks for: 129, 130 or 143 for a signal."""

    @property
    def requested(self) -> bool:
        """Whether a stop was requested."""
        return self._deadline is not None

    @property
    def expired(self) -> bool:
        """Whether the grace period is over."""
        return self._deadline is not None and time.monotonic() > self._deadline

    def expired_for(self, seconds: float) -> bool:
        """Whether the grace period has been over for that long."""
        return self._deadline is not None and time.monotonic() > self._deadline + seconds

    def request(self, code: int = 130) -> None:
        """Request a stop. The first request counts."""
        if self._deadline is None:
            self.code = code
            self._deadline = time.monotonic() + self._grace  # last: other threads read it without a lock

    def check(self) -> None:
        """Raise GaveUpError when the grace period is over."""
        if self.expired:
            raise GaveUpError
