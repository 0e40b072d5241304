"""A process's own relay on its way to the coordinator, which is the first to see that the other end is gone.

JAX ends a process at the moment when its connection to the coordinator is closed, with a page of text. Here the relay sees that
before JAX does, and decides what the process says.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 300.0
"""Seconds for which the coordinator may take to start."""
_BLOCK = 1 << 16
_SILENCE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 6}
"""Seconds and counts after which a machine that does not answer counts as gone."""


class Relay:
    """Passes the connections that this process makes to `address` on to the coordinator."""

    def __init__(self, coordinator: str, lost: Callable[[], None]):
        """Wait for the coordinator, and begin to listen.

        Args:
            coordinator: its `host:port`.
            lost: called, in a thread, when it closes a connection; what this returns from is passed on.

        Raises:
            OSError: it cannot be reached.
        """
        host, _, port = coordinator.rpartition(":")
        self._place, self._lost = (host.strip("[]"), int(port)), lost
        self._reach(until=time.monotonic() + PATIENCE).close()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        _in_background(self._accept)

    def _reach(self, *, until: float) -> socket.socket:
        while True:
            try:
                return socket.create_connection(self._place, timeout=5)
            except OSError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.2)

    def _accept(self) -> None:
        while True:
            near, _ = self._listening.accept()
            try:
                far = self._reach(until=0)
            except OSError:
                self._lost()
                near.close()
                continue
            far.settimeout(None)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _SILENCE.items():
                if hasattr(socket, option):
                    far.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
            _in_background(lambda near=near, far=far: _pass_on(near, far))
            _in_background(lambda near=near, far=far: self._receive(far, near))

    def _receive(self, far: socket.socket, near: socket.socket) -> None:
        _copy(far, near)
        self._lost()
        near.close()


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    _copy(near, far)
    with suppress(OSError):
        far.shutdown(socket.SHUT_WR)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            sink.sendall(block)


def _in_background(run: Callable[[], None]) -> None:
    threading.Thread(target=run, name="relay", daemon=True).start()
