"""Checkpoints: a killed run ends with the same bytes, another run is refused, and nothing but arrays and JSON is read."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from processes import heed_ctrl_c

import stylejax
from stylejax.errors import CheckpointError, SettingsError
from stylejax.images.write import write_picture
from stylejax.model.store import write_weights
from stylejax.optimize.stylize import PaintingInterrupted

OPTIONS = {"octaves": 1, "size": 48, "smallest_size": 24, "iterations": 30}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pictures, tiny_weights) -> Path:
    """A folder with two pictures and a network."""
    folder = tmp_path_factory.mktemp("checkpoint")
    for name, picture in zip(("content", "style"), pictures, strict=True):
        write_picture(folder / f"{name}.png", picture)
    write_weights(folder / "tiny.safetensors", tiny_weights)
    return folder


def interrupted_at(scale, step):
    def observe(progress):
        if (progress.scale, progress.step) == (scale, step):
            raise KeyboardInterrupt

    return observe


def stylize_interrupted(checkpoint, scale, step, pictures, **options):
    with pytest.raises(PaintingInterrupted):
        stylejax.stylize(*pictures, checkpoint=checkpoint, observe=interrupted_at(scale, step), **options)


@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
@pytest.mark.parametrize("place", [(1, 20), (1, 30), (2, 10)])
def test_an_interrupted_run_goes_on_to_the_same_bits(tiny_model, pictures, tmp_path, optimizer, place):
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


def test_a_batch_of_which_a_lane_has_failed_goes_on(tiny_model, pictures, tmp_path):
    content, style = pictures
    each = [{"style_weight": 3.0}, {"learning_rate": 1e3, "style_weight": 1e12, "init": "noise"}]
    options = {**OPTIONS, "model": tiny_model, "each": each, "clamp": False, "content_weight": 1e12}
    whole = stylejax.stylize_batch([content] * 2, [style] * 2, **options)
    with pytest.raises(PaintingInterrupted):
        stylejax.stylize_batch(
            [content] * 2, [style] * 2, checkpoint=stylejax.Checkpoint(tmp_path), observe=interrupted_at(2, 20), **options
        )
    resumed = stylejax.stylize_batch([content] * 2, [style] * 2, checkpoint=stylejax.Checkpoint(tmp_path), **options)
    for ours, theirs in zip(resumed, whole, strict=True):
        assert np.array_equal(ours.image, theirs.image, equal_nan=True)
        assert str(ours.trace) == str(theirs.trace)  # NaN equals NaN as text
        assert ours.failure == theirs.failure


def test_a_scale_that_ended_early_stays_ended(tiny_model, pictures, tmp_path):
    options = {**OPTIONS, "iterations": 100, "model": tiny_model, "stop_when": 0.99}
    whole = stylejax.stylize(*pictures, **options)
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 40, pictures, **options)
    resumed = stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), **options)
    assert resumed.stops == whole.stops
    assert len(resumed.stops) == 2
    assert resumed.trace == whole.trace
    assert np.array_equal(resumed.image, whole.image)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"style_weight": 2.0}, "style_weight is 2.0 and was 1.0"),
        ({"iterations": 40}, "iterations is 40 and was 30"),
        ({"content": 0.5}, "the content picture is another one"),
        ({"style": 0.5}, "style picture 1 is another one"),
        ({"bias": 1.0}, "the network is another one"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_in_one_line(tiny_weights, tiny_model, pictures, tmp_path, change, told):
    options = {**OPTIONS, "model": tiny_model}
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, **options)
    content, style = (picture * change.pop(name, 1.0) for name, picture in zip(("content", "style"), pictures, strict=True))
    if change.pop("bias", None):
        arrays = {name: array + name.endswith("conv5_4/bias") for name, array in tiny_weights.arrays.items()}
        options["model"] = stylejax.VGG19(tiny_model.spec, arrays)
    with pytest.raises(CheckpointError) as error:
        stylejax.stylize(content, style, checkpoint=stylejax.Checkpoint(tmp_path), **{**options, **change})
    assert told in str(error.value)
    assert "another folder" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_checkpoint_of_another_version_of_jax_is_refused(tiny_model, pictures, tmp_path, monkeypatch):
    options = {**OPTIONS, "model": tiny_model}
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, **options)
    monkeypatch.setattr("jax.__version__", "99.0")
    with pytest.raises(CheckpointError, match=r"the version of jax is '99\.0'"):
        stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), **options)


def test_a_damaged_checkpoint_says_so(tiny_model, pictures, tmp_path):
    options = {**OPTIONS, "model": tiny_model}
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, **options)
    (run,) = tmp_path.glob("*/run/metadata")
    run.write_text(run.read_text()[:100])
    with pytest.raises(CheckpointError, match="damaged; remove the folder"):
        stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), **options)


def test_impossible_arguments_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="is a file"):
        stylejax.Checkpoint(tmp_path / "file")
    for minutes in (-1, float("nan")):
        with pytest.raises(SettingsError, match="checkpoint_every"):
            stylejax.Checkpoint(tmp_path, minutes=minutes)


def test_what_else_is_in_the_folder_stays(tiny_model, pictures, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    checkpoint = stylejax.Checkpoint(tmp_path, minutes=0)
    stylejax.stylize(*pictures, checkpoint=checkpoint, model=tiny_model, **OPTIONS)
    assert len(list(tmp_path.glob("*/run"))) == 1
    checkpoint.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_only_arrays_and_json_are_written(tiny_model, pictures, tmp_path):
    stylize_interrupted(stylejax.Checkpoint(tmp_path), 1, 10, pictures, model=tiny_model, **OPTIONS)
    (run,) = tmp_path.glob("*/run/metadata")
    assert json.loads(run.read_text())["step"] == 10
    names = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "d"}
    assert names <= {"metadata", "manifest.ocdbt", "_METADATA", "_CHECKPOINT_METADATA", "commit_success.txt", "_sharding"}


def command(folder: Path, output: Path, *more: str) -> list[str]:
    program = [sys.executable, "-c", "from stylejax.cli.main import main; main()", "stylize", "content.png", "style.png"]
    options = ["--model", "tiny.safetensors", "--size", "48", "--smallest-size", "24", "--octaves", "1", "--iterations", "300"]
    return [*program, *options, "-o", str(output), "--trace", f"{output}.jsonl", "--json", *more]


def events(folder: Path, arguments: list[str], *, stop_after: int = 0, how: int = 0) -> tuple[list[dict], int]:
    """Run; after so many lines send the signal `how`. Gives what was printed, and the exit code."""
    with subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(stop_after)]
        if stop_after:
            time.sleep(0.05)
            process.send_signal(how)
        lines += process.stdout.readlines()
        code = process.wait(120)
    return [json.loads(line) for line in lines if line.endswith("}\n")], code


def test_a_process_killed_again_and_again_ends_with_the_same_bytes(folder, tmp_path):
    _, code = events(folder, command(folder, tmp_path / "whole.png"))
    assert code == 0
    arguments = command(folder, tmp_path / "killed.png", "--checkpoint", str(tmp_path / "state"), "--checkpoint-every", "0")
    places = []
    for how, exit_code, lines in [(signal.SIGKILL, -9, 15), (signal.SIGTERM, 143, 15)]:
        seen, code = events(folder, arguments, stop_after=lines, how=how)
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
