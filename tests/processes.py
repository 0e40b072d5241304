"""For tests that start processes of their own and interrupt them."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest


def heed_ctrl_c() -> None:
    """To be run in a new process: a background job of a shell ignores SIGINT, one of `nohup` SIGHUP, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts processes as `subprocess.Popen` does; those that still run when the test ends, however it ends, are killed."""
    with ExitStack() as stack:

        def start(command: list[str], **options: Any) -> subprocess.Popen:
            process = stack.enter_context(subprocess.Popen(command, **options))
            stack.callback(process.kill)
            return process

        yield start
