"""Checkpoints: a killed run ends with the same bytes, another run is refused, and nothing but arrays and JSON is read."""

import json
import resource
import shutil
import signal
import subprocess
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from objectives import SHALLOW, SHALLOW_FLAGS
from processes import STEPWISE, interruptible_process, lines

import stylejax
from stylejax.errors import CheckpointError, SettingsError
from stylejax.files.checksummed import read_checksummed, read_kind, write_checksummed
from stylejax.run.result import StylizeInterrupted

STATE = Path("stylejax-checkpoint", "state")
OPTIONS = {"size": 48, "smallest_size": 24, "iterations": 30, **SHALLOW}


def interrupted_at(scale, step):
    def observe(progress):
        if (progress.scale, progress.step) == (scale, step):
            raise KeyboardInterrupt

    return observe


def stylize_interrupted(checkpoint, scale, step, pictures, **options):
    with pytest.raises(StylizeInterrupted):
        stylejax.stylize(*pictures, checkpoint=checkpoint, observe=interrupted_at(scale, step), **options)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
@pytest.mark.parametrize("place", [(1, 20), (1, 30), (2, 10)])
def test_an_interrupted_run_resumes_to_the_same_bits(tiny_model, pictures, tmp_path, optimizer, place):
    options = {**OPTIONS, "model": tiny_model, "optimizer": optimizer}
    options |= {"schedule": "cosine"} if optimizer == "adam" else {}
    whole = stylejax.stylize(*pictures, **options)
    stylize_interrupted(stylejax.Checkpoint(tmp_path / "state"), *place, pictures, **options)
    checkpoint, seen = stylejax.Checkpoint(tmp_path / "state"), []
    resumed = stylejax.stylize(*pictures, checkpoint=checkpoint, observe=seen.append, **options)
    assert (checkpoint.resumed.scale, checkpoint.resumed.step) == place
    assert len(seen) == 6 - (place[0] - 1) * 3 - place[1] // 10
    assert seen[-1].fraction == 1
    assert np.array_equal(resumed.image, whole.image)
    assert resumed.trace == whole.trace
    checkpoint.remove()
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_a_batch_with_a_failed_picture_resumes(tiny_model, pictures, tmp_path):
    content, style = pictures
    each = [{"style_weight": 3.0}, {"learning_rate": 1e3, "style_weight": 1e12, "init": "noise"}]
    options = {**OPTIONS, "model": tiny_model, "each": each, "clamp": False, "content_weight": 1e12}
    whole = stylejax.stylize_batch([content] * 2, [style] * 2, **options)
    with pytest.raises(StylizeInterrupted):
        stylejax.stylize_batch(
            [content] * 2, [style] * 2, checkpoint=stylejax.Checkpoint(tmp_path), observe=interrupted_at(2, 20), **options
        )
    resumed = stylejax.stylize_batch([content] * 2, [style] * 2, checkpoint=stylejax.Checkpoint(tmp_path), **options)
    for ours, theirs in zip(resumed, whole, strict=True):
        assert np.array_equal(ours.image, theirs.image, equal_nan=True)
        assert str(ours.trace) == str(theirs.trace)  # NaN equals NaN as text
        assert ours.failure == theirs.failure


@pytest.mark.slow
def test_a_scale_that_ended_early_stays_ended(tiny_model, pictures, tmp_path):
    options = {**OPTIONS, "iterations": 100, "model": tiny_model, "stop_when": 0.99}
    whole = stylejax.stylize(*pictures, **options)
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 40, pictures, **options)
    resumed = stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), **options)
    assert resumed.stops == whole.stops
    assert len(resumed.stops) == 2
    assert resumed.trace == whole.trace
    assert np.array_equal(resumed.image, whole.image)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"style_weight": 2.0}, "style_weight is 2.0 and was 1.0"),
        ({"iterations": 40}, "iterations is 40 and was 30"),
        ({"content": 0.5}, "the content picture is another one"),
        ({"style": 0.5}, "style picture 1 is another one"),
        ({"bias": 1.0}, "the network is another one"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_in_one_line(tiny_weights, tiny_model, pictures, tmp_path, change, expected):
    options = {**OPTIONS, "model": tiny_model}
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, **options)
    content, style = (picture * change.pop(name, 1.0) for name, picture in zip(("content", "style"), pictures, strict=True))
    if change.pop("bias", None):
        arrays = {name: array + name.endswith("conv5_4/bias") for name, array in tiny_weights.arrays.items()}
        options["model"] = stylejax.VGG19(tiny_model.spec, arrays)
    with pytest.raises(CheckpointError) as error:
        stylejax.stylize(content, style, checkpoint=stylejax.Checkpoint(tmp_path), **{**options, **change})
    assert expected in str(error.value)
    assert "another folder" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_another_version_of_jax_is_refused(tiny_model, pictures, tmp_path, monkeypatch):
    options = {**OPTIONS, "model": tiny_model}
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, **options)
    monkeypatch.setattr("jax.__version__", "99.0")
    with pytest.raises(CheckpointError, match=r"the version of jax is '99\.0'"):
        stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), **options)


