"""A grid of settings painted together: the pictures, their names, the sheet, and what Ctrl-C leaves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW_GRAMS
from processes import restore_signals
from programs import compiled_programs

import stylejax
from stylejax.cli.main import main
from stylejax.cli.sweep import picture_name
from stylejax.errors import SettingsError
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.settings.parse import parse_values
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import write_weights

SHALLOW = {**SHALLOW_GRAMS, "size": 32, "smallest_size": 32, "iterations": 3}
FLAGS = [part for name, value in SHALLOW.items() for part in (f"--{name.replace('_', '-')}", str(value))]


@pytest.fixture
def folder(tmp_path, pictures, tiny_weights, monkeypatch) -> Path:
    content, style = pictures
    write_picture(tmp_path / "content.png", content)
    write_picture(tmp_path / "style.png", style)
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["sweep", "content.png", "style.png", "--model", "tiny.safetensors", *FLAGS, "-o", "out", *arguments])
    written = capsys.readouterr()
    return int(stopped.value.code or 0), written.out, written.err


@pytest.mark.slow
def test_a_grid_is_one_program_and_each_picture_that_of_a_single_run(folder):
    grid = {"style_weight": [1, 10], "averaging": [0.0, 0.9], "tv_weight": [3]}
    with compiled_programs() as compiled:
        results = stylejax.sweep("content.png", "style.png", grid=grid, model="tiny.safetensors", **SHALLOW)
    assert compiled["run_chunk"] == 1
    assert [(p.settings.style_weight, p.settings.averaging) for p in results] == [(1, 0), (1, 0.9), (10, 0), (10, 0.9)]
    for result in results[1:3]:
        alone = stylejax.stylize("content.png", "style.png", **result.settings.as_options())
        np.testing.assert_allclose(result.image, alone.image, atol=1e-4)
    assert np.abs(results[0].image - results[3].image).max() > 1e-3


@pytest.mark.slow
def test_each_combination_is_constructed_once(folder, monkeypatch, capsys):
    constructed = []
    check = Settings.__post_init__
    monkeypatch.setattr(Settings, "__post_init__", lambda settings: (constructed.append(settings), check(settings))[1])
    stylejax.sweep("content.png", "style.png", grid={"style_weight": [1, 10, 100]}, model="tiny.safetensors", **SHALLOW)
    assert len(constructed) == 3
    constructed.clear()
    assert run(capsys, "--style-weight", "1,10", "--seed", "0", "--quiet")[0] == 0
    assert [settings.style_weight for settings in constructed if settings.model == "tiny.safetensors"] == [1, 10]


@pytest.mark.slow
def test_starts_that_begin_at_other_sizes_are_programs_of_their_own(folder):
    options = {**SHALLOW, "size": 128, "smallest_size": 0, "iterations": 1}
    results = stylejax.sweep(
        "content.png", "style.png", grid={"init": ["content", "noise"]}, model="tiny.safetensors", **options
    )
    assert [result.trace[-1]["scale"] for result in results] == [1, 2]  # noise begins at 64 pixels


@pytest.mark.slow
def test_what_is_static_is_painted_by_programs_of_its_own_and_comes_back_in_order(folder):
    seen, kept = [], []
    results = stylejax.sweep(
        "content.png",
        "style.png",
        grid={"style_loss": ["gram", "moments"], "style_weight": [1, 2, 3]},
        model="tiny.safetensors",
        batch_size=2,
        observe=lambda progress, numbers: seen.append((progress.fraction, tuple(numbers))),
        keep=lambda number, result: kept.append((number, result)),
        **SHALLOW,
    )
    assert [(p.settings.style_loss, p.settings.style_weight) for p in results] == [
        (loss, weight) for loss in ("gram", "moments") for weight in (1, 2, 3)
    ]
    assert kept == list(enumerate(results))
    assert {numbers for _, numbers in seen} == {(0,), (1, 2), (3,), (4, 5)}
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1)


@pytest.mark.slow
def test_the_command_writes_pictures_a_sheet_and_their_losses(folder, capsys):
    code, out, err = run(capsys, "--style-weight", "1,1e3", "--content-weight", "0.1,0.2,0.3")
    assert (code, err) == (0, "")
    assert "6 pictures:  content_weight 3  style_weight 2" in out and "left" in out
    names = sorted(path.name for path in Path("out").glob("0*.png"))
    assert names[0] == "001-content_weight=0.1-style_weight=1.png" and len(names) == 6
    lines = [json.loads(line) for line in Path("out/sweep.jsonl").read_text().splitlines()]
    assert [line["picture"] for line in lines] == names
    assert lines[0]["varied"] == {"content_weight": 0.1, "style_weight": 1.0}
    assert lines[0]["losses"]["total"] > 0 and lines[0]["failure"] is None
    assert read_metadata(Path("out") / names[2])["settings"]["content_weight"] == 0.2
    sheet = read_picture("out/contact_sheet.png").pixels
    assert sheet.shape[1] > 2 * 320 and sheet.shape[0] > 3 * 240  # two columns, three rows


@pytest.mark.slow
def test_a_single_setting_is_a_sheet_of_one(folder, capsys):
    code, out, _ = run(capsys, "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["pictures"] == 1
    assert Path("out/001.png").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--style-weight", "1,much"], "style_weight is 'much'; it must be a number"),
        (["--style-weight", "1,1"], "give values that differ"),
        (["--style-weight", "1,,2"], "give values that differ"),
        (["--style-weight", "1,-2"], "style_weight is -2"),
        (["--style-weight", "1,1.0"], "give values that differ"),
        (["--clamp", "yes,maybe"], "must be true or false"),
        (["--beta1", "0.1,0.2", "--optimizer", "l-bfgs"], "beta1 is used with optimizer adam"),
        (["--recipe", "udacity,matisse"], "no recipe is called 'matisse'"),
        (["--batch-size", "-1"], "batch_size is -1"),
        (["--split", "picture"], "there is one; leave it out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_values_are_one_clear_line_and_leave_nothing(folder, capsys, arguments, expected):
    code, out, err = run(capsys, *arguments, "--quiet")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert not Path("out").exists()


def test_values_are_read_by_the_type_of_the_setting():
    assert parse_values("seed", "0, 1") == [0, 1]
    assert parse_values("size", "native,64") == ["native", 64]
    assert parse_values("clamp", "true,False") == [True, False]
    assert parse_values("style_layers", "relu1_1=1,relu2_1=.5; relu3_1") == ["relu1_1=1,relu2_1=.5", "relu3_1"]
    with pytest.raises(SettingsError, match="whole number"):
        parse_values("iterations", "1.5,2")
    assert picture_name(7, {"init": "a/b c.png", "seed": 1}) == "007-init=b_c.png-seed=1.png"


@pytest.mark.slow
def test_ctrl_c_keeps_what_there_is(folder):
    command = [
        sys.executable,
        "-c",
        "from stylejax.cli.main import main; main()",
        "sweep",
        "content.png",
        "style.png",
        "--json",
    ]
    command += ["--model", "tiny.safetensors", *FLAGS[:-2], "--iterations", "1000000", "--style-weight", "1,2", "-o", "out"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=restore_signals, env=os.environ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130
    reported = json.loads(rest.splitlines()[-1])
    assert (reported["event"], reported["pictures"]) == ("stopped", 2)
    assert Path("out/contact_sheet.png").exists()
    assert len(Path("out/sweep.jsonl").read_text().splitlines()) == 2
