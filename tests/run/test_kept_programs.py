"""Programs: each compiled once, in the background, and kept on disk whatever becomes of the folder."""

import errno
import itertools
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from objectives import SHALLOW, SHALLOW_FLAGS
from processes import PROGRAM, interruptible_process
from programs import compiled_programs

import stylejax
from stylejax.files.cache import traced_folder
from stylejax.optimize.config import StaticConfig
from stylejax.run.programs import compilation_cache, program, trace_store
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model

OPTIONS = {**SHALLOW, "size": 32, "smallest_size": 16, "iterations": 3}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A process that keeps traced programs in a folder of its own."""
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    trace_store.keep()
    program.clear()
    yield traced_folder()
    trace_store.keep(wanted=False)
    program.clear()


def painted(model, pictures) -> np.ndarray:
    program.clear()
    return stylejax.stylize(*pictures, model=model, **OPTIONS).image


@pytest.mark.slow
def test_no_program_is_compiled_but_those_that_have_a_name(tiny_weights, pictures):
    program.clear()
    with compiled_programs() as compiled:
        painted(build_model(tiny_weights, convolution="winograd"), pictures)
    once = ("_style_targets", "begin", "enlarge")
    assert compiled == {"run_chunk": 2, "content_targets": 2, "_style_sums": 2, **dict.fromkeys(once, 1)}


@pytest.mark.slow
def test_a_later_run_traces_nothing_and_paints_the_same(tiny_model, pictures, kept, monkeypatch):
    first = painted(tiny_model, pictures)
    assert len(list(kept.iterdir())) == 9
    with monkeypatch.context() as forbidding:
        forbidding.setattr(jax.export, "export", None)
        np.testing.assert_array_equal(painted(tiny_model, pictures), first)
    trace_store.keep(wanted=False)
    np.testing.assert_array_equal(painted(tiny_model, pictures), first)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["bytes", "half", "empty", "folder"])
def test_a_damaged_file_counts_as_absent(damage, tiny_model, pictures, kept):
    first = painted(tiny_model, pictures)
    files = {path: path.read_bytes() for path in kept.iterdir()}
    for path, content in files.items():
        if damage == "folder":
            path.unlink()
            path.mkdir()
        else:
            middle = len(content) // 2
            damaged = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            path.write_bytes({"bytes": damaged, "half": content[:middle], "empty": b""}[damage])
    if damage == "folder":
        with pytest.warns(RuntimeWarning, match="trace its programs again"):
            np.testing.assert_array_equal(painted(tiny_model, pictures), first)
    else:
        np.testing.assert_array_equal(painted(tiny_model, pictures), first)
        assert {path: path.read_bytes() for path in files} == files


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["__version__", "_source_digest", "platform"])
def test_a_program_of_another_version_is_not_used(changed, tiny_model, pictures, kept, monkeypatch):
    painted(tiny_model, pictures)
    before = set(kept.iterdir())
    if changed == "__version__":
        monkeypatch.setattr(jax, "__version__", "0.0.1")
    elif changed == "_source_digest":
        monkeypatch.setattr(trace_store, "_source_digest", lambda: "another")
    else:
        monkeypatch.setattr(trace_store.backend, "platform", lambda: "another")
    painted(tiny_model, pictures)
    assert len(set(kept.iterdir()) - before) == len(before)


def test_configurations_have_one_name_exactly_if_they_are_equal():
    changes = [
        {},
        {"style_weight": 3.0},
        {"optimizer": "l-bfgs"},
        {"optimizer": "l-bfgs", "history": 5},
        {"optimizer": "l-bfgs", "resampling": "bilinear"},
        *({"style_loss": value} for value in ("gram", "gram+mean", "wasserstein", "moments")),
        *({"variation": value} for value in ("nine-point", "absolute")),
        *({name: value} for name, value in (("octaves", 2), ("content_norm", "none"), ("normalize_gradients", True))),
        *({name: value} for name, value in (("space", "caffe"), ("clamp", False), ("restart", False), ("carry", "average"))),
        *({name: value} for name, value in (("resampling", "bilinear"), ("normalization", "mean"))),
        *(dict.fromkeys(names, "relu2_1") for names in (("content_layers",), ("style_layers",))),
    ]
    made = [StaticConfig.of(Settings(**change)) for change in changes]
    for a, b in itertools.product(made, repeat=2):
        assert (a == b) == (a.name == b.name)
    assert made[0] == made[1]


@pytest.mark.slow
def test_a_picture_is_painted_though_a_compiler_thread_dies(tiny_model, pictures, monkeypatch):
    first = painted(tiny_model, pictures)
    compile, died = program._compile, []

    def dies(*arguments):
        if not died:
            died.append(True)
            raise SystemExit
        return compile(*arguments)

    monkeypatch.setattr(program, "_compile", dies)
    np.testing.assert_array_equal(painted(tiny_model, pictures), first)
    assert died


def test_an_error_of_the_compiler_is_raised_each_time(monkeypatch):
    def fails(*arguments):
        raise ValueError("not today")

    monkeypatch.setattr(program, "_compile", fails)
    program.clear()
    for _ in range(2):
        with pytest.raises(ValueError, match="not today"):
            program.call(jax.jit(lambda x: x), np.ones(2))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["a file", "/dev/full/cache"])
def test_a_cache_that_cannot_be_made_costs_one_line(place, folder, tmp_path, run, monkeypatch):
    monkeypatch.chdir(folder)
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / place))
    flags = [*SHALLOW_FLAGS, "--size", "32", "--smallest-size", "32", "--iterations", "2", "--model", "tiny.safetensors"]
    code, _, err = run("stylize", "content.png", "style.png", *flags, "--quiet", "-o", str(tmp_path / "out.png"))
    assert (code, err.count("\n")) == (0, 1)
    assert "compiled programs are not kept" in err
    assert (tmp_path / "out.png").exists()


@pytest.mark.slow
def test_a_full_disk_costs_one_line(folder, tmp_path, run, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compilation_cache.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
    flags = [*SHALLOW_FLAGS, "--size", "32", "--smallest-size", "32", "--iterations", "2", "--model", "tiny.safetensors"]
    code, _, err = run("stylize", "content.png", "style.png", *flags, "--quiet", "-o", str(tmp_path / "out.png"))
    assert (code, err.count("\n")) == (0, 1)
    assert "has 5 MiB left" in err
    assert (tmp_path / "out.png").exists()


@pytest.mark.slow
def test_a_disk_that_fills_while_a_program_is_kept_costs_nothing(tiny_model, pictures, kept, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(trace_store, "write_checksummed", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        assert painted(tiny_model, pictures).shape
    assert not list(kept.iterdir())


@pytest.mark.slow
def test_two_processes_share_the_folder_at_their_first_start(folder, tmp_path):
    command = [*PROGRAM, "stylize", "content.png", "style.png", *SHALLOW_FLAGS, "--size", "32", "--smallest-size", "32"]
    command += ["--iterations", "3", "--model", "tiny.safetensors", "--quiet", "-o"]
    environment = os.environ | {"STYLEJAX_CACHE": str(tmp_path / "cache")}
    options = {"cwd": folder, "env": environment, "stderr": subprocess.PIPE}
    both = [subprocess.Popen([*command, str(tmp_path / name)], **options) for name in ("a.png", "b.png")]
    assert [(process.communicate(timeout=200)[1], process.returncode) for process in both] == [(b"", 0)] * 2
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    kept = {path: path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert subprocess.run([*command, str(tmp_path / "c.png")], **options, timeout=200).returncode == 0
    assert all(path.read_bytes() == content for path, content in kept.items() if "traced" in path.parts)


HANGING = """
import itertools, time
from stylejax.cli.main import main
from stylejax.run.programs import program
compile_with, chunks = program.compile_with, itertools.count(1)
def hang(effort, lowered):
    if "@jit_run_chunk" in lowered.as_text() and next(chunks) == 2:
        time.sleep(1000)
    return compile_with(effort, lowered)
program.compile_with = hang
main()
"""
"""A compiler that does not get ready with the second scale."""


@pytest.mark.slow
def test_ctrl_c_ends_a_compilation_and_keeps_the_picture(folder, tmp_path):
    command = [sys.executable, "-c", HANGING, "stylize", "content.png", "style.png", "-o", str(tmp_path / "out.png")]
    command += ["--model", "tiny.safetensors", *SHALLOW_FLAGS, "--size", "32", "--smallest-size", "16", "--iterations", "1"]
    environment = os.environ | {"STYLEJAX_CACHE": str(tmp_path / "cache")}
    with interruptible_process(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as process:
        while "compiling scale 2" not in (line := process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert (tmp_path / "out.png").exists()
