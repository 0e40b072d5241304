"""Fixtures of the tests that fetch weights."""

from pathlib import Path

import numpy as np
import pytest
from weights_files import legacy_h5, random_arrays, torchvision_safetensors
from weights_sources import WIDE


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and an empty home folder."""
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    return tmp_path / "cache" / "weights"


@pytest.fixture(scope="module")
def keras(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return legacy_h5(tmp_path_factory.mktemp("files") / "keras.h5", random_arrays(WIDE)).read_bytes()


@pytest.fixture(scope="module")
def timm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("files") / "model.safetensors"
    classifier = {"head.fc.bias": np.ones(300_000, np.float32)}
    return torchvision_safetensors(path, random_arrays(WIDE), **classifier).read_bytes()
