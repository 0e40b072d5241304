"""A fleet of workers whose machines come and go, on Ray: `--engine ray`.

    the caller    submits minibatches, at most two per worker: one is executed while the pictures of the next are read
    a worker      an actor with one accelerator; holds the network and the compiled programs, and writes its results itself
    Ray           restarts a worker that died, wherever there is room, and submits its minibatches to it again

A minibatch that was half done is not done twice: a worker first looks which of its pictures are in the folder. A minibatch that
kills its worker again and again is recorded as failed, and the others continue.
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
from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec, Minibatch, RowFailure, RowResult
from stylejax.errors import SettingsError
from stylejax.extras import require_extra
from stylejax.run.programs.compilation_cache import keep_compiled_programs

AHEAD = 2
"""Minibatches that a worker has at a time."""

RETRIES = 3
"""How often a minibatch is submitted again after its worker died."""


class Actor:
    """What a Ray actor runs: minibatches in, results out, the pictures in the store."""

    def __init__(self, store: Store):
        """Write into `store`."""
        keep_compiled_programs()
        self._worker, self._store, self._executing = Worker(), store, threading.Lock()

    def execute(self, minibatch: Minibatch) -> list[RowResult]:
        """Execute those rows of a minibatch that are not done and did not fail."""
        known = {row.output: result for row in minibatch.rows if (result := self._store.known(row))}
        finished = [dataclasses.replace(result, earlier=False) for result in known.values()]  # by this actor before it died
        missing = dataclasses.replace(minibatch, rows=tuple(row for row in minibatch.rows if row.output not in known))
        loaded = self._worker.loader.load(missing)
        with self._executing:
            results = self._worker.stylize(missing, loaded)
        return [*finished, *(self._store.save(result) for result in results)]


class RayEngine:
    """Made and run like `LocalEngine`; the actors have workers of their own."""

    def __init__(
        self,
        worker: Worker,
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
        self.elsewhere: list[JobSpec] = []

    def run(self, minibatches: Iterable[Minibatch]) -> Iterator[Event]:
        """Execute all `minibatches`, or until it is time to stop; raises what `execute_on_ray` does."""
        results = execute_on_ray(minibatches, self._store, workers=self._workers, address=self._address, stop=self._stop)
        for result in results:
            self._tally.count(result)
            yield Finished(self._tally, result, None)


def execute_on_ray(
    minibatches: Iterable[Minibatch],
    store: Store,
    *,
    workers: int | None = None,
    address: str | None = None,
    stop: Shutdown | None = None,
) -> Iterator[RowResult]:
    """Execute minibatches on a Ray cluster, and yield the results of rows as they come.

    Args:
        minibatches: from the plan.
        store: a folder that every worker reaches by the same name: a shared disk or a bucket.
        workers: how many; None for one per accelerator of the cluster. Required where there is none.
        address: of the cluster, such as `ray://head:10001` or `auto`; None to use the one that RAY_ADDRESS names, or else to
            start one on this machine for the duration of the call.
        stop: once it is requested nothing more is submitted, and when its grace period is over the workers are killed.

    Raises:
        MissingExtraError: ray is not installed.
        SettingsError: the number of workers is impossible or missing, or there is no cluster at `address`.
        StorageFullError: the disk is full.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        actors = _start(ray, store, workers)
        yield from _submit(ray, actors, minibatches, store, stop or Shutdown(0))
        for actor in actors:
            ray.kill(actor)
    finally:
        if ours:
            ray.shutdown()


def _ray() -> Any:
    require_extra("ray", "--engine ray")
    return importlib.import_module("ray")


def _connect(ray: Any, address: str | None) -> None:
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="error")
    except (ConnectionError, ValueError, RuntimeError) as problem:
        place, reason = address or "RAY_ADDRESS", str(problem).splitlines()[0]
        raise SettingsError(f"there is no Ray cluster at {place}: {reason}; start one with: ray start --head") from None


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


def _submit(ray: Any, actors: list[Any], minibatches: Iterable[Minibatch], store: Store, stop: Shutdown) -> Iterator[RowResult]:
    left = takewhile(lambda _: not stop.requested, minibatches)
    first = zip(islice(cycle(actors), AHEAD * len(actors)), left, strict=False)
    under_way = {actor.execute.remote(minibatch): (actor, minibatch) for actor, minibatch in first}
    while under_way and not stop.expired:
        for finished in ray.wait(list(under_way), num_returns=1, timeout=0.5)[0]:
            actor, minibatch = under_way.pop(finished)
            for following in islice(left, 1):
                under_way[actor.execute.remote(following)] = (actor, following)
            try:
                yield from ray.get(finished)
            except ray.exceptions.RayActorError:
                failure = RowFailure("paint", f"the worker that painted it died {RETRIES + 1} times")
                for row in minibatch.rows:
                    yield store.fail(row, failure)
