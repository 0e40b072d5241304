"""The command line as a user meets it: results, traces, bad input, Ctrl-C."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW, SHALLOW_FLAGS
from PIL import Image
from processes import PROGRAM, interruptible_process

import stylejax
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture

FAST = ["--size", "48", "--smallest-size", "24", "--iterations", "6", *SHALLOW_FLAGS]


@pytest.fixture
def run(folder, tmp_path, monkeypatch, run):
    """Runs the command in a fresh folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("content.png", "style.png", "tiny.safetensors"):
        (tmp_path / name).symlink_to(folder / name)
    return run


def stylize(*more: str) -> list[str]:
    return ["stylize", "content.png", "style.png", "--model", "tiny.safetensors", *FAST, *more]


@pytest.mark.slow
def test_stylize_writes_a_picture_that_says_how_it_was_made(run):
    code, out, err = run(*stylize("-o", "out.png", "--content-weight", "0.2"))
    assert (code, err) == (0, "")
    assert "out.png  48×36" in out
    assert "peak memory" in out
    assert "scale 2/2 48×36  step 6/6" in out
    assert read_picture("out.png").pixels.shape == (36, 48, 3)
    record = read_metadata("out.png")
    assert record is not None
    assert record["settings"]["content_weight"] == 0.2
    assert record["content"] == "content.png"
    assert record["network"] == "tiny"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["town[old].png", "m[/b].png", "[red]:dog:.png", "a very long name " * 10 + ".png"])
def test_names_are_printed_as_they_are(run, tmp_path, name):
    code, out, err = run(*stylize("-o", name, "--report", f"{name}.html"))
    assert (code, err) == (0, "")
    assert f"{name}  48×36" in out and f"look at {name}.html\n" in out
    assert (tmp_path / name).exists()


@pytest.mark.slow
def test_pictures_under_way_are_like_the_finished_one(run, tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (36, 48, 4), dtype=np.uint8)
    Image.fromarray(colors).save(tmp_path / "cut out.png")
    command = ["stylize", "cut out.png", "style.png", "--model", "tiny.safetensors", *FAST]
    assert run(*command, "-o", "out.png", "--bits", "16", "--save-every", "4", "--quiet")[0] == 0
    finished = read_picture(tmp_path / "out.png")
    under_way = sorted(tmp_path.glob("out-scale*.png"))
    assert [path.stem for path in under_way] == ["out-scale1-step0004", "out-scale2-step0004"]
    for path in under_way:
        assert path.read_bytes()[24:26] == b"\x10\x06"  # 16 bits, RGBA
        assert read_metadata(path) == read_metadata(tmp_path / "out.png")
    np.testing.assert_array_equal(read_picture(under_way[-1]).alpha, finished.alpha)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jpg", "webp", "tiff", "avif"])
def test_every_format_can_be_written(run, suffix):
    code, _, err = run(*stylize("-o", f"out.{suffix}", "--quiet"))
    assert (code, err) == (0, "")
    assert read_picture(f"out.{suffix}").pixels.shape == (36, 48, 3)
    assert read_metadata(f"out.{suffix}")["program"] == "stylejax"


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(run):
    for name in ("a.png", "b.png"):
        run(*stylize("-o", name, "--init", "noise", "--seed", "7", "--quiet"))
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


@pytest.mark.slow
def test_trace_intermediate_pictures_and_json(run):
    code, out, _ = run(*stylize("-o", "out.png", "--trace", "losses.jsonl", "--save-every", "3", "--json"))
    assert code == 0
    records = [json.loads(line) for line in Path("losses.jsonl").read_text().splitlines()]
    assert len(records) == 12
    assert set(records[0]) == {"scale", "height", "width", "step", "total", "content", "style", "tv"}
    assert [record["step"] for record in records] == [*range(6), *range(6)]
    saved = sorted(path.name for path in Path().glob("out-*.png"))
    assert saved == [f"out-scale{scale}-step000{step}.png" for scale in (1, 2) for step in (3, 6)]
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["event"] == "result"
    assert events[-1]["total"] == records[-1]["total"]
    assert events[-1]["peak_memory_bytes"] > 100_000


