"""Signals: none is lost, at any point of the process."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from objectives import SHALLOW
from processes import interruptible_process

import stylejax

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

SWALLOWER = """
import gc, os, sys, time
from stylejax import signals
signals.listen()
def callback(*_):  # as JAX's: what is raised in here is printed and forgotten
    for _ in range(100):
        pass
gc.callbacks.append(callback)
gc.set_threshold(5, 1, 1)
def busy():
    return [[[]] for _ in range(20)]
"""

NOTING = (
    SWALLOWER
    + """
with signals.handling_signals(lambda number: os.write(1, b"heard\\n")) as found:
    print("ready", flush=True)
    while not found.number:
        busy()
    print("kept", flush=True)
sys.exit(found.exit_code)
"""
)

RAISING = (
    SWALLOWER
    + """
try:
    with signals.raising_on_signal():
        print("ready", flush=True)
        while True:
            busy()
except KeyboardInterrupt:
    print("kept", flush=True)
    sys.exit(signals.received_signals().exit_code)
"""
)

BEGINNING = (
    SWALLOWER
    + """
print("ready", flush=True)
while True:
    busy()
"""
)


@contextmanager
def ready(program: str, **more: Any) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-c", program]
    with interruptible_process(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


@pytest.mark.slow
@pytest.mark.parametrize(("program", "said"), [(NOTING, "kept\n"), (RAISING, "kept\n"), (BEGINNING, "")])
@pytest.mark.parametrize("number", ALL, ids=lambda number: number.name)
def test_no_signal_is_swallowed_by_the_garbage_collector(program, said, number):
    chance = random.Random(0)
    for _ in range(5):
        with ready(program) as process:
            time.sleep(chance.uniform(0, 0.02))
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        assert process.returncode == 128 + number, err
        assert out.replace("heard\n", "") == said
        assert err == ("stylejax: stopped\n" if program is BEGINNING else "")


def test_a_second_ctrl_c_leaves_at_once_and_a_second_sigterm_does_not():
    stubborn = NOTING.replace("while not found.number:", "while True:")
    with ready(stubborn) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None and process.stdout.readline() == "heard\n"
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)  # longer than `SAME_PRESS`
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (143, "", "stylejax: stopped\n")


def test_a_signal_that_was_ignored_from_the_start_stays_ignored():
    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with ready(NOTING, preexec_fn=nohup) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143


FAST = {"size": 32, "iterations": 100_000, "smallest_size": 32, **SHALLOW}


@pytest.fixture
def pythons_own_handler():
    """Of Ctrl-C: tests may run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_a_library_caller_gets_the_picture_with_the_interruption(tiny_model, pictures, pythons_own_handler):
    content, style = pictures
    result = threading.Event()

    def press() -> None:
        result.wait()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(stylejax.StylizeInterrupted) as stopped:
        stylejax.stylize(content, style, model=tiny_model, observe=lambda _: result.set(), **FAST)
    assert len(stopped.value.results) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
def test_an_observer_that_waits_is_interrupted(tiny_model, pictures, pythons_own_handler):
    content, style = pictures

    def wait(progress: stylejax.Progress) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    began = time.monotonic()
    with pytest.raises(stylejax.StylizeInterrupted):
        stylejax.stylize(content, style, model=tiny_model, observe=wait, **FAST)
    assert time.monotonic() - began < 50


@pytest.mark.slow
def test_a_handler_of_the_caller_is_left_alone(tiny_model, pictures, pythons_own_handler):
    content, style = pictures
    came = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    options = FAST | {"iterations": 20}
    stylejax.stylize(content, style, model=tiny_model, observe=lambda _: os.kill(os.getpid(), signal.SIGINT), **options)
    assert came == [signal.SIGINT] * 2


def test_a_thread_paints_without_touching_signals(tiny_model, pictures):
    content, style = pictures
    done = []
    options = FAST | {"iterations": 10}
    thread = threading.Thread(target=lambda: done.append(stylejax.stylize(content, style, model=tiny_model, **options)))
    thread.start()
    thread.join()
    assert len(done) == 1
