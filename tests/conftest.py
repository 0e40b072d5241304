"""What all tests share: a private cache, and a tiny seeded network that costs next to nothing."""

import os
import tempfile
from pathlib import Path

os.environ["STYLEJAX_CACHE"] = tempfile.mkdtemp(prefix="stylejax-tests-")  # whatever the user has fetched
# Tests run a program for a few steps only, so that compiling takes most of their time: a third of it with these flags, in
# the processes that they start, too. `XLA_FLAGS= pytest` compiles as for users.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

import hypothesis
import jax
import numpy as np
import pytest
from chromium import browser, page  # noqa: F401
from processes import started  # noqa: F401

from stylejax.cli.main import main
from stylejax.images.io.write import write_picture
from stylejax.network.layers import kernel_shapes
from stylejax.network.preprocessing import TORCHVISION
from stylejax.network.vgg import VGG19, NetworkSpec
from stylejax.run.programs import program
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import WeightSet, write_weights

jax.config.update("jax_numpy_rank_promotion", "raise")  # an implicit broadcast is a mistake

# An example may take as long as it takes on a slow or busy machine.
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any machine")

# Settings check their values themselves, and tests give them wrong ones on purpose.
Settings.__init__ = getattr(Settings.__init__, "__wrapped__", Settings.__init__)

TINY_WIDTHS = (4, 8, 8, 12, 12)


@pytest.fixture(scope="module", autouse=True)
def released_programs():
    """Compiled programs go with their module: a process that keeps those of all tests runs out of memory mappings."""
    yield
    jax.clear_caches()
    program.clear()


@pytest.fixture(scope="session")
def tiny_weights() -> WeightSet:
    """Seeded weights of a network with a dozen channels, scaled so that activations keep their size."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, shape in kernel_shapes(TINY_WIDTHS).items():
        arrays[f"{name}/kernel"] = (rng.standard_normal(shape) * np.sqrt(2 / (9 * shape[2]))).astype(np.float32)
        arrays[f"{name}/bias"] = (rng.standard_normal(shape[3]) * 0.05).astype(np.float32)
    return WeightSet("tiny", TINY_WIDTHS, TORCHVISION, arrays, {"license": "none", "source": "seeded"})


@pytest.fixture(scope="session")
def tiny_model(tiny_weights: WeightSet) -> VGG19:
    """The network of `tiny_weights`."""
    spec = NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS)
    return VGG19(spec, tiny_weights.arrays)


@pytest.fixture(scope="session")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """A content and a style picture of different shapes, smooth enough to look like something."""
    y, x = np.mgrid[0:48, 0:64].astype(np.float32)
    content = np.stack([x / 64, y / 48, 0.5 + 0.5 * np.sin(x / 5)], -1)
    y, x = np.mgrid[0:40, 0:56].astype(np.float32)
    style = np.stack([0.5 + 0.5 * np.sin(x / 3 + y / 4), 0.5 + 0.4 * np.cos(y / 2), 0.2 + 0 * x], -1)
    return content.astype(np.float32), style.astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pictures, tiny_weights) -> Path:
    """A folder with both pictures and the network, as `content.png`, `style.png` and `tiny.safetensors`."""
    folder = tmp_path_factory.mktemp("folder")
    for name, picture in zip(("content", "style"), pictures, strict=True):
        write_picture(folder / f"{name}.png", picture)
    write_weights(folder / "tiny.safetensors", tiny_weights)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process, as if in so many columns; gives exit code, standard output and standard error."""

    def run(*arguments: str, columns: int = 80) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        written = capsys.readouterr()
        return int(stopped.value.code or 0), written.out, written.err

    return run