@pytest.fixture(scope="module")
def sealed(tiny_model, pictures, tmp_path_factory) -> tuple[bytes, bytes]:
    """The states of a run after 10 and after 20 steps."""
    folders = [tmp_path_factory.mktemp("sealed") for _ in range(2)]
    for number, folder in enumerate(folders, start=1):
        stylize_interrupted(stylejax.Checkpoint(folder), 1, 10 * number, pictures, model=tiny_model, **OPTIONS)
    one, two = ((folder / STATE).read_bytes() for folder in folders)
    return one, two


def told_of(state: bytes, folder: Path, pictures, **options) -> str:
    """The message of the error that resuming from `state` raises; the state must not change."""
    (folder / STATE).parent.mkdir(exist_ok=True)
    (folder / STATE).write_bytes(state)
    with pytest.raises(CheckpointError) as error:
        stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(folder), **{**OPTIONS, **options})
    assert (folder / STATE).read_bytes() == state
    assert "choose another folder" in str(error.value)
    assert "remove" not in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.slow
def test_a_flipped_bit_anywhere_is_seen(sealed, tiny_model, pictures, tmp_path):
    for place in [*range(0, 220, 9), *range(220, len(sealed[0]), len(sealed[0]) // 60), len(sealed[0]) - 1]:
        state = bytearray(sealed[0])
        state[place] ^= 1 << place % 8
        told_of(bytes(state), tmp_path, pictures, model=tiny_model)


def test_a_state_that_is_cut_off_or_goes_on_is_seen(sealed, tiny_model, pictures, tmp_path):
    for length in [0, 1, 80, 81, 200, *range(300, len(sealed[0]), len(sealed[0]) // 10), len(sealed[0]) - 1]:
        told_of(sealed[0][:length], tmp_path, pictures, model=tiny_model)
    told_of(sealed[0] + b"0", tmp_path, pictures, model=tiny_model)


def test_parts_of_two_states_are_no_state(sealed, tiny_model, pictures, tmp_path):
    one, two = sealed
    seal = one.index(b"\n")
    assert "is damaged" in told_of(one[:seal] + two[seal:], tmp_path, pictures, model=tiny_model)
    edited = one.replace(b'"step": 10, "steps"', b'"step": 11, "steps"')
    assert edited != one
    assert "is damaged" in told_of(edited, tmp_path, pictures, model=tiny_model)


def wrong(change, folder, sealed) -> bytes:
    """The state with other facts or arrays, under a seal that is right."""
    path = folder / "sealed"
    path.write_bytes(sealed)
    kind = read_kind(path)
    facts, arrays = read_checksummed(path)
    change(facts, arrays)
    write_checksummed(path, kind, facts, arrays)
    return path.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda facts, arrays: facts.update(step=31),
        lambda facts, arrays: facts.update(step=0),
        lambda facts, arrays: facts.update(step=True),
        lambda facts, arrays: facts.update(scale=3),
        lambda facts, arrays: facts.update(scale=2),
        lambda facts, arrays: facts.update(steps="30"),
        lambda facts, arrays: facts.pop("identity"),
        lambda facts, arrays: facts.update(traces=[]),
        lambda facts, arrays: facts.update(traces=[[]]),
        lambda facts, arrays: facts["traces"][0][0].pop("total"),
        lambda facts, arrays: facts["traces"][0].append(None),
        lambda facts, arrays: arrays.pop("000"),
        lambda facts, arrays: arrays.update({"000": arrays["000"].astype(np.float64)}),
        lambda facts, arrays: arrays.update({"000": arrays["000"][:, 1:]}),
        lambda facts, arrays: arrays.update({"zzz": np.zeros(3)}),
    ],
)
def test_a_state_in_which_the_run_cannot_be_is_refused(sealed, tiny_model, pictures, tmp_path, change):
    state = wrong(change, tmp_path, sealed[0])
    assert "is damaged" in told_of(state, tmp_path, pictures, model=tiny_model)


def test_a_state_of_another_format_is_refused(sealed, tiny_model, pictures, tmp_path):
    for state in (b"stylejax-checkpoint-1 " + sealed[0].partition(b" ")[2], b"my notes\n", b"\0" * 300):
        assert "is no state of this version" in told_of(state, tmp_path, pictures, model=tiny_model)


def test_impossible_arguments_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="is a file"):
        stylejax.Checkpoint(tmp_path / "file")
    for minutes in (-1, float("nan")):
        with pytest.raises(SettingsError, match="checkpoint_every"):
            stylejax.Checkpoint(tmp_path, minutes=minutes)


def test_what_else_is_in_the_folder_stays(tiny_model, pictures, tmp_path):
    def tree():
        return {str(path.relative_to(tmp_path)): path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}

    def add(progress):  # added during the run
        assert (tmp_path / STATE).exists() == (progress.fraction < 1 or progress.steps > 10)
        (tmp_path / "999999").mkdir(exist_ok=True)
        (tmp_path / "999999" / "later.jpg").write_text(str(progress.step))

    for name in ("2024/photo.jpg", "0/state", "mine.txt", "7/run/metadata", "stylejax-checkpoint/note.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    add(SimpleNamespace(step=30, steps=10, fraction=1))
    before = tree()
    checkpoint = stylejax.Checkpoint(tmp_path, minutes=0)
    stylejax.stylize(*pictures, checkpoint=checkpoint, observe=add, model=tiny_model, **OPTIONS)
    checkpoint.remove()
    assert tree() == before


def test_an_empty_folder_that_was_there_before_stays(tiny_model, pictures, tmp_path):
    for step in (10, 20):
        stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, step, pictures, model=tiny_model, **OPTIONS)
    checkpoint = stylejax.Checkpoint(tmp_path)
    stylejax.stylize(*pictures, checkpoint=checkpoint, model=tiny_model, **OPTIONS)
    checkpoint.remove()
    assert list(tmp_path.parent.glob(tmp_path.name)) == [tmp_path]
    assert not list(tmp_path.iterdir())


def test_a_run_that_saved_nothing_leaves_nothing(tiny_model, pictures, tmp_path):
    stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path / "new"), model=tiny_model, **OPTIONS)
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_state_that_came_from_elsewhere_meanwhile_is_neither_replaced_nor_removed(sealed, tiny_model, pictures, tmp_path):
    reported: list[str] = []

    def replace(progress):
        if progress.step == 10:
            (tmp_path / STATE).write_bytes(b"not ours")

    checkpoint = stylejax.Checkpoint(tmp_path, minutes=0, warn=reported.append)
    options = {**OPTIONS, "model": tiny_model}
    painting = stylejax.stylize(*pictures, checkpoint=checkpoint, observe=replace, **options)
    checkpoint.remove()
    assert (tmp_path / STATE).read_bytes() == b"not ours"
    assert len(reported) == 1
    assert f"{tmp_path / STATE} is not of this run any more; the run continues" in reported[0]
    assert np.array_equal(painting.image, stylejax.stylize(*pictures, **options).image)


