"""For tests that start processes of their own and interrupt them."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from places import SUPPORT

PROGRAM = [sys.executable, "-c", "from stylejax.cli.main import main; main()"]
"""The command line in a process of its own; the words after `stylejax` follow."""

STEPWISE = [
    sys.executable,
    "-c",
    """
import builtins, sys
def print_and_wait(*words, print=print, **options):
    print(*words, **options)
    sys.stdin.readline()
builtins.print = print_and_wait
from stylejax.cli.main import main
main()
""",
]
"""The same, but after each line of `--json` it waits for one on its standard input, until that is closed: see `lines`."""


def restore_signals() -> None:
    """To be run in a new process: a background job of a shell ignores SIGINT, one of `nohup` SIGHUP, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def lines(process: subprocess.Popen) -> Iterator[str]:
    """The lines of a `STEPWISE` process, which goes on to the next one, and no further, as soon as each of them is read.

    So a test that ends the process after some line interrupts it before the next one, on a machine of any speed.
    """
    assert process.stdin is not None and process.stdout is not None
    for line in process.stdout:
        with suppress(BrokenPipeError):
            os.write(process.stdin.fileno(), b"\n")
        yield line


def rest_of_output(process: subprocess.Popen) -> Future[str]:
    """What a process prints from now on, read by a thread: sooner or later a process waits whose output nobody reads."""
    assert process.stdout is not None
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(process.stdout.read)
    finally:
        pool.shutdown(wait=False)


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen]:
    """A `subprocess.Popen` that is killed at the end of the block if it still runs, as when an assertion failed."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def interruptible_process(command: Sequence[str], **options: Any):
    """The same with text in its streams, and with signals handled."""
    return running(command, **{"text": True, "preexec_fn": restore_signals, **options})


def with_devices(count: int) -> dict[str, str]:
    """The environment of a process with so many virtual devices that finds the modules of the tests."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parent), *sys.path])
    return {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": path}


def free_port() -> int:
    """A port at which another process can listen; none of those that systems give to connections meanwhile."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def free_address() -> str:
    """Where the first of several processes can listen."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts processes as `subprocess.Popen` does; those that still run when the test ends, however it ends, are killed."""
    with ExitStack() as stack:
        yield lambda command, **options: stack.enter_context(running(command, **options))
