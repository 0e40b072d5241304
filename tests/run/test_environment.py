"""Environment variables for devices, types and memory: the same result, or an error of one line."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from objectives import SHALLOW

import stylejax
from stylejax.batch.input.distributed import join
from stylejax.cli.main import main
from stylejax.errors import SettingsError
from stylejax.images.io.write import write_picture
from stylejax.run.memory.available import parse_bytes
from stylejax.weights.weight_set import write_weights

OPTIONS = {"size": 48, "smallest_size": 24, "iterations": 3, "init": "noise", **SHALLOW}
HAS_CUDA = jax.default_backend() == "gpu"
CUDA = pytest.param("JAX_PLATFORMS=cuda", marks=pytest.mark.skipif(HAS_CUDA, reason="there is one"))
PROGRAM = """
import jax, numpy as np, stylejax
for optimizer in ("adam", "l-bfgs"):
    seen = []
    painting = stylejax.stylize(
        np.load("content.npy"), np.load("style.npy"), model="tiny.safetensors", optimizer=optimizer, keep_color="luminance",
        observe=lambda progress: seen.append(str(jax.numpy.ones(1).dtype)),
        checkpoint=stylejax.Checkpoint(f"state-{optimizer}", minutes=0), **OPTIONS,
    )
    np.save(optimizer, painting.image)
    assert set(seen) == {"float64"}, seen  # the process keeps its setting
"""


@pytest.mark.slow
def test_a_process_with_x64_and_strict_promotion_has_the_same_result(tiny_weights, pictures, tmp_path):
    for name, picture in zip(("content", "style"), pictures, strict=True):
        np.save(tmp_path / name, picture)
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    strict = {"JAX_NUMPY_DTYPE_PROMOTION": "strict", "JAX_NUMPY_RANK_PROMOTION": "raise"}
    program = [sys.executable, "-W", "error::FutureWarning", "-c", PROGRAM.replace("OPTIONS", repr(OPTIONS))]
    environment = {**os.environ, "JAX_ENABLE_X64": "1", **strict}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    for optimizer in ("adam", "l-bfgs"):
        options = {**OPTIONS, "model": tmp_path / "tiny.safetensors", "optimizer": optimizer, "keep_color": "luminance"}
        theirs = np.load(tmp_path / f"{optimizer}.npy")
        assert theirs.dtype == np.float32
        assert np.array_equal(stylejax.stylize(*pictures, **options).image, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("setting", [CUDA, "JAX_PLATFORMS=nonsense", "JAX_PLATFORM_NAME=nonsense"])
def test_an_unavailable_platform_is_reported_in_one_line(pictures, tmp_path, setting):
    for name, picture in zip(("content", "style"), pictures, strict=True):
        write_picture(tmp_path / f"{name}.png", picture)
    name, _, value = setting.partition("=")
    environment = {key: value for key, value in os.environ.items() if key != "JAX_PLATFORMS"} | {name: value}
    code = "from stylejax.cli.main import main; main()"
    arguments = [sys.executable, "-c", code, "stylize", "content.png", "style.png", "-o", "out.png", "--quiet"]
    done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2
    assert done.stderr.startswith(f"stylejax: {name} is {value}, but the platforms here are ")
    assert "cpu" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["content.png", "style.png"]


@pytest.mark.parametrize(
    "text", ["9" * 400, "9" * 5000 + "G", "1e9", "-1", "0", "0.1", "8589934592G", "6 Gigs", "6" + "." + "0" * 500 + "X"]
)
def test_an_invalid_amount_of_memory_is_refused(text):
    with pytest.raises(SettingsError, match="it must be an amount such as 6G") as error:
        parse_bytes(text)
    assert len(str(error.value)) < 200


ADDRESSES = ["garbage", "", "host:", "host:0", "host:99999", "a b:80", "http://a:80", "host:" + "9" * 5000]


@pytest.mark.parametrize(
    "arguments", [*((address, 2, 0) for address in ADDRESSES), ("a:80", 0, 0), ("a:80", 2, 2), ("a:80", 2, -1)]
)
def test_invalid_addresses_and_process_numbers_are_refused(arguments):
    with pytest.raises(SettingsError, match="it must be"):
        join(arguments[0], processes=arguments[1], process=arguments[2])


def test_an_invalid_coordinator_is_reported_in_one_line(tmp_path, capsys, pictures):
    write_picture(tmp_path / "photo.png", pictures[0])
    photo = str(Path(tmp_path / "photo.png"))
    with pytest.raises(SystemExit) as done:
        main(
            [
                "batch",
                "--content",
                photo,
                "--style",
                photo,
                "-o",
                str(tmp_path / "o"),
                "--distributed",
                "--coordinator",
                "garbage",
            ]
        )
    assert done.value.code == 2
    assert capsys.readouterr().err == "stylejax: coordinator is 'garbage'; it must be host:port, such as 10.0.0.1:8476\n"