def test_a_folder_that_vanishes_or_becomes_a_file_does_not_end_the_run(tiny_model, pictures, tmp_path):
    reported: list[str] = []

    def spoil(progress):
        if progress.scale == 1 and progress.step == 10:
            shutil.rmtree(tmp_path / "state")
        if progress.scale == 1 and progress.step == 20:
            assert (tmp_path / "state" / STATE).exists()
            shutil.rmtree(tmp_path / "state")
            (tmp_path / "state").write_text("mine")

    checkpoint = stylejax.Checkpoint(tmp_path / "state", minutes=0, warn=reported.append)
    stylejax.stylize(*pictures, checkpoint=checkpoint, observe=spoil, model=tiny_model, **OPTIONS)
    checkpoint.remove()
    assert (tmp_path / "state").read_text() == "mine"
    assert len(reported) == 1
    assert "cannot be saved" in reported[0]


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_while_does_not_end_the_run(tiny_model, pictures, tmp_path):
    options = {**OPTIONS, "model": tiny_model, "optimizer": "l-bfgs"}
    reported, limits = [], resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(progress):  # files cannot be larger than so: the system says it like a full disk
        full = (progress.scale, progress.step) in ((1, 10), (1, 20))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]) if full else limits)
        if (progress.scale, progress.step) == (2, 10):
            raise KeyboardInterrupt

    try:
        with pytest.raises(StylizeInterrupted):
            checkpoint = stylejax.Checkpoint(tmp_path, minutes=0, warn=reported.append)
            stylejax.stylize(*pictures, checkpoint=checkpoint, observe=fill, **options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert reported == [f"the state cannot be saved in {tmp_path}: File too large; the run continues and will try again"]
    assert {path.name for path in (tmp_path / STATE).parent.iterdir()} == {"state", ".lock"}
    checkpoint = stylejax.Checkpoint(tmp_path)
    resumed = stylejax.stylize(*pictures, checkpoint=checkpoint, **options)
    assert (checkpoint.resumed.scale, checkpoint.resumed.step) == (2, 10)
    assert np.array_equal(resumed.image, stylejax.stylize(*pictures, **options).image)


def test_a_second_run_in_the_folder_is_refused_and_the_first_unharmed(tiny_model, pictures, tmp_path):
    options = {**OPTIONS, "model": tiny_model}

    def second(progress):
        before = (tmp_path / STATE).read_bytes() if (tmp_path / STATE).exists() else b""
        for own in ({}, {"style_weight": 2.0}):
            with pytest.raises(CheckpointError, match=r"another run is keeping its state in .*; wait for it"):
                stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), **{**options, **own})
        assert ((tmp_path / STATE).read_bytes() if (tmp_path / STATE).exists() else b"") == before

    whole = stylejax.stylize(*pictures, **options)
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, **options)
    painting = stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path, minutes=0), observe=second, **options)
    assert np.array_equal(painting.image, whole.image)


