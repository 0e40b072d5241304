"""A command that several processes execute together: process 0 shows and writes, the others compute, and all end alike."""

import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from stylejax.cli.flags.peers import Peers
from stylejax.cli.process import leave_at_once, outcome, print_error
from stylejax.cli.terminal.streams import divert_libraries
from stylejax.errors import NonFiniteError
from stylejax.run.processes.channel import Channel, End
from stylejax.run.processes.connect import check_addresses, connect, not_found
from stylejax.run.processes.relay import Relay
from stylejax.run.result import StylizeInterrupted
from stylejax.signals import received_signals

GRACE = 10.0
"""Seconds for which process 0 may take to notice by itself that another one has ended, and to keep what there is."""
STOPPED = 128
"""Exit codes from here on are those of signals."""


def run_together(peers: Peers, lead: Callable[[], int], follow: Callable[[], None], *, show: bool) -> NoReturn:
    """Connect to the other processes, execute the command with them, and end as they do.

    Args:
        peers: where they are.
        lead: what process 0 does; returns the exit code of all.
        follow: what the others do.
        show: whether standard output is for messages.

    Raises:
        SettingsError: the other processes cannot be found.
    """
    global _member
    if show:
        divert_libraries()
    _member = _Member(peers)
    _member.run(lead, follow)


@contextmanager
def relying_on_others(give_up: Callable[[], None]) -> Iterator[None]:
    """A block that cannot go on when another process ends; `give_up` is called before it ends this one."""
    if _member:
        _member.rely(give_up)
    try:
        yield
    finally:
        if _member:
            _member.rely(None)


def end_others() -> None:
    """End the other processes, because a signal ends this one."""
    if _member:
        _member.end(received_signals().exit_code)


class _Member:
    """This process among the others."""

    def __init__(self, peers: Peers):
        check_addresses(peers.coordinator, peers.processes, peers.process)
        self._leaving, self._free = threading.Lock(), threading.Event()
        self._channel: Channel | None = None
        self._give_up: Callable[[], None] | None = None
        self._free.set()
        address = peers.coordinator
        if address and peers.process:
            try:
                address = Relay(address, self._lost).address
            except OSError as problem:
                raise not_found(f"{address}: {problem.strerror or problem}") from None
        connect(address, processes=peers.processes, process=peers.process)
        self._channel = Channel(self._ended)

    def run(self, lead: Callable[[], int], follow: Callable[[], None]) -> NoReturn:
        """Execute the command."""
        assert self._channel
        if self._channel.process:
            self._follow(follow)
        end = self._outcome(lead)
        if end.message:
            print_error(end.message)
        self.end(end.code, message=end.message)
        self._leave(end.code)

    def rely(self, give_up: Callable[[], None] | None) -> None:
        """From now on the other processes are needed, or no longer."""
        self._give_up = give_up
        if give_up is None:
            self._free.set()
        else:
            self._free.clear()

    def end(self, code: int, *, message: str = "") -> None:
        """End all, and wait until they know it."""
        assert self._channel
        self._channel.end(code, message=message)
        if self._channel.process == 0:
            self._channel.wait_for_others()

    def _follow(self, follow: Callable[[], None]) -> NoReturn:
        assert self._channel
        end = self._outcome(lambda: follow() or 0)
        if end.message:
            self._channel.end(end.code, message=end.message)
        threading.Event().wait()  # `_ended` ends the process
        raise AssertionError

    def _outcome(self, run: Callable[[], int]) -> End:
        """How a command has ended."""
        assert self._channel
        own = self._channel.process
        try:
            return End(own, run(), "")
        except StylizeInterrupted:  # of all processes; process 0 says what it has kept
            return End(own, 0, "")
        except KeyboardInterrupt:
            return End(own, received_signals().exit_code, "stopped")
        except Exception as problem:
            if isinstance(problem, NonFiniteError) and own:  # process 0 has met the same, and reports it
                return End(own, 0, "")
            code, message = _described(problem)
            if code == 1 and (end := self._channel.cause()):  # an error of the communication is no bug
                code, message = end.code, _line(end)
            return End(own, code, message)

    def _ended(self, end: End) -> None:
        """Called when the run has ended, by whichever process."""
        assert self._channel
        if self._channel.process:
            self._channel.leave()
            self._leave(end.code, line=_line(end))
        if end.process and not self._free.wait(GRACE):
            give_up = self._give_up
            if give_up:
                give_up()
                self._channel.wait_for_others()
                self._leave(end.code, line=_line(end))

    def _lost(self) -> None:
        """Called when the connection to process 0 is closed."""
        if self._channel and self._channel.end_of_run:
            threading.Event().wait()  # `_ended` ends the process
        self._leave(1, line="process 0 has ended without a message, or cannot be reached any more")

    def _leave(self, code: int, *, line: str = "") -> NoReturn:
        self._leaving.acquire()  # for ever: the first to come ends the process
        if line:
            print_error(line)
        leave_at_once(code)


def _described(problem: Exception) -> tuple[int, str]:
    code, message = outcome(problem)
    if code == 1 and os.environ.get("STYLEJAX_TRACEBACK"):
        traceback.print_exception(problem)
    return code, message


def _line(end: End) -> str:
    """What a process prints about the end of another one."""
    if end.code >= STOPPED:
        return "stopped"
    return f"process {end.process}: {end.message}" if end.message else ""


_member: _Member | None = None
