"""How the processes of one run end together: the first end of any of them is that of all.

The processes write into the key-value store of JAX's coordinator: each counts up to show that it is alive, and whichever ends
first writes how. A process that is killed writes nothing; the others see its count stand still. Rounds are counted, not
seconds, so that machines that sleep together find each other alive.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import jax
from jax._src.distributed import global_state  # no public name leads to the store

_END, _ALIVE, _LEFT = "stylejax/end", "stylejax/alive", "stylejax/left"
_ROUND = 1.0
"""Seconds between two looks at the store."""
SILENT = 30
"""Rounds after which a process whose count stands still is given up."""
_DEAD = 4
"""The same once something has gone wrong between the processes."""


class End(NamedTuple):
    """How a run ended."""

    process: int
    """Whose end it was."""
    code: int
    """Exit code of all processes."""
    message: str
    """One line; empty where the process itself has printed what there was to say."""


class Channel:
    """One process's view of all."""

    def __init__(self, ended: Callable[[End], None]):
        """Begin to watch; `ended` is called once, in a thread."""
        self.process, self._count = jax.process_index(), jax.process_count()
        self._store, self._ended = _Store(global_state.client), ended
        self._seen = {f"{_ALIVE}/{process}": ("", 0) for process in range(self._count)}
        self._silent, self._rounds = SILENT, 0
        self._known = threading.Event()
        self.end_of_run: End | None = None
        threading.Thread(target=self._watch, name="channel", daemon=True).start()

    def end(self, code: int, *, message: str = "") -> None:
        """End the run of all processes, unless it has ended already."""
        self._store.put(_END, json.dumps([self.process, code, message]))

    def cause(self) -> End | None:
        """The end of another process that may be behind an error in this one, which is waited for."""
        self._silent, last = _DEAD, self._rounds + _DEAD + 4
        while self._rounds < last and not self._known.wait(_ROUND):
            pass
        return self.end_of_run

    def leave(self) -> None:
        """Tell process 0 that this one knows of the end."""
        self._store.put(f"{_LEFT}/{self.process}", "")

    def wait_for_others(self) -> None:
        """Give the others a few seconds to learn of the end; without process 0 they could not."""
        for _ in range(int(5 / 0.05)):
            if len(self._store.below(_LEFT)) >= self._count - 1:
                return
            time.sleep(0.05)

    def _watch(self) -> None:
        for number in range(1 << 62):
            self._rounds = number
            self._store.put(f"{_ALIVE}/{self.process}", str(number), again=True)
            if self.process == 0:
                self._look_after_others(number)
            if written := self._store.wait_for(_END, _ROUND):
                self.end_of_run = End(*json.loads(written))
                self._known.set()
                self._ended(self.end_of_run)
                return

    def _look_after_others(self, number: int) -> None:
        counts = self._store.below(_ALIVE)
        for name, (known, since) in self._seen.items():
            count = counts.get(name, "")
            self._seen[name] = (count, since if count == known else number)
            if number - self._seen[name][1] > self._silent:
                lost = End(int(name.rpartition("/")[2]), 1, "has ended without a message, or does not answer any more")
                self._store.put(_END, json.dumps(lost))


class _Store:
    """The key-value store. A coordinator that does not answer counts as one that holds nothing."""

    def __init__(self, client: Any):
        self._client = client

    def put(self, key: str, value: str, *, again: bool = False) -> None:
        """Write a value; unless `again`, the first one remains."""
        with suppress(jax.errors.JaxRuntimeError):
            self._client.key_value_set(key, value, again)

    def below(self, folder: str) -> dict[str, str]:
        """The values below a folder, by key."""
        try:
            return dict(self._client.key_value_dir_get(folder))
        except jax.errors.JaxRuntimeError:
            return {}

    def wait_for(self, key: str, seconds: float) -> str:
        """A value, as soon as there is one; empty after so many seconds."""
        began = time.monotonic()
        try:
            return self._client.blocking_key_value_get(key, int(1000 * seconds))
        except jax.errors.JaxRuntimeError:
            time.sleep(max(0, seconds - (time.monotonic() - began)))
            return ""