def test_only_arrays_and_json_are_written(sealed, tmp_path):
    (tmp_path / "state").write_bytes(sealed[0])
    facts, arrays = read_checksummed(tmp_path / "state")
    assert facts["step"] == 10
    assert {array.dtype.kind for array in arrays.values()} <= set("fib")


def command(output: Path, *more: str) -> list[str]:
    options = ["--model", "tiny.safetensors", "--size", "48", "--smallest-size", "24", "--iterations", "100", *SHALLOW_FLAGS]
    outputs = ["-o", str(output), "--trace", f"{output}.jsonl", "--json"]
    return [*STEPWISE, "stylize", "content.png", "style.png", *options, *outputs, *more]


def events(folder: Path, arguments: list[str], *, stop_after: int = 0, how: int = 0) -> tuple[list[dict], int]:
    """Run; after so many lines send the signal `how`. Gives what was printed, and the exit code."""
    with interruptible_process(arguments, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        printed = list(islice(lines(process), stop_after))
        if stop_after:
            time.sleep(0.01)  # in the middle of the next steps, or after them
            process.send_signal(how)
        printed += lines(process)
        code = process.wait(120)
    return [json.loads(line) for line in printed if line.endswith("}\n")], code


@pytest.mark.slow
def test_a_process_killed_again_and_again_ends_with_the_same_bytes(folder, tmp_path):
    _, code = events(folder, command(tmp_path / "whole.png"))
    assert code == 0
    arguments = command(tmp_path / "killed.png", "--checkpoint", str(tmp_path / "state"), "--checkpoint-every", "0")
    places = []
    for how, exit_code, count in [(signal.SIGKILL, -9, 6), (signal.SIGTERM, 143, 8)]:
        seen, code = events(folder, arguments, stop_after=count, how=how)
        assert code == exit_code
        places.append((seen[0]["scale"], seen[0]["step"]))
        if how == signal.SIGKILL:
            assert not (tmp_path / "killed.png").exists()
        else:
            assert seen[0]["event"] == "resumed"
            assert seen[-1] == {"event": "stopped", "output": str(tmp_path / "killed.png")}
    seen, code = events(folder, arguments)
    assert code == 0
    assert places[0] < places[1] < (seen[0]["scale"], seen[0]["step"])
    assert (tmp_path / "killed.png").read_bytes() == (tmp_path / "whole.png").read_bytes()
    assert (tmp_path / "killed.png.jsonl").read_bytes() == (tmp_path / "whole.png.jsonl").read_bytes()
    assert not (tmp_path / "state").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "killed.png",
        "killed.png.jsonl",
        "whole.png",
        "whole.png.jsonl",
    ]
