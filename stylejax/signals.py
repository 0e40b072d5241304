"""Signals that end a process: SIGINT (Ctrl-C), SIGTERM from schedulers, SIGHUP from a terminal that closes.

Python can lose a KeyboardInterrupt: when its handler happens to raise it inside a destructor or a garbage collector callback
(JAX has one), Python prints the exception and continues. Therefore nothing is raised while there are results to keep.
Instead, a thread receives every signal at once, also while the main thread is busy. What the first signal does depends on where
the program is:

    the process exits at once, with a message      from `listen` on, and in `handling_signals` until `mark_started`
    the signal is recorded, for polling            in `handling_signals`
    KeyboardInterrupt in the main thread           in `raising_on_signal`, for code that only waits and cleans up

A second Ctrl-C exits at once. Other signals may arrive twice: `timeout` and closing terminals send them so.

In a process that never called `listen`, such as that of a library caller, all handlers stay as they are, except Python's own
SIGINT handler while steps are run (`noting_interrupts`).
"""

import _thread
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

SAME_PRESS = 0.1
"""Seconds within which a second SIGINT counts as the first one, forwarded by the program that started this one."""


class Interrupts:
    """The signals received so far."""

    def __init__(self):
        """Start with none."""
        self.number = 0
        """The first signal received; 0 for none."""
        self._at_once = False

    @property
    def exit_code(self) -> int:
        """Exit code of a stopped command: 128 plus the signal number, as shells count; 130 when a button stopped it."""
        return 128 + (self.number or signal.SIGINT)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal was received."""
        if self.number:
            raise KeyboardInterrupt

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let Ctrl-C raise at once during the block, in a process that does not listen, because nothing can be lost."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def handle(self, number: int, frame: object) -> None:
        """Signal handler for a process that does not listen."""
        again, self.number = self.number, number
        if again or self._at_once:
            raise KeyboardInterrupt


class _Listener(Interrupts):
    """The signal handlers of a process, and the thread that receives the signals."""

    def __init__(self):
        super().__init__()
        self._since = 0.0
        self.on_signal: Callable[[int], None] | None = None
        self.on_early_exit: Callable[[], None] | None = None
        self.raises = self._raised = False
        self._echoes = 0
        self._previous: dict[int, Any] = {}

    def start(self) -> None:
        """Install the handlers, except for signals that the parent process has set to be ignored (nohup)."""
        reading, writing = self._ends = os.pipe()
        os.set_blocking(writing, False)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._raise_again
        self._wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._listen, args=(reading,), name="signals", daemon=True)
        self._thread.start()
        handled = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._previous = {number: signal.signal(number, self._handle) for number in handled}

    def reinstall(self) -> None:
        """Install the handlers again: JAX's distributed runtime has replaced one of them."""
        if threading.current_thread() is threading.main_thread():
            for number in self._previous:
                signal.signal(number, self._handle)

    def stop(self) -> None:
        """Restore the previous handlers."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        sys.unraisablehook = self._hook
        os.close(self._ends[1])
        self._thread.join()
        os.close(self._ends[0])

    def _listen(self, reading: int) -> None:
        while received := os.read(reading, 1):  # Python writes the number at once for each signal that has a handler
            if received[0] in SIGNALS:
                self._receive(received[0])
            elif not received[0]:
                time.sleep(0.01)
                self._echoes += 1
                _thread.interrupt_main()

    def _receive(self, number: int) -> None:
        if self._echoes:
            self._echoes -= 1
            return
        now, first = time.monotonic(), not self._since
        if not first:
            if number == signal.SIGINT and now - self._since > SAME_PRESS:
                self._exit()
            return
        self._since, seen = now, self.number
        self.number = number
        if self.on_signal and not self.on_early_exit:
            with suppress(Exception):
                self.on_signal(number)
        elif not self.raises and not seen:
            self._exit()

    def _handle(self, number: int, frame: object) -> None:
        """Python's handler, run in the main thread: before or after the thread has received the signal."""
        if self.raises or (self.on_signal and not self.on_early_exit):
            self.number = self.number or number
        if self.raises and not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def _raise_again(self, unraisable: Any) -> None:
        """Have the thread raise a KeyboardInterrupt once more that was raised where nothing can be raised."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._raised = False
            os.write(self._ends[1], b"\0")
        else:
            self._hook(unraisable)

    def _exit(self) -> None:
        with suppress(Exception):
            if self.on_early_exit:
                self.on_early_exit()
            else:
                _write(2, "\n" * os.isatty(2) + "stylejax: stopped\n")
            for terminal in filter(os.isatty, (1, 2)):
                _write(terminal, "\x1b[?25h")  # show the cursor, which a display may have hidden
        os._exit(self.exit_code)


def _write(descriptor: int, text: str) -> None:
    if select.select([], [descriptor], [], 0)[1]:  # do not wait for a reader that does not read
        os.write(descriptor, text.encode())


_listener: _Listener | None = None


def listen() -> None:
    """Start to receive signals, in a program that owns its process, before it imports anything slow."""
    global _listener
    if _listener is None and threading.current_thread() is threading.main_thread():
        _listener = _Listener()
        _listener.start()


def received_signals() -> Interrupts:
    """The signals received since `listen`."""
    return _listener or Interrupts()


@contextmanager
def _listening() -> Iterator[_Listener | None]:
    """The process's listener, or a temporary one if it has none; None outside the main thread."""
    global _listener
    if _listener or threading.current_thread() is not threading.main_thread():
        yield _listener
        return
    listen()
    started, _listener = _listener, _listener
    assert started is not None
    try:
        yield started
    finally:
        _listener = None
        started.stop()


@contextmanager
def handling_signals(
    on_signal: Callable[[int], None], *, on_early_exit: Callable[[], None] | None = None
) -> Iterator[Interrupts]:
    """Record signals during the block, for polling with `Interrupts.check`.

    Args:
        on_signal: called with the first signal, in the thread that receives it.
        on_early_exit: if given, a signal before `mark_started` calls this instead and ends the process.
    """
    with _listening() as listener:
        if listener is None:
            yield Interrupts()
            return
        listener.reinstall()
        listener.on_signal, listener.on_early_exit = on_signal, on_early_exit
        try:
            yield listener
        finally:
            listener.on_signal = listener.on_early_exit = None


def mark_started() -> None:
    """Declare that there are results to keep: from now on `handling_signals` records signals and does not exit."""
    if _listener:
        _listener.on_early_exit = None


@contextmanager
def raising_on_signal() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal during the block."""
    with _listening() as listener:
        if listener is None:
            yield
            return
        listener.raises = True
        try:
            yield
        finally:
            listener.raises = False
        listener.check()  # received as the block ended


@contextmanager
def noting_interrupts() -> Iterator[Interrupts]:
    """Record signals while steps are run; the caller polls `Interrupts.check` every few steps.

    In a process that does not listen and has Python's own SIGINT handler, the first Ctrl-C is recorded and the second one
    raises KeyboardInterrupt.
    """
    if _listener:
        yield _listener
        return
    interrupts = Interrupts()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupts.handle)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupts.check()  # received after the last poll


@contextmanager
def postponed_interrupts() -> Iterator[None]:
    """Delay SIGINT and SIGTERM until the block has ended."""
    if _listener or threading.current_thread() is not threading.main_thread():
        yield  # a listener raises nothing here
        return
    received: list[int] = []
    previous = {
        each: signal.signal(each, lambda number, _: received.append(number)) for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
        for number in received[:1]:
            signal.raise_signal(number)
