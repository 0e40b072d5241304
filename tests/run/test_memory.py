"""The memory of a run: known from the compiler before it starts, without a second compilation."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW
from programs import compiled_programs

import stylejax
from stylejax.errors import OutOfMemoryError, SettingsError
from stylejax.optimize.chunk import Shared
from stylejax.run.memory import available as budgets
from stylejax.run.memory import limits
from stylejax.run.memory.available import format_bytes, memory_budget, parse_bytes
from stylejax.run.memory.check import DIRECT
from stylejax.run.memory.estimate import batch_size_that_fits, chunk_bytes, least_bytes, most_bytes
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model, load_model, reconfigured

SMALL = {**SHALLOW, "size": 40, "smallest_size": 40, "iterations": 2, "tiles": "none"}
SETTINGS = Settings(**SMALL)


@pytest.mark.slow
def test_each_further_picture_takes_the_same(tiny_model):
    peaks = {batch_size: chunk_bytes(tiny_model, SETTINGS, 30, 40, batch_size=batch_size) for batch_size in (1, 2, 3, 5)}
    assert peaks[5] == pytest.approx(peaks[2] + 3 * (peaks[3] - peaks[2]), rel=0.01)
    assert least_bytes(tiny_model, SETTINGS, 30, 40) < peaks[1]
    shared = chunk_bytes(tiny_model, SETTINGS, 30, 40, batch_size=5, shared=Shared(True, True, True))
    assert shared < peaks[5] - 3 * 15 * 20 * 8 * 4  # four content targets of relu2_1 less, or nearly


@pytest.mark.slow
def test_as_many_fit_as_the_compiler_says(tiny_model):
    one, three = (chunk_bytes(tiny_model, SETTINGS, 30, 40, batch_size=batch_size) for batch_size in (1, 3))

    def fitting(budget, most=4):
        return batch_size_that_fits(tiny_model, SETTINGS, 30, 40, most=most, budget=budget)

    assert fitting(int(three * 1.05)) == 3
    assert fitting(int(three * 0.95)) == 2
    assert fitting(2**40, most=3) == 3
    assert fitting(one) == 1
    assert fitting(one - 1) == 0
    assert fitting(1000) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"optimizer": "l-bfgs", "history": 2}, {"style_loss": "wasserstein"}, {"size": 38, "smallest_size": 19}],
    ids=str,
)
def test_asking_compiles_the_very_program_that_is_run(tiny_model, pictures, options):
    content, style = pictures
    options = {**SMALL, "size": 36, **options}
    seen = []
    with compiled_programs() as compiled:
        result = stylejax.stylize(content, style, model=tiny_model, observe=seen.append, **options)
    assert compiled["run_chunk"] == seen[-1].scales
    assert result.memory == seen[-1].memory == chunk_bytes(tiny_model, Settings(**options), *result.image.shape[:2])


@pytest.mark.slow
def test_batches_and_regions_are_asked_about_as_they_are_run(tiny_model, pictures):
    content, style = pictures
    mask = np.zeros((48, 64, 3), np.float32)
    mask[:, 32:] = 1
    with compiled_programs() as compiled:
        stylejax.stylize_batch([content] * 2, [style, style[::-1].copy()], model=tiny_model, **SMALL)
        stylejax.stylize(content, style, style, content_masks=[mask, 1 - mask], model=tiny_model, **SMALL)
    assert compiled["run_chunk"] == 2


@pytest.mark.slow
def test_what_does_not_fit_is_refused_before_it_starts_with_what_would(tiny_model, pictures, monkeypatch):
    content, style = pictures
    whole = chunk_bytes(tiny_model, SETTINGS, 30, 40, batch_size=3, shared=Shared(True, True, True))
    monkeypatch.setenv("STYLEJAX_MEMORY", str(int(whole * 0.8)))
    seen = []
    with pytest.raises(OutOfMemoryError, match=r"3 pictures of 40×30 pixels.*fit: 2 at a time.*a long side of 32 ") as refused:
        stylejax.stylize_batch([content] * 3, [style] * 3, model=tiny_model, observe=seen.append, **SMALL)
    assert not seen
    assert str(refused.value).count("\n") == 0
    for fitting in ({}, {"size": 32, "smallest_size": 32}):  # what the message names does fit
        count = 3 if fitting else 2
        stylejax.stylize_batch([content] * count, [style] * count, model=tiny_model, **{**SMALL, **fitting})


@pytest.mark.slow
def test_a_shorter_history_is_offered_that_fits(tiny_model, pictures, monkeypatch):
    content, style = pictures
    options = {**SMALL, "optimizer": "l-bfgs", "history": 12}
    budget = chunk_bytes(tiny_model, Settings(**{**options, "history": 7}), 30, 40)
    monkeypatch.setenv("STYLEJAX_MEMORY", str(budget))
    with pytest.raises(OutOfMemoryError, match=r"fit: history \d,") as refused:
        stylejax.stylize(content, style, model=tiny_model, **options)
    (offered,) = re.findall(r"history (\d)", str(refused.value))
    assert int(offered) in (6, 7)
    stylejax.stylize(content, style, model=tiny_model, **{**options, "history": int(offered)})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("offered", "changes"),
    [("convolution direct", DIRECT), ("precision bfloat16", {"precision": "bfloat16"} | DIRECT)],
)
def test_a_network_is_offered_that_fits(offered, changes, tiny_weights, pictures, monkeypatch):
    content, style = pictures
    model = build_model(tiny_weights, convolution="winograd")
    other = reconfigured(model, **changes)
    fitting = chunk_bytes(other, SETTINGS, 30, 40)
    assert fitting < chunk_bytes(model, SETTINGS, 30, 40)
    monkeypatch.setenv("STYLEJAX_MEMORY", str(fitting))
    with pytest.raises(OutOfMemoryError, match=f"these would fit:.* {offered}"):
        stylejax.stylize(content, style, model=model, **SMALL)
    stylejax.stylize(content, style, model=other, **SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"style_loss": "wasserstein"}, {"optimizer": "l-bfgs", "history": 2}], ids=str)
def test_the_peak_is_between_its_bounds(options):
    model, settings = load_model("vgg19-slim"), Settings(octaves=1, **options)
    peak = chunk_bytes(model, settings, 96, 128)
    assert least_bytes(model, settings, 96, 128) < peak < most_bytes(model, settings, 96, 128)


def test_an_absurd_size_is_refused_without_compiling(tiny_model, pictures, monkeypatch):
    content, style = pictures
    monkeypatch.setenv("STYLEJAX_MEMORY", "100M")
    with compiled_programs() as compiled, pytest.raises(OutOfMemoryError, match=r"would take at least.*leave out tiles none"):
        stylejax.stylize(content, style, model=tiny_model, size=60000, tiles="none")
    assert not compiled["run_chunk"]


def test_amounts_of_memory(monkeypatch):
    assert parse_bytes("6G") == parse_bytes(" 6 GiB") == 6 * 2**30
    assert parse_bytes("1.5m") == 3 * 2**19
    assert parse_bytes("123456") == 123456
    assert [format_bytes(count) for count in (3 * 2**29, 211 * 2**20, 3 * 2**20)] == ["1.50 GiB", "211 MiB", "3.0 MiB"]
    for nothing in ("", "much", "-1G", "0", "8", "1X"):
        with pytest.raises(SettingsError, match="such as 6G"):
            parse_bytes(nothing)
    monkeypatch.setenv("STYLEJAX_MEMORY", "2G")
    assert memory_budget() == 2**31


def control_group(folder: Path, **files: int | str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name.replace("memory_", "memory.")).write_text(f"{value}\n")


@pytest.mark.parametrize("version", [1, 2])
def test_the_narrowest_control_group_above_the_process_limits_it(tmp_path, monkeypatch, version):
    top = tmp_path / "memory" if version == 1 else tmp_path
    limit, used, cached = {
        1: ("memory_limit_in_bytes", "memory_usage_in_bytes", "total_inactive_file"),
        2: ("memory_max", "memory_current", "inactive_file"),
    }[version]
    unlimited = 9223372036854771712 if version == 1 else "max"
    control_group(top, **{limit: unlimited, used: 10**9, "memory_stat": f"{cached} 5"})
    control_group(top / "slice", **{limit: 10_000, used: 9_000, "memory_stat": f"other 7\n{cached} 500"})
    control_group(top / "slice/job", **{limit: 4_000, used: 1_000, "memory_stat": f"{cached} 0"})
    membership = tmp_path / "membership"
    membership.write_text("5:cpu:/elsewhere\n4:memory:/slice/job\n" if version == 1 else "0::/slice/job\n")
    monkeypatch.setattr(limits, "GROUPS", tmp_path)
    monkeypatch.setattr(limits, "MEMBERSHIP", membership)
    assert limits.limited_memory() == 1_500
    (top / "slice/job" / limit.replace("memory_", "memory.")).write_text("2000")
    assert limits.limited_memory() == 1_000
    membership.write_text("")
    assert limits.limited_memory() is None


def test_a_limited_address_space_limits_the_memory():
    program = "from stylejax.run.memory.limits import limited_memory; print(limited_memory())"
    command = f"ulimit -v 8000000; exec {sys.executable} -c '{program}'"
    left = int(subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout)
    assert 0 < left < 8_000_000 * 1024


def test_the_budget_is_what_system_and_limits_leave(monkeypatch):
    monkeypatch.delenv("STYLEJAX_MEMORY", raising=False)
    monkeypatch.setattr(budgets, "_system_free", lambda: 1000)
    monkeypatch.setattr(budgets, "limited_memory", lambda: 600)
    assert memory_budget() == 510
    monkeypatch.setattr(budgets, "limited_memory", lambda: None)
    assert memory_budget() == 850
    monkeypatch.setattr(budgets, "_system_free", lambda: None)
    assert memory_budget() is None
