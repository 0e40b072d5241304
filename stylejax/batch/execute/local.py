"""Paint units one after the other; decoding before and writing after overlap with it.

    loader (threads)  →  two units ahead  →  painter (one thread)  →  writers (threads)  →  events (whoever iterates)

Every queue is bounded, so memory does not grow with the table. The caller's thread only waits for events, so that it hears
signals even while a program compiles.
"""

import queue
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from stylejax.batch.events import BatchProgress, Compiling, Event, Finished, Tally
from stylejax.batch.execute.claims import Claims
from stylejax.batch.execute.shutdown import GaveUpError, Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.row import Outcome, Row, Unit
from stylejax.batch.output.store import Store
from stylejax.run.progress import Preparing, Progress

AHEAD = 1
READERS = WRITERS = 4
BEHIND = 32
"""Painted pictures that may wait to be written, and to be looked at."""
PATIENCE = 2.0
"""Seconds after the grace in which what is painted is still written."""


class AbandonedError(Exception):
    """The grace is over and a thread is still at work: only leaving the process stops it."""


class Engine:
    """Paints with one `painter` into one `store`."""

    def __init__(self, painter: Worker, store: Store, claims: Claims, stop: Shutdown, tally: Tally):
        self._painter, self._store, self._claims = painter, store, claims
        self._stop, self._tally = stop, tally
        self._loaded: queue.Queue[Any] = queue.Queue(AHEAD)
        self._events: queue.Queue[Any] = queue.Queue()
        self._room = threading.Semaphore(BEHIND)
        self._broken = threading.Event()
        self.elsewhere: list[Row] = []
        """Rows that another process was painting, or had dealt with."""

    def run(self, units: Iterable[Unit]) -> Iterator[Event]:
        """Paint all `units`, or until it is time to stop, or until nobody listens any more; at once once it is iterated.

        Raises:
            StylejaxError: the run cannot go on: the disk is full, or the network is not there.
            AbandonedError: the grace was over before the batch in flight could be given up.
        """
        works = (lambda: self._load(units), self._paint)
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
            self._broken.set()  # threads that do not listen are not waited for
            raise
        except BaseException:
            self._break(threads)
            raise

    def _next(self) -> Event | None:
        """What has happened next; None when all is done."""
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

    def _break(self, threads: Iterable[threading.Thread]) -> None:
        """Let nothing more be painted or written, and wait for the threads to see it."""
        self._broken.set()
        self._stop.request()
        with suppress(queue.Empty):
            self._loaded.get_nowait()  # room for a loader that waits
        for thread in threads:
            thread.join(PATIENCE)

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except BaseException as problem:  # the caller's thread raises it
            self._events.put(problem)

    def _load(self, units: Iterable[Unit]) -> None:
        with ThreadPoolExecutor(READERS) as pool:
            for unit in units:
                if self._stop.requested:
                    break
                mine = tuple(row for row in unit.rows if self._take(row))
                if mine:
                    loaded = self._painter.loader.load(Unit(mine, unit.shape, unit.lanes, unit.shared), pool.map)
                    self._loaded.put(loaded)
        self._loaded.put(None)

    def _take(self, row: Row) -> bool:
        """Claim a row; another process may have it, or may have dealt with it since the plan was made."""
        if self._claims.take(row) and not self._store.known(row):
            return True
        self.elsewhere.append(row)
        return False

    def _paint(self) -> None:
        def tell(progress: Progress) -> None:
            self._stop.check()
            if self._broken.is_set():
                raise GaveUpError
            self._tally.paint(progress.fraction * len(loaded.ready))
            if self._events.qsize() < BEHIND:  # else nobody looks
                self._events.put(BatchProgress(self._tally, loaded.unit, progress))

        def prepare(scale: Preparing) -> None:
            self._tally.compile()
            self._events.put(Compiling(self._tally, loaded.unit, scale))

        with ThreadPoolExecutor(WRITERS) as writers:
            while (loaded := self._loaded.get()) is not None and not self._stop.requested:
                self._tally.compile()
                try:
                    outcomes = self._painter.paint(loaded, observe=tell, preparing=prepare)
                except GaveUpError:
                    break
                for outcome in outcomes:
                    while not self._room.acquire(timeout=0.1):
                        if self._broken.is_set():
                            return
                    writers.submit(self._guarded, lambda outcome=outcome: self._write(outcome))
        self._events.put(None)

    def _write(self, outcome: Outcome) -> None:
        if self._broken.is_set():
            return
        result = self._store.save(outcome)
        self._claims.drop(outcome.row)
        image = outcome.painting.image if outcome.painting else None
        self._events.put(Finished(self._tally, result, image))
