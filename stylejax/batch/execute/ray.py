"""A fleet of workers whose machines come and go, on Ray: `--engine ray`.

    the caller    hands out units, at most two a worker: one is painted while the pictures of the next are read
    a worker      an actor with one accelerator; holds the network and the compiled programs, and writes what it paints itself
    Ray           starts a worker that died again, wherever there is room, and gives it what it had been given

A unit that was half done is not done twice: a worker looks first which of its pictures lie in the folder. A unit that takes its
worker down again and again is recorded as failed, and the others go on.
"""

import dataclasses
import importlib
import threading
from collections.abc import Iterable, Iterator
from itertools import cycle, islice, takewhile
from typing import Any

from stylejax.batch.events import Event, Finished, Tally
from stylejax.batch.execute.claims import Claims
from stylejax.batch.execute.shutdown import Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.row import Result, Row, Unit
from stylejax.batch.output.store import Store
from stylejax.errors import MissingExtraError, SettingsError
from stylejax.run.compilation_cache import keep_compiled_programs

AHEAD = 2
"""Units that a worker has at a time."""

RETRIES = 3
"""How often a unit is given out again after its worker died."""


class Actor:
    """What an actor runs: units in, results out, the pictures in the store."""

    def __init__(self, store: Store):
        """Paint into `store`."""
        keep_compiled_programs()
        self._painter, self._store, self._painting = Worker(), store, threading.Lock()

    def paint(self, unit: Unit) -> list[Result]:
        """Paint those rows of a unit that have not been dealt with."""
        known = {row.output: result for row in unit.rows if (result := self._store.known(row))}
        missing = dataclasses.replace(unit, rows=tuple(row for row in unit.rows if row.output not in known))
        loaded = self._painter.loader.load(missing)
        with self._painting:
            outcomes = self._painter.paint(loaded)
        return [*known.values(), *(self._store.save(outcome) for outcome in outcomes)]


class RayEngine:
    """Made and run like `Engine`; the workers have painters of their own."""

    def __init__(
        self,
        painter: Worker,
        store: Store,
        claims: Claims,
        stop: Shutdown,
        tally: Tally,
        *,
        workers: int | None = None,
        address: str | None = None,
    ):
        self._store, self._stop, self._tally = store, stop, tally
        self._workers, self._address = workers, address
        self.elsewhere: list[Row] = []

    def run(self, units: Iterable[Unit]) -> Iterator[Event]:
        """Paint all `units`, or until it is time to stop; raises what `paint_on_ray` does."""
        results = paint_on_ray(units, self._store, workers=self._workers, address=self._address, stop=self._stop)
        for result in results:
            self._tally.count(result)
            yield Finished(self._tally, result, None)


def paint_on_ray(
    units: Iterable[Unit],
    store: Store,
    *,
    workers: int | None = None,
    address: str | None = None,
    stop: Shutdown | None = None,
) -> Iterator[Result]:
    """Paint units on a Ray cluster, and yield what became of each row as it comes.

    Args:
        units: from the planner.
        store: a folder that every worker reaches by the same name: a shared disk or a bucket.
        workers: how many; None for one an accelerator of the cluster. Needed where there is none.
        address: of the cluster, such as `ray://head:10001` or `auto`; None to use the one that RAY_ADDRESS names, or else to
            start one on this machine for as long as this takes.
        stop: once it is requested nothing more is handed out, and when its grace is over the workers are killed.

    Raises:
        MissingExtraError: ray is not installed.
        SettingsError: the number of workers is impossible or needed, or there is no cluster at `address`.
        StorageFullError: the disk is full.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        actors = _start(ray, store, workers)
        yield from _hand_out(ray, actors, units, store, stop or Shutdown(0))
        for actor in actors:
            ray.kill(actor)
    finally:
        if ours:
            ray.shutdown()


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise MissingExtraError("--engine ray needs ray; install it with: pip install 'stylejax[ray]'") from None


def _connect(ray: Any, address: str | None) -> None:
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="error")
    except (ConnectionError, ValueError, RuntimeError) as problem:
        place, told = address or "RAY_ADDRESS", str(problem).splitlines()[0]
        raise SettingsError(f"there is no Ray cluster at {place}: {told}; start one with: ray start --head") from None


def _start(ray: Any, store: Store, workers: int | None) -> list[Any]:
    resources = ray.cluster_resources()
    kind = next((name for name in ("GPU", "TPU") if resources.get(name, 0) >= 1), "CPU")
    if workers is None and kind == "CPU":
        raise SettingsError("the Ray cluster has neither GPU nor TPU; say how many workers share its processors: --workers N")
    count = int(resources[kind]) if workers is None else workers
    if not 1 <= count <= resources.get(kind, 0):
        there_is = f"the Ray cluster has {resources.get(kind, 0):g} {kind}"
        raise SettingsError(f"workers is {count}; {there_is}: give a number from 1 up to that")
    needs = {"GPU": {"num_gpus": 1}, "TPU": {"resources": {"TPU": 1}}, "CPU": {"num_cpus": 1}}[kind]
    actor = ray.remote(Actor).options(max_restarts=-1, max_task_retries=RETRIES, max_concurrency=AHEAD, **needs)
    return [actor.remote(store) for _ in range(count)]


def _hand_out(ray: Any, actors: list[Any], units: Iterable[Unit], store: Store, stop: Shutdown) -> Iterator[Result]:
    left = takewhile(lambda _: not stop.requested, units)
    first = zip(islice(cycle(actors), AHEAD * len(actors)), left, strict=False)
    under_way = {actor.paint.remote(unit): (actor, unit) for actor, unit in first}
    while under_way and not stop.expired:
        for finished in ray.wait(list(under_way), num_returns=1, timeout=0.5)[0]:
            actor, unit = under_way.pop(finished)
            for following in islice(left, 1):
                under_way[actor.paint.remote(following)] = (actor, following)
            try:
                yield from ray.get(finished)
            except ray.exceptions.RayActorError:
                for row in unit.rows:
                    yield store.fail(Result(row, reason=f"the worker that painted it died {RETRIES + 1} times"))
