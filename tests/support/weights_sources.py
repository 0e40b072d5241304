"""Weight sources on a test server, and what a fetch from them leaves in the cache."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from weights_files import random_arrays

from stylejax.errors import WeightsError
from stylejax.weights.download.http import Retries
from stylejax.weights.fetch import fetch
from stylejax.weights.sources import WeightSource
from stylejax.weights.weight_set import read_weights

WIDE = (8, 12, 16, 24, 24)  # some 200 kB, so that a cut falls within the file
QUICK = Retries(tries=3, pause=0.01)


def oxford(url: str, content: bytes) -> WeightSource:
    return WeightSource(
        "vgg19", "", "oxford", "free", url, len(content), hashlib.md5(content).hexdigest(), keras_name="vgg19_notop.h5"
    )


def torchvision(url: str) -> WeightSource:
    return WeightSource("vgg19-torchvision", "", "torchvision", "free", url, layout="features")


def assert_fetched(path: Path, cache: Path, name: str = "vgg19") -> None:
    """The right arrays are in the cache and nothing else is left there."""
    found = read_weights(path)
    for key, array in random_arrays(WIDE).items():
        np.testing.assert_array_equal(found.arrays[key], array)
    assert found.name == name
    assert {file.name for file in cache.iterdir()} <= {f"{name}.safetensors", f"{name}.lock"}


def failure(source: WeightSource) -> str:
    with pytest.raises(WeightsError) as caught:
        fetch(source, retries=QUICK)
    assert "\n" not in str(caught.value)
    return str(caught.value)
