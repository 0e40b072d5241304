"""Work beside the painting: reading ahead, and writing behind."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")
_END = object()


@contextmanager
def read_ahead(items: Iterator[Item], *, most: int) -> Iterator[Iterator[Item]]:
    """The same items, made in a thread of their own, at most so many ahead; what making them raises is raised here."""
    ready: queue.Queue = queue.Queue(most)
    leaving = threading.Event()

    def put(item: object) -> bool:
        while not leaving.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
            put((_END, None))
        except BaseException as problem:  # passed on to the thread that waits
            put((_END, problem))

    def taken() -> Iterator[Item]:
        while True:
            item, problem = ready.get()
            if problem is not None:
                raise problem
            if item is _END:
                return
            yield item

    thread = threading.Thread(target=make, name="reading ahead", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        leaving.set()
        thread.join()


class Behind(Generic[Item]):
    """Does something with each item in a thread of its own, in order."""

    def __init__(self, do: Callable[[Item], None], *, most: int):
        """Start; at most so many items wait."""
        self._do, self._waiting = do, queue.Queue(most)
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="writing behind", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over an item; raises what an earlier one has raised."""
        self._check()
        self._waiting.put(item)

    def finish(self) -> None:
        """Wait for all of them; raises what one of them has raised."""
        if self._thread.is_alive():
            self._waiting.put(_END)
            self._thread.join()
        self._check()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not _END:
            if self._problem is None:  # after a failure the queue is only emptied
                try:
                    self._do(item)
                except BaseException as problem:
                    self._problem = problem

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem
