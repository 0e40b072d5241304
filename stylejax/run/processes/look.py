"""What each process has a part of is put together only if one of them looks at it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from stylejax.run.processes.lockstep import Lockstep
from stylejax.signals import postponed_interrupts

Whole = TypeVar("Whole")


class Look(Generic[Whole]):
    """A look at one value, which is made when it is first looked at.

    Of several processes, one that looks waits for the others, which learn of it where they `settle`: each does that once, at
    the same point of the run. Who looks after that, or in another thread, sees what was seen before.
    """

    def __init__(self, make: Callable[[], Whole], lockstep: Lockstep, *, before: "Look[Whole] | None" = None):
        """Make nothing yet.

        Args:
            make: makes the value; of several processes, all have to call it.
            lockstep: of the processes.
            before: the look at the value before this one. Without it several processes begin with making this one.
        """
        self._make, self._lockstep = make, lockstep
        self._made, self._settled, self._thread = False, False, threading.get_ident()
        self._seen: Whole | None = None
        if lockstep.several and before:
            self._seen = before._seen
        elif lockstep.several:
            self.take()

    def __call__(self) -> Whole:
        """Look."""
        if not self._lockstep.several:
            return self.take()
        if not self._made and not self._settled and threading.get_ident() == self._thread:
            with postponed_interrupts():  # the others wait for this one
                self._lockstep.most(True)
                self.take()
        assert self._seen is not None
        return self._seen

    def settle(self, *, wanted: bool = False) -> bool:
        """Whether it is made, which it now is if it is `wanted` in one of several processes, or one has looked."""
        if self._lockstep.several and not self._made and any(self._lockstep.most(wanted)):
            self.take()
        self._settled = True
        return self._made

    def give_up(self) -> None:
        """Another process is gone: what was seen before is all that there is."""
        self._settled = self._settled or self._lockstep.several

    def take(self) -> Whole:
        """Make it unless it is made; of several processes, all call this at the same point."""
        if not self._made:
            self._seen, self._made = self._make(), True
        assert self._seen is not None
        return self._seen
