"""Signals that end a process: Ctrl-C, SIGTERM from schedulers, SIGHUP from a terminal that goes away. None of them is lost.

KeyboardInterrupt is lost where a handler happens to raise it inside of a destructor or of a callback of the garbage collector:
Python prints it and goes on, and JAX has such a callback. So nothing is raised where there is something to keep. A thread hears
of each signal at once, whatever the main thread is doing, and the first one

    leaves       the process ends at once, with a word           from `listen` on, and in `heeding` until `begun`
    is noted     and looked at between two chunks of steps       in `heeding`
    is raised    as KeyboardInterrupt in the main thread         in `raising`, for code that only waits and tidies up

A second Ctrl-C leaves at once. Other signals may come twice: `timeout` and closing terminals send them so.

A library caller's process is not ours and keeps its handlers, but for Python's own of Ctrl-C while steps are run (`noted`).
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
"""Seconds in which a second SIGINT is the first one, passed on by a program that started this one."""


class Interrupts:
    """What has come so far."""

    def __init__(self):
        """Nothing yet."""
        self.number = 0
        """The first signal that came."""
        self._at_once = False

    @property
    def exit_code(self) -> int:
        """Of a command that was stopped: 128 and the number of the signal, as shells count; 130 where a button stopped it."""
        return 128 + (self.number or signal.SIGINT)

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal has come."""
        if self.number:
            raise KeyboardInterrupt

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """While the block runs Ctrl-C is raised at once in a process that does not listen: nothing is lost by it."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def note(self, number: int, frame: object) -> None:
        """A handler for a process that does not listen."""
        again, self.number = self.number, number
        if again or self._at_once:
            raise KeyboardInterrupt


class _Listener(Interrupts):
    """The handlers of a process, and the thread that is told."""

    def __init__(self):
        super().__init__()
        self._since = 0.0
        self.notice: Callable[[int], None] | None = None
        self.farewell: Callable[[], None] | None = None
        self.raises = self._raised = False
        self._echoes = 0
        self._before: dict[int, Any] = {}

    def start(self) -> None:
        """Install the handlers, but for signals that whoever started this process has told it to ignore (nohup)."""
        reading, writing = self._ends = os.pipe()
        os.set_blocking(writing, False)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._swallowed
        self._wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._listen, args=(reading,), name="signals", daemon=True)
        self._thread.start()
        heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._handle) for number in heard}

    def hold(self) -> None:
        """Install the handlers again: JAX's distributed runtime has installed one of its own."""
        if threading.current_thread() is threading.main_thread():
            for number in self._before:
                signal.signal(number, self._handle)

    def stop(self) -> None:
        """Put everything back as it was."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        sys.unraisablehook = self._hook
        os.close(self._ends[1])
        self._thread.join()
        os.close(self._ends[0])

    def _listen(self, reading: int) -> None:
        while came := os.read(reading, 1):  # what Python writes at once for each signal that has a handler
            if came[0] in SIGNALS:
                self._hear(came[0])
            elif not came[0]:
                time.sleep(0.01)
                self._echoes += 1
                _thread.interrupt_main()

    def _hear(self, number: int) -> None:
        if self._echoes:
            self._echoes -= 1
            return
        now, first = time.monotonic(), not self._since
        if not first:
            if number == signal.SIGINT and now - self._since > SAME_PRESS:
                self._leave()
            return
        self._since, seen = now, self.number
        self.number = number
        if self.notice and not self.farewell:
            with suppress(Exception):
                self.notice(number)
        elif not self.raises and not seen:
            self._leave()

    def _handle(self, number: int, frame: object) -> None:
        """In the main thread, when it gets to it: before the thread hears of it, or after."""
        if self.raises or (self.notice and not self.farewell):
            self.number = self.number or number
        if self.raises and not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def _swallowed(self, unraisable: Any) -> None:
        """What was raised where nothing can be raised is raised again, a little later: the thread sees to it."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._raised = False
            os.write(self._ends[1], b"\0")
        else:
            self._hook(unraisable)

    def _leave(self) -> None:
        with suppress(Exception):
            if self.farewell:
                self.farewell()
            else:
                _say(2, "\n" * os.isatty(2) + "stylejax: stopped\n")
            for terminal in filter(os.isatty, (1, 2)):
                _say(terminal, "\x1b[?25h")  # a cursor that a display has hidden
        os._exit(self.exit_code)


def _say(place: int, text: str) -> None:
    if select.select([], [place], [], 0)[1]:  # nobody waits for a reader that does not read
        os.write(place, text.encode())


_listener: _Listener | None = None


def listen() -> None:
    """Begin to hear signals; for a program that has the process to itself, before it imports anything that takes time."""
    global _listener
    if _listener is None and threading.current_thread() is threading.main_thread():
        _listener = _Listener()
        _listener.start()


def came() -> Interrupts:
    """What has come since `listen`."""
    return _listener or Interrupts()


@contextmanager
def _listening() -> Iterator[_Listener | None]:
    """The listener; where the process has none, one for as long as the block runs; None outside of the main thread."""
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
def heeding(notice: Callable[[int], None], farewell: Callable[[], None] | None = None) -> Iterator[Interrupts]:
    """Note signals while the block runs, for whoever looks: with `Interrupts.check`, or told by `notice`.

    Args:
        notice: called with the first signal that comes, in a thread of its own.
        farewell: called instead, and the process left, while nothing is begun: until `begun`.
    """
    with _listening() as listener:
        if listener is None:
            yield Interrupts()
            return
        listener.hold()
        listener.notice, listener.farewell = notice, farewell
        try:
            yield listener
        finally:
            listener.notice = listener.farewell = None


def begun() -> None:
    """There is something to keep now."""
    if _listener:
        _listener.farewell = None


@contextmanager
def raising() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal while the block runs."""
    with _listening() as listener:
        if listener is None:
            yield
            return
        listener.raises = True
        try:
            yield
        finally:
            listener.raises = False
        listener.check()  # it came as the block ended


@contextmanager
def noted() -> Iterator[Interrupts]:
    """What signals there are while steps are run: `check` it after each few.

    In a process that does not listen, and has Python's own handler of Ctrl-C, that one is postponed; a second Ctrl-C is not.
    """
    if _listener:
        yield _listener
        return
    noticed = Interrupts()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield noticed
        return
    signal.signal(signal.SIGINT, noticed.note)
    try:
        yield noticed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    noticed.check()  # it came after the last look


@contextmanager
def postponed_interrupts() -> Iterator[None]:
    """Let the block end before Ctrl-C or SIGTERM is heeded."""
    if _listener or threading.current_thread() is not threading.main_thread():
        yield  # a listener raises nothing here
        return
    came: list[int] = []
    before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came[:1]:
            signal.raise_signal(number)
