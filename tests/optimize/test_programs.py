"""What is compiled, and how often: in one process, and from one process to the next."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from objectives import SHALLOW, SHALLOW_FLAGS
from programs import lowered_program

from stylejax.images.io.write import write_picture
from stylejax.run.inputs.job import Job
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import write_weights

pytestmark = pytest.mark.slow

PROGRAM = """
from stylejax.cli.main import main
from stylejax.run.programs import compilation_cache
compilation_cache.LONG = 0  # on a machine of any speed
main()
"""
COMMAND = [sys.executable, "-c", PROGRAM, "stylize", "content.png", "style.png"]
COMMAND += ["--model", "tiny.safetensors", "--size", "32", "--smallest-size", "32", "--iterations", "2", "-o", "out.png"]
COMMAND += ["--quiet", *SHALLOW_FLAGS]


@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_a_batch_has_no_grouped_convolution_and_its_state_is_donated(tiny_model, pictures, optimizer):
    content, style = pictures
    settings = Settings(size=32, optimizer=optimizer, history=2, **SHALLOW)
    text = lowered_program(tiny_model, [Job(content, (style,), settings)] * 3, 24, 32)
    groups = re.findall(r"(?:feature|batch)_group_count = (\d+)", text)
    assert groups and set(groups) == {"1"}
    state = re.findall(r"tensor<3x24x32x3xf32> \{[^}]*tf\.aliasing_output = (\d+)", text)
    assert len(state) >= (4 if optimizer == "adam" else 2)  # the pictures, and what the optimizer remembers of each
    assert len(set(state)) == len(state)


def test_a_second_process_starts_from_the_compile_cache_unless_it_is_turned_off(tiny_weights, pictures, tmp_path):
    for name, picture in zip(("content.png", "style.png"), pictures, strict=True):
        write_picture(tmp_path / name, picture)
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)

    def run(cache: str, *more: str) -> tuple[set[str], str]:
        log = {"JAX_LOGGING_LEVEL": "DEBUG", "STYLEJAX_CACHE": str(tmp_path / cache), "XLA_FLAGS": ""}
        result = subprocess.run(
            [*COMMAND, *more], cwd=tmp_path, env={**os.environ, **log}, capture_output=True, text=True, timeout=170
        )
        assert result.returncode == 0, result.stderr[-2000:]
        folder = Path(log["STYLEJAX_CACHE"]) / "compiled"
        kept = {path.name for path in folder.glob("*")} if folder.exists() else set()
        return {name for name in kept if not name.endswith("-atime")}, result.stderr

    def hits(log: str) -> int:
        return len(re.findall(r"Persistent compilation cache hit for 'jit_run_chunk'", log))

    first, log = run("cache")
    assert any("run_chunk" in name for name in first)
    assert not hits(log)
    again, log = run("cache", "--style-weight", "3")
    assert again == first
    assert hits(log) == 1
    assert run("other", "--no-compile-cache")[0] == set()
