"""Signals that end a process, heeded at a good moment.

SIGTERM is heeded like Ctrl-C: what schedulers send before they kill leaves as much behind as a person who stops. Signals reach
the main thread alone, and elsewhere both blocks change nothing.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interrupts:
    """What has come so far."""

    terminated: bool = False

    @property
    def exit_code(self) -> int:
        """Of a command that was stopped: 128 and the number of the signal, as shells count."""
        return 128 + (signal.SIGTERM if self.terminated else signal.SIGINT)


@contextmanager
def heed_termination(interrupts: Interrupts) -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGTERM, too, while the block runs, and note that it came."""

    def terminate(*_: object) -> None:
        interrupts.terminated = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def postponed_interrupts() -> Iterator[None]:
    """Let the block end before Ctrl-C or SIGTERM is heeded."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    before = {each: signal.signal(each, lambda *args: came.append(args)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number, _ in came[:1]:
            signal.raise_signal(number)
