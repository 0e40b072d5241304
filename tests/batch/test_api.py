"""`stylize_table`: planned when called, executed while iterated, stopped at any time, and resumed by the same call."""

import dataclasses
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW_GRAMS

import stylejax
from stylejax.batch.events import BatchProgress, Ended, Finished, Planned
from stylejax.batch.execute import local as engine
from stylejax.errors import SettingsError, StylejaxError
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

SMALL = {**SHALLOW_GRAMS, "size": 32, "smallest_size": 32, "iterations": 3, "batch_size": 2}
COUNT = 6


@pytest.fixture
def folder(tmp_path, pictures, monkeypatch) -> Path:
    """Six photographs and a style, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for number in range(COUNT):
        write_picture(f"{number}.png", pictures[0] * (number + 1) / COUNT)
    write_picture("style.png", pictures[1])
    return tmp_path


def rows(*numbers: int) -> list[dict]:
    return [{"content": f"{n}.png", "style": "style.png", "output": f"{n}.png"} for n in numbers or range(COUNT)]


def painted(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "painted").glob("*.png")}


def at_work() -> bool:
    return any(thread.name == "stylejax" for thread in threading.enumerate())


@pytest.fixture(scope="module")
def options(tmp_path_factory, tiny_weights):
    network = tmp_path_factory.mktemp("network") / "tiny.safetensors"
    write_weights(network, tiny_weights)
    return {"model": network, **SMALL}


@pytest.mark.slow
def test_each_row_comes_once_with_its_picture_its_losses_and_its_seconds(folder, options):
    Path("bad.png").write_text("no picture")
    table = [*rows(), {"content": "bad.png", "style": ["style.png"], "tv_weight": 3}]
    seen = []
    run = stylejax.stylize_table(table, output="painted", observe=seen.append, **options)
    assert isinstance(run, stylejax.TableRun)
    assert (len(run.plan.todo), len(run.plan.refused), run.plan.programs) == (COUNT, 1, 1)
    assert not (folder / "painted").exists()  # it is only planned
    results = {result.row.number: result for result in run}
    assert sorted(results) == list(range(1, COUNT + 2))
    for number in range(1, COUNT + 1):
        result = results[number]
        assert result.picture == folder / "painted" / f"{number - 1}.png"
        assert read_picture(result.picture).pixels.shape == (24, 32, 3)
        assert (result.reason, result.earlier) == ("", False)
        assert result.losses["total"] > 0
        assert result.seconds > 0
    failed = results[COUNT + 1]
    assert (failed.picture, failed.row.settings.tv_weight, failed.losses) == (None, 3, {})
    assert "bad.png is not a picture" in failed.reason
    kinds = [type(event) for event in seen]
    assert (kinds[0], kinds[-1], kinds.count(Finished)) == (Planned, Ended, COUNT + 1)
    assert BatchProgress in kinds
    assert not at_work()


@pytest.mark.slow
def test_the_same_call_yields_all_rows_and_executes_none_again(folder, options):
    first = [result.row.output for result in stylejax.stylize_table(rows(0, 1, 2), output="painted", **options)]
    before = painted(folder)
    again = list(stylejax.stylize_table(rows(), output="painted", **options))
    assert sorted(first) == sorted(before) == ["0.png", "1.png", "2.png"]
    assert {result.row.output: result.earlier for result in again} == {f"{n}.png": n < 3 for n in range(COUNT)}
    assert all(result.picture and result.losses and result.seconds for result in again)
    assert before.items() <= painted(folder).items()


@pytest.fixture
def waiting_for_its_consumer(monkeypatch):
    """A run is never further than two pictures ahead of its consumer, however fast it paints."""
    monkeypatch.setattr(engine, "BEHIND", 2)


@pytest.mark.slow
@pytest.mark.usefixtures("waiting_for_its_consumer")
def test_leaving_the_loop_stops_the_run_which_can_be_resumed(folder, options):
    options = options | {"iterations": 200, "batch_size": 1}  # more batches than are loaded ahead
    with stylejax.stylize_table(rows(), output="painted", **options) as run:
        first = next(run)
        assert at_work()
    assert not at_work()
    assert first.picture
    left = painted(folder)
    assert 1 <= len(left) < COUNT
    rest = list(stylejax.stylize_table(rows(), output="painted", **options))
    assert {result.row.output for result in rest if result.earlier} == set(left)
    assert len(rest) == COUNT

    def interrupted():
        with stylejax.stylize_table(rows(), output="other", **options) as run:
            for result in run:
                assert result.picture
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not at_work()


@pytest.mark.slow
@pytest.mark.usefixtures("waiting_for_its_consumer")
def test_stop_lets_the_batch_in_flight_be_finished(folder, options):
    run = stylejax.stylize_table(rows(), output="painted", **options | {"iterations": 200})
    results = [next(run)]
    run.stop()
    results += run
    assert not at_work()
    assert len(results) == len(painted(folder)) < COUNT
    assert all(result.picture for result in results)
    assert len(list(stylejax.stylize_table(rows(), output="painted", **options | {"iterations": 200}))) == COUNT


@pytest.mark.slow
@pytest.mark.usefixtures("waiting_for_its_consumer")
def test_the_run_stays_at_most_so_many_pictures_ahead_of_its_consumer(folder, options):
    run = stylejax.stylize_table(rows(), output="painted", **options)
    next(run)
    counts = [-1, 0]
    while counts[-1] != counts[-2]:
        time.sleep(0.5)
        counts.append(len(painted(folder)))
    assert counts[-1] <= 1 + 2
    assert len(list(run)) == COUNT - 1


@pytest.mark.slow
def test_patterns_and_files_make_the_same_run(folder, options):
    Path("photos").mkdir()
    for number in range(2):
        os.link(f"{number}.png", f"photos/{number}.png")
    results = list(stylejax.stylize_table(content="photos/*.png", style="style.png", output="found", **options))
    assert sorted(result.row.output for result in results) == ["0-style.png", "1-style.png"]
    Path("jobs.csv").write_text("content,style,output\n0.png,style.png,a.png\n1.png,style.png,b.jpg\n")
    results = list(stylejax.stylize_table(Path("jobs.csv"), output=Path("from_file"), **options))
    assert sorted(result.picture.name for result in results) == ["a.png", "b.jpg"]
    one, two = (read_picture(place).pixels for place in ("found/0-style.png", "from_file/a.png"))
    np.testing.assert_array_equal(one, two)


def test_settings_are_those_of_all_rows_and_cells_and_options_override_them(folder, options):
    names = {field.name for field in dataclasses.fields(stylejax.Settings)}
    settings = stylejax.Settings(**{name: value for name, value in options.items() if name in names})
    table = [{**rows(0)[0], "output": "a.png"}, {**rows(0)[0], "output": "b.png", "style_weight": 3, "recipe": "udacity"}]
    run = stylejax.stylize_table(table, output="painted", settings=settings, tv_weight=7.0)
    first, second = run.plan.rows
    assert first.settings == dataclasses.replace(settings, tv_weight=7.0)
    assert (second.settings.recipe, second.settings.style_weight, second.settings.tv_weight) == ("udacity", 3.0, 7.0)
    assert second.settings.size == settings.size


@pytest.mark.slow
def test_a_bucket_gives_addresses(folder, options):
    (result,) = stylejax.stylize_table(rows(0), output="memory://door/painted/", **options)
    assert result.picture == "memory://door/painted/0.png"
    assert read_picture(result.picture).pixels.shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("jobs", "more", "message"),
    [
        (None, {}, "give either a table"),
        ([], {"content": "*.png", "style": "style.png"}, "give either a table"),
        (None, {"content": "*.png"}, "go together"),
        ([{}], {"batch_size": 0}, "batch_size is 0"),
        ([{}], {"batch_size": "many"}, "batch_size is many"),
        ([{}], {"bits": 12}, "bits is 12; it must be one of 8, 16"),
        ([{}], {"pair": "both"}, "pair is both"),
        ([{}], {"format": "gif"}, "format is gif"),
        ([{}], {"grace": "long"}, "grace is long"),
        ([{}], {"devices": 99}, "devices is 99"),
        ([{}], {"sise": 64}, "did you mean 'size'"),
        ([{}], {"size": -1}, "size is -1"),
        ([], {}, "got no picture to paint"),
        ("none.csv", {}, "does not exist"),
    ],
)
def test_invalid_arguments_are_one_line_before_anything_is_written(folder, options, jobs, more, message):
    with pytest.raises(StylejaxError, match=message) as refused:
        stylejax.stylize_table(jobs, output="painted", **options | more)
    assert "\n" not in str(refused.value)
    assert not (folder / "painted").exists()


@pytest.mark.slow
def test_bad_rows_are_named_by_number_or_left_out(folder, options):
    table = [*rows(0), {"content": "1.png"}, 7, {"content": "1.png", "style": "style.png", "output": "x" * 300 + ".png"}]
    with pytest.raises(stylejax.BadRowsError) as refused:
        stylejax.stylize_table(table, output="painted", **options)
    assert [number for number, _ in refused.value.problems] == [2, 3, 4]
    run = stylejax.stylize_table(table, output="painted", skip_bad=True, **options)
    assert [number for number, _ in run.left_out] == [2, 3, 4]
    assert [result.row.number for result in run] == [1]


def test_a_row_too_large_for_its_format_fails_before_it_is_painted(folder, options):
    row = {"content": "1.png", "style": "style.png", "output": "1.webp", "size": 16_384}
    (result,) = stylejax.stylize_table([row], output="painted", **options)
    assert "but WEBP holds 16383; name a .png or .tiff file" in str(result.failure)


def test_an_invalid_amount_of_memory_is_one_error_and_not_one_for_each_row(folder, options, monkeypatch):
    monkeypatch.setenv("STYLEJAX_MEMORY", "lots")
    with pytest.raises(SettingsError, match="the memory to use is 'lots'"):
        stylejax.stylize_table(rows(), output="painted", **options)
