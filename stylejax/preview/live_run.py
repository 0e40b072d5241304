"""What all live pages have in common: the status of a run, its buttons, and the pages that are open.

The painting thread writes the state and the server's thread reads it. The *stop* button ends a run as Ctrl-C does, by a
`KeyboardInterrupt` that the observer of the run raises.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stylejax.choices import LOSSES
from stylejax.images.picture import Picture

Kind = Literal["picture", "pictures", "clip"]
Status = Literal["starting", "painting", "paused", "stopping", "finished", "stopped", "failed"]
Button = Literal["stop", "pause", "resume"]

SECONDS_BETWEEN_PICTURES = 0.5


class StopPressed(KeyboardInterrupt):
    """The *stop* button was pressed; ends a run as Ctrl-C does."""


@dataclass(eq=False)
class LiveRun(ABC):
    """What a page shows of a run, and what its buttons request. Each kind of page is a subclass with an observer `show`."""

    title: str

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """Which page it is."""

    @property
    def losses(self) -> Sequence[str]:
        """The losses that the page shows."""
        return LOSSES

    @property
    def can_pause(self) -> bool:
        """Whether the run can wait."""
        return True

    def __post_init__(self):
        self._condition = threading.Condition()
        self._status: Status = "starting"
        self._version = 0
        self._watchers = 0
        self._began = time.monotonic()
        self._message = ""
        self._taken: tuple[Hashable, float] | None = None
        """What the pages show a picture of, and when it was taken."""

    # Called by the painting thread

    def end(self, status: Literal["finished", "stopped", "failed"], *, message: str = "", patience: float = 5.0) -> None:
        """Set the final status, and wait at most `patience` seconds until all open pages have loaded the result."""
        with self._condition:
            self._status, self._message = status, message
            self._version += 1
            self._condition.wait_for(lambda: self._watchers == 0, timeout=patience)

    def _start(self) -> None:
        if self._status == "starting":
            self._status = "painting"

    @abstractmethod
    def _refresh(self) -> None:
        """Take what open pages show; called at each progress, and while the run is paused."""

    def _is_due(self, subject: Hashable, *, last: bool = False) -> bool:
        """Whether the pages get a picture of `subject` now.

        There is one every half second. Beside those, the first picture of a subject is due at once, and so is its last one, by
        `last` or because the run stops: no later picture would replace the one that was left out.
        """
        if not self._watchers:
            return False
        now, last = time.monotonic(), last or self._status == "stopping"
        if self._taken and self._taken[0] == subject and now - self._taken[1] < SECONDS_BETWEEN_PICTURES and not last:
            return False
        self._taken = subject, now
        return True

    def _obey(self) -> None:
        """Wait while the run is paused; raises StopPressed when it shall stop."""
        while self._status == "paused":
            self._condition.wait(0.2)
            self._refresh()
        if self._status == "stopping":
            raise StopPressed

    # Called by the server's thread

    def press(self, button: Button) -> None:
        """Apply a button; ignored in a status in which it has no effect."""
        with self._condition:
            if button == "stop" and self._status in ("starting", "painting", "paused"):
                self._status = "stopping"
            elif button == "pause" and self._status in ("starting", "painting") and self.can_pause:
                self._status = "paused"
            elif button == "resume" and self._status == "paused":
                self._status = "painting"
            self._version += 1
            self._condition.notify_all()

    def watch(self, more: int) -> None:
        """Count a page that opens (1) or closes (-1)."""
        with self._condition:
            self._watchers += more
            self._condition.notify_all()

    @property
    def version(self) -> int:
        """Changes whenever `state` does."""
        return self._version

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self._status in ("finished", "stopped", "failed")

    @property
    def given(self) -> Sequence[Picture]:
        """Pictures that the run is given: the content, if there is only one, and the styles."""
        return ()

    def state(self) -> dict[str, Any]:
        """Everything that changes, as JSON values."""
        seconds = round(time.monotonic() - self._began)
        return {"status": self._status, "message": self._message, "seconds": seconds}

    @abstractmethod
    def picture(self, number: int) -> bytes | None:
        """A painting as JPEG; None if there is none of this number yet."""

    def original(self, number: int) -> bytes | None:
        """What a painting is painted from, as JPEG; None where the page shows that only once."""
        return None

    def curves(self) -> str:
        """The loss curves so far."""
        return ""

    def copy(self) -> bytes | None:
        """The current painting in full size as PNG, with the record of the run; None before the first steps."""
        return None


def short(value: float) -> str:
    """A loss as the pages show it."""
    return f"{value:.4g}"