@pytest.mark.parametrize("wanted", ["--trace", "--report"])
def test_what_does_not_fit_beside_the_picture_is_one_line_and_the_picture_is_there(run, monkeypatch, wanted):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stylejax.files.atomic.write_atomically", full)
    code, _, err = run(*stylize("-o", "out.png", wanted, "more.html", "--quiet"))
    assert (code, err) == (2, "stylejax: more.html cannot be written: No space left on device\n")
    assert read_picture("out.png").pixels.shape == (36, 48, 3)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-o", "out.webp", "--size", "16384"], "out.webp is to have a side of 16384 pixels, but WEBP holds 16383"),
        (
            ["-o", "out.jpg", "--size", "49200", "--size-rule", "short"],
            "out.jpg is to have a side of 65600 pixels, but JPEG holds",
        ),
        (["-o", "-", "--format", "avif", "--size", "32800"], "standard output.avif is to have a side of 32800 pixels"),
    ],
)
def test_a_picture_too_large_for_its_format_is_refused_before_it_is_painted(run, flags, message):
    code, _, err = run(*stylize("--quiet"), *flags)
    assert code == 2 and message in err and err.endswith("; name a .png or .tiff file\n")
    assert not [path for path in Path().iterdir() if path.name.startswith("out")]


@pytest.mark.slow
def test_a_disk_that_fills_at_the_end_keeps_the_state_and_the_same_command_goes_on(run, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    command = stylize("-o", "out.png", "--iterations", "6,12", "--checkpoint", "state")
    with monkeypatch.context() as patched:
        patched.setattr("stylejax.images.io.write.write_atomically", full)
        code, _, err = run(*command, "--quiet")
    reason = "out.png cannot be written: No space left on device"
    assert (code, err) == (2, f"stylejax: {reason}; correct that, and the same command resumes from state\n")
    code, out, _ = run(*command, "--json")
    assert code == 0 and json.loads(out.splitlines()[0]) == {"event": "resumed", "scale": 2, "step": 12}
    assert run(*stylize("-o", "whole.png", "--iterations", "6,12", "--quiet"))[0] == 0
    assert Path("out.png").read_bytes() == Path("whole.png").read_bytes()
    assert not Path("state").exists()


def test_quiet_prints_nothing(run):
    assert run(*stylize("-o", "out.png", "--quiet")) == (0, "", "")


@pytest.mark.slow
def test_several_styles_are_mixed(run):
    arguments = stylize("-o", "out.png", "--quiet")
    arguments.insert(3, "content.png")
    assert run(*arguments)[0] == 0
    assert read_metadata("out.png")["styles"] == ["style.png", "content.png"]


def make_bad_files() -> None:
    Path("empty.png").touch()
    Path("text.png").write_text("not a picture")
    Path("truncated.png").write_bytes(Path("content.png").read_bytes()[:200])
    Path("folder.png").mkdir()
    Image.new("RGB", (1, 1)).save("dot.png")
    Path("truncated.safetensors").write_bytes(Path("tiny.safetensors").read_bytes()[:-1000])
    Path("pickled.pth").write_bytes(b"\x80\x04.")
    Path("not.icc").write_bytes(b"not a profile")
    for name, colors in (("two", ["red", "blue"]), ("three", ["red", "blue", "lime"]), ("other", ["red", "cyan"])):
        labels = Image.new("RGB", (30, 30), colors[0])
        for number, color in enumerate(colors):
            labels.paste(color, (0, 10 * number, 30, 30))
        labels.save(f"{name}-labels.png")
    for name, box in (("black", (0, 0, 0, 0)), ("upper", (0, 0, 30, 15)), ("lower", (0, 15, 30, 30))):
        mask = Image.new("L", (30, 30))
        mask.paste(255, box)
        mask.save(f"{name}-mask.png")


PICTURES, RECIPE = ["content.png", "style.png"], ["--recipe", "crowson", "--model", "vgg19-torchvision"]
TWO_STYLES = ["stylize", "content.png", "style.png", "style.png"]
REGIONS = ["--content-mask=upper-mask.png", "--content-mask=lower-mask.png"]


def masks(content: str, style: str) -> list[str]:
    return [f"--content-mask={content}.png", f"--style-mask={style}.png"]


BAD = {
    "missing content": (["stylize", "nope.png", "style.png"], "nope.png"),
    "missing style": (["stylize", "content.png", "nope.png"], "nope.png"),
    "empty": (["stylize", "empty.png", "style.png"], "empty"),
    "not a picture": (["stylize", "text.png", "style.png"], "text.png"),
    "truncated": (["stylize", "truncated.png", "style.png"], "truncated"),
    "folder as content": (["stylize", "folder.png", "style.png"], "folder"),
    "no style": (["stylize", "content.png"], "style"),
    "style too small": (["stylize", "content.png", "dot.png"], "too small"),
    "size 0": ([*stylize(), "--size", "0"], "size"),
    "size -1": ([*stylize(), "--size", "-1"], "size"),
    "size too small for the layers": ([*stylize(), "--size", "20", "--style-layers", "relu5_1"], "relu5_1"),
    "unknown layer": ([*stylize(), "--content-layers", "relu4_9"], "did you mean"),
    "negative weight": ([*stylize(), "--style-weight", "-1"], "style_weight"),
    "weight NaN": ([*stylize(), "--tv-weight", "nan"], "tv_weight"),
    "absurd weight": ([*stylize(), "--tv-weight", "1e30"], "tv_weight"),
    "unknown start": ([*stylize(), "--init", "nowhere.png"], "nowhere.png"),
    "unknown model": ([*stylize(), "--model", "vgg91"], "did you mean"),
    "missing model": ([*stylize(), "--model", "vgg19"], "stylejax weights fetch vgg19"),
    "truncated model": ([*stylize(), "--model", "truncated.safetensors"], "truncated"),
    "pickled model": ([*stylize(), "--model", "pickled.pth"], "convert"),
    "unknown suffix": ([*stylize(), "-o", "out.gif"], ".png"),
    "folder as output": ([*stylize(), "-o", "folder.png"], "folder.png"),
    "output under a file": ([*stylize(), "-o", "style.png/out.png"], "style.png"),
    "blend of three for two": ([*TWO_STYLES, "--style-blend", "1,2,3"], "3 shares for 2 styles"),
    "blend of zeros": ([*TWO_STYLES, "--style-blend", "0,0"], "at least one share must be above 0"),
    "negative blend": ([*TWO_STYLES, "--style-blend=-1,2"], "style_blend"),
    "blend of regions": ([*TWO_STYLES, *REGIONS, "--style-blend", "1,2"], "leave the blend out"),
    "black mask": (
        [*TWO_STYLES, "--content-mask=black-mask.png", "--content-mask=upper-mask.png"],
        "black-mask.png is all black",
    ),
    "black label picture": ([*stylize(), *masks("black-mask", "two-labels")], "black-mask.png has a single color"),
    "uncovered pixels": ([*TWO_STYLES, "--content-mask=upper-mask.png", "--content-mask=upper-mask.png"], "rows 24 to 47"),
    "other labels": ([*stylize(), *masks("two-labels", "other-labels")], "has the label #0000ff (66.67% of it)"),
    "a region of one picture": ([*stylize(), *masks("three-labels", "two-labels")], "#00ff00 (33.33% of it), which two-labels"),
    "a style mask alone": ([*stylize(), "--style-mask=upper-mask.png"], "no content mask"),
    "recipe without its network": (["stylize", *PICTURES, *RECIPE], "weights fetch vgg19-torchvision`, or run approximately"),
    "unknown recipe": ([*stylize(), "--recipe", "monet"], "no recipe is called 'monet'"),
    "color match without match": ([*stylize(), "--color-match", "pca"], "used with keep_color match only"),
    "noise without noise": ([*stylize(), "--noise", "0.5"], "used with init noise only"),
    "history under Adam": ([*stylize(), "--history", "20"], "used with optimizer l-bfgs only"),
    "schedule under L-BFGS": ([*stylize(), "--optimizer", "l-bfgs", "--schedule", "cosine"], "used with optimizer adam only"),
    "clamp under L-BFGS": ([*stylize(), "--recipe=udacity", "--optimizer=l-bfgs", "--clamp"], "clamp is True"),
    "scale of a stretched style": ([*stylize(), "--style-fit=stretch", "--style-scale=.5"], "style_fit shrink or resize only"),
    "scale and size of a style": ([*stylize(), "--style-size=99", "--style-scale=.5"], "give only one of them"),
    "quiet and json": ([*stylize(), "--quiet", "--json"], "give only one of them"),
    "proof without a profile": ([*stylize(), "--proof", "not.icc"], "not.icc is not an ICC profile"),
    "stop-when of 1": ([*stylize(), "--stop-when", "1"], "stop_when is 1"),
    "negative save-every": ([*stylize(), "--save-every", "-2"], "save_every"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line_and_nothing_is_written(run, name):
    make_bad_files()
    arguments, expected = BAD[name]
    arguments = [*arguments, "--model", "tiny.safetensors"] if "--model" not in arguments else arguments
    arguments = [*arguments, "-o", "out.png"] if "-o" not in arguments else arguments
    before = sorted(Path().iterdir())
    code, out, err = run(*arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert expected in err
    assert "Traceback" not in err + out
    assert sorted(Path().iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize(("memory", "expected"), [("8M", "also in tiles of "), ("lots", "such as 6G")])
def test_more_memory_than_there_is_is_refused_before_anything_is_written(run, monkeypatch, memory, expected):
    monkeypatch.setenv("STYLEJAX_MEMORY", memory)
    code, out, err = run(*stylize("-o", "out.png", "--size", "512"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert not Path("out.png").exists()


@pytest.mark.slow
def test_masks_of_another_shape_are_resized_with_a_note(run):
    make_bad_files()
    arguments = stylize("-o", "out.png", *REGIONS)
    arguments.insert(3, "content.png")
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert "note: upper-mask.png is 30×30 and its picture 64×48; the mask was resized" in out


def test_the_line_of_a_scale_that_had_converged_and_its_trace(run):
    many = ["--iterations", "60", "--stop-when", "0.9", "--trace", "losses.jsonl"]
    code, out, _ = run(*stylize("-o", "out.png", *many))
    assert code == 0
    assert "scale 1 had converged after 40 steps" in out and "step 40/40" in out
    stopped = [record for record in map(json.loads, Path("losses.jsonl").read_text().splitlines()) if record.get("stopped")]
    assert [(record["scale"], record["step"]) for record in stopped] == [(1, 39), (2, 39)]


def test_a_command_that_cannot_be_parsed_exits_with_2(run):
    assert run("stylize", "content.png", "style.png", "--sise", "48")[0] == 2
    assert run("paint")[0] == 2
    assert run(*stylize("-o", "out.png", "--pooling", "median"))[0] == 2


def test_help_shows_defaults_and_an_example(run):
    code, out, _ = run("stylize", "--help")
    assert code == 0
    for expected in ("Example: stylejax stylize", "--content-weight", "(default: 512)", "--style-layers"):
        assert expected in out


def test_info_names_versions_devices_cache_and_weights(run):
    code, out, _ = run("info")
    assert code == 0
    assert "GiB in all" in out
    assert "GiB to use" in out
    for expected in (
        "jax",
        "cpu:0",
        os.environ["STYLEJAX_CACHE"],
        "weights vgg19-slim",
        "stylejax weights fetch vgg19",
    ):
        assert expected in out


@pytest.mark.slow
def test_ctrl_c_saves_what_there_is_and_says_so(folder, tmp_path):
    output = tmp_path / "out.png"
    command = [*PROGRAM, *stylize("--smallest-size", "48", "--iterations", "1000000", "-o", str(output), "--json")]
    with interruptible_process(command, cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first steps are done
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130
    assert json.loads(rest.splitlines()[-1]) == {"event": "stopped", "output": str(output)}
    assert read_picture(output).pixels.shape == (36, 48, 3)
    assert read_metadata(output) is not None


@pytest.mark.slow
def test_no_color_and_no_terminal_give_plain_text(folder, tmp_path):
    command = [*PROGRAM, *stylize("-o", str(tmp_path / "o.png"))]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, env={**os.environ, "NO_COLOR": "1"}
    )
    assert result.returncode == 0
    assert "\x1b" not in result.stdout + result.stderr
    assert "total" in result.stdout


def test_pixels_are_written_to_the_nearest_level(run):
    run(*stylize("-o", "out.png", "--quiet"))
    options = {"model": "tiny.safetensors", "size": 48, "smallest_size": 24, "iterations": 6, **SHALLOW}
    painting = stylejax.stylize("content.png", "style.png", **options)
    assert np.abs(read_picture("out.png").pixels - painting.image).max() <= 1.02 / 255
