"""Execute minibatches on this machine, one after the other; decoding before and writing after overlap with it.

    loader (threads)  →  one minibatch ahead  →  worker (one thread)  →  writers (threads)  →  events (the caller)

Every queue is bounded, so memory does not grow with the table. The caller's thread only waits for events, so it can handle
signals even while a program compiles.
"""

import dataclasses
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from stylejax.batch.events import BatchProgress, Compiling, Event, Finished, Tally
from stylejax.batch.execute.claims import Claims
from stylejax.batch.execute.load import LoadedRow
from stylejax.batch.execute.shutdown import GaveUpError, Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec, Minibatch, RowFailure, RowResult
from stylejax.run.progress import Preparing, Progress

AHEAD = 1
READERS = WRITERS = 4
BEHIND = 32
"""Finished pictures that may wait to be written, and to be looked at."""
PATIENCE = 2.0
"""Seconds after the grace period in which finished pictures are still written."""

_Loaded = tuple[Minibatch, list[LoadedRow | RowFailure]]


class AbandonedError(Exception):
    """The grace period is over and a thread is still at work; only leaving the process stops it."""


class LocalEngine:
    """Executes minibatches with one `worker` into one `store`."""

    def __init__(self, worker: Worker, store: Store, claims: Claims, stop: Shutdown, tally: Tally):
        self._worker, self._store, self._claims = worker, store, claims
        self._stop, self._tally = stop, tally
        self._loaded: queue.Queue[_Loaded | None] = queue.Queue(AHEAD)
        self._events: queue.Queue[Any] = queue.Queue()
        self._room = threading.Semaphore(BEHIND)
        self._broken, self._over = threading.Event(), threading.Event()
        self.elsewhere: list[JobSpec] = []
        """Rows that another process has claimed or finished."""

    def run(self, minibatches: Iterable[Minibatch]) -> Iterator[Event]:
        """Execute all `minibatches`, until it is time to stop or until nobody iterates; starts with the first iteration.

        Raises:
            StylejaxError: the run cannot continue: the disk is full, or the network is missing.
            AbandonedError: the grace period ended before the batch in flight could be given up.
        """
        works = (lambda: self._load(minibatches), self._execute)
        threads = [threading.Thread(target=self._guarded, args=(work,), name="stylejax", daemon=True) for work in works]
        for thread in threads:
            thread.start()
        try:
            while (event := self._next()) is not None:
                if isinstance(event, Finished):
                    self._tally.count(event.result)
                    self._room.release()
                yield event
        except AbandonedError:
            self._broken.set()  # do not wait for threads that do not respond
            raise
        except BaseException:
            self._broken.set()
            self._stop.request()
            _join(threads)
            raise
        _join(threads)

    def _next(self) -> Event | None:
        """The next event; None when all is done."""
        while True:
            try:
                event = self._events.get(timeout=0.1)
            except queue.Empty:
                if self._stop.expired_for(PATIENCE):
                    raise AbandonedError from None
                continue
            if isinstance(event, BaseException):
                raise event
            return event

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:  # raised again in the caller's thread
            self._events.put(problem)

    def _load(self, minibatches: Iterable[Minibatch]) -> None:
        def load() -> None:
            with ThreadPoolExecutor(READERS) as pool:
                for minibatch in minibatches:
                    if self._stop.requested:
                        break
                    rows = tuple(row for row in minibatch.rows if self._claim(row))
                    if rows:
                        mine = dataclasses.replace(minibatch, rows=rows)
                        self._hand_over((mine, self._worker.loader.load(mine, each=pool.map)))

        self._guarded(load)  # a problem is an event before the end is
        self._hand_over(None)

    def _hand_over(self, loaded: _Loaded | None) -> None:
        """Wait until there is room in the queue, or nobody takes from it any more."""
        while not self._over.is_set():
            try:
                self._loaded.put(loaded, timeout=0.1)
            except queue.Full:
                continue
            return

    def _claim(self, row: JobSpec) -> bool:
        """Claim a row, unless another process has it or has finished it since the plan was made."""
        if self._claims.take(row) and not self._store.known(row):
            return True
        self.elsewhere.append(row)
        return False

    def _execute(self) -> None:
        try:
            with ThreadPoolExecutor(WRITERS) as writers:
                while (loaded := self._loaded.get()) is not None and not self._stop.requested:
                    try:
                        results = self._stylize(*loaded)
                    except GaveUpError:
                        break
                    for result in results:
                        while not self._room.acquire(timeout=0.1):
                            if self._broken.is_set():
                                return
                        writers.submit(self._guarded, lambda result=result: self._write(result))
        finally:
            self._over.set()
        self._events.put(None)

    def _stylize(self, minibatch: Minibatch, loaded: list[LoadedRow | RowFailure]) -> list[RowResult]:
        pictures = sum(isinstance(each, LoadedRow) for each in loaded)

        def observe(progress: Progress) -> None:
            self._stop.check()
            if self._broken.is_set():
                raise GaveUpError
            self._tally.advance(progress.fraction * pictures)
            if self._events.qsize() < BEHIND:  # otherwise nobody looks
                self._events.put(BatchProgress(self._tally, minibatch, progress))

        def prepare(scale: Preparing) -> None:
            self._tally.compile()
            self._events.put(Compiling(self._tally, minibatch, scale))

        self._tally.compile()
        return self._worker.stylize(minibatch, loaded, observe=observe, preparing=prepare)

    def _write(self, result: RowResult) -> None:
        if self._broken.is_set():
            return
        saved = self._store.save(result)
        self._claims.drop(result.row)
        self._events.put(Finished(self._tally, saved, result.stylized.image if result.stylized else None))


def _join(threads: Iterable[threading.Thread]) -> None:
    """Wait until threads have seen that there is nothing more to do."""
    for thread in threads:
        thread.join(PATIENCE)
