"""What a terminal shows of a run: bar, percentage, step and time left at any width, and compilation as what it is."""

import os
import re

import pytest
from objectives import SHALLOW, SHALLOW_FLAGS
from processes import PROGRAM, interruptible_process
from rich.console import Console

import stylejax
from stylejax.batch.events import Tally
from stylejax.cli.terminal.bar import BarState, format_duration, format_rate, line
from stylejax.cli.terminal.run_display import facts
from stylejax.run import progress as progress_module
from stylejax.run.progress import Preparing
from stylejax.run.scales import Scale

FACTS = (
    (2, "scale 2/3 1024×768"),
    (0, "step 120/500"),
    (3, "total 1.234e+04"),
    (5, "content 1.234e+04  style 1.234e-05  tv 0.001234"),
    (4, "3.21 steps/s"),
    (1, "1:31:05 left"),
)


def drawn(state: BarState, width: int) -> str:
    console = Console(width=width, force_terminal=True, color_system=None, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    with console.capture() as captured:
        console.print(line(state, width))
    console.file.close()
    return captured.get().rstrip("\n")


@pytest.mark.parametrize(
    ("width", "shown", "left_out"),
    [
        (44, ["step 120/500", "1:31:05 left"], "scale"),
        (60, ["step 120/500", "1:31:05 left"], "total"),
        (80, ["scale 2/3 1024×768", "step 120/500", "1:31:05 left"], "steps/s"),
        (100, ["scale 2/3 1024×768", "step 120/500", "total 1.234e+04", "1:31:05 left"], "content"),
        (200, [fact for _, fact in FACTS], "nothing"),
    ],
)
def test_what_matters_most_is_there_at_every_width(width, shown, left_out):
    text = drawn(BarState(0.456, FACTS), width)
    assert len(text.splitlines()) == 1
    assert len(text) <= width
    assert text.startswith(" 45%  ━━━━")
    places = [text.index(fact) for fact in shown]
    assert places == sorted(places)
    assert left_out not in text


@pytest.mark.parametrize("width", [1, 5, 12, 25])
def test_a_terminal_that_is_hardly_there_is_no_error(width):
    assert len(drawn(BarState(1.0, FACTS), width).splitlines()) == 1


def test_numbers_are_told_shortly():
    assert [format_duration(seconds) for seconds in (0, 65, 3599.6, 7200, float("inf"), float("nan"))] == [
        "0:00", "1:05", "1:00:00", "2:00:00", "?", "?",
    ]  # fmt: skip
    assert [format_rate(speed) for speed in (0.01234, 12.34, 1234.5)] == ["0.0123", "12.3", "1234"]


@pytest.mark.slow
def test_neither_speed_nor_time_left_contains_compilation(tiny_model, pictures, monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress_module.time, "perf_counter", lambda: now)
    run, prepared, seen = Scale.run, [], []

    def timed(scale, states, rates, count):  # each step takes 2 seconds, what is done before the first of a scale 1000
        nonlocal now
        now += 2.0 * count if count else 1000.0
        return run(scale, states, rates, count)

    monkeypatch.setattr(Scale, "run", timed)
    content, style = pictures
    options = {"size": 48, "smallest_size": 24, "iterations": 20, **SHALLOW}
    stylejax.stylize(content, style, model=tiny_model, observe=seen.append, preparing=prepared.append, **options)
    assert list(dict.fromkeys(prepared)) == [Preparing(1, 2, 18, 24), Preparing(2, 2, 36, 48)]
    assert [progress.steps_per_second for progress in seen] == [0.5] * 4
    assert [progress.seconds for progress in seen] == [20, 40, 60, 80]
    assert seen[2].seconds_left == pytest.approx(60 * (1 - seen[2].fraction) / seen[2].fraction)
    assert "0.5 steps/s" in [fact for _, fact in facts(seen[0])]


def test_a_tally_does_not_count_compilation(monkeypatch):
    now = 0.0
    monkeypatch.setattr("stylejax.batch.events.time.monotonic", lambda: now)
    tally = Tally(10, began=0.0)
    assert tally.seconds_left is None
    tally.compile()
    now = 500.0
    assert tally.seconds_left is None
    tally.advance(0.0)
    now = 510.0
    tally.advance(2.0)
    assert tally.images_per_second == pytest.approx(0.2)
    assert tally.seconds_left == pytest.approx(40)


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["60", "80"])
def test_a_terminal_sees_compilation_and_then_the_steps(folder, tmp_path, columns):
    command = [*PROGRAM, "stylize", "content.png", "style.png", "--model", "tiny.safetensors", *SHALLOW_FLAGS]
    command += ["--size", "32", "--smallest-size", "32", "--iterations", "40", "-o", str(tmp_path / "out.png")]
    master, slave = os.openpty()
    environment = {**os.environ, "COLUMNS": columns, "LINES": "24", "TERM": "xterm"}
    with interruptible_process(command, cwd=folder, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        written = b""
        while piece := _read(master):
            written += piece
        assert process.wait(60) == 0
    os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode())
    lines = [one.rstrip() for one in re.split(r"[\r\n]+", text) if "%  " in one]
    assert all(len(one) <= int(columns) for one in lines)
    assert re.search(r"  0%  ━+  compiling scale 1/1 32×24, 0:\d\d", "\n".join(lines))
    assert re.search(r"100%  ━+  .*step 40/40 .* 0:00 left$", lines[-1])


def _read(place: int) -> bytes:
    try:
        return os.read(place, 4096)
    except OSError:  # nobody has the other side any more
        return b""
