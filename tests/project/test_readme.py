"""The Python examples of the README run unchanged, with smaller pictures."""

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from places import ROOT

import stylejax
from stylejax.images.io.write import write_picture

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
FIRST, BATCH, SECOND = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[:3]


def test_the_first_example_stylizes_and_saves(tmp_path, monkeypatch, pictures):
    monkeypatch.chdir(tmp_path)
    write_picture("town.jpg", pictures[0])
    write_picture("starry_night.jpg", pictures[1])
    assert "size=512" in FIRST
    names = {}
    exec(FIRST.replace("size=512", "size=32, smallest_size=32, iterations=2, octaves=1"), names)
    assert Path("painted.png").is_file()
    assert names["result"].image.shape == (24, 32, 3)
    assert set(names["result"].trace[-1]) == {"scale", "height", "width", "step", "total", "content", "style", "tv"}


def test_the_examples_of_batches_run(tmp_path, monkeypatch, pictures):
    monkeypatch.chdir(tmp_path)
    for name in ("town.jpg", "harbor.jpg", "wave.jpg"):
        write_picture(name, pictures[0])
    small, names = "size=32, smallest_size=32, iterations=2, octaves=1, ", {"stylejax": stylejax}
    first, second = BATCH.strip().splitlines()
    exec(first.replace("loss_weights=", f"{small}loss_weights="), names)
    assert [result.settings.style_weight for result in names["results"]] == [1, 10]
    exec(second.replace("grid=", f"{small}grid="), names)
    assert len(names["results"]) == 6


def test_the_example_of_the_objective_computes_a_gradient(pictures):
    content, style = (jnp.asarray(picture) for picture in pictures)
    names = {"content": content, "style": style, "image": jnp.full_like(content, 0.5)}
    exec(SECOND, names)
    assert float(names["total"]) > 0
    assert names["gradient"].shape == content.shape
    assert float(jnp.abs(names["gradient"]).max()) > 0
    np.testing.assert_allclose(names["total"], sum(names["terms"]), rtol=1e-6)
    moved = names["image"] - 1e-3 * names["gradient"] / jnp.abs(names["gradient"]).max()
    assert float(names["loss_and_gradient"](names["model"], moved)[0][0]) < float(names["total"])
