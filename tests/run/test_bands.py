"""Bands of rows: what is done to a picture in bands is what is done to the whole."""

from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylejax.choices import OptimizerName, ResamplingName, VariationName
from stylejax.images.bands import equal_bands, whole
from stylejax.losses.guidance import make_guides
from stylejax.losses.octaves import octaves_of
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.variation import variation_loss
from stylejax.network.padding import ZERO, Padding
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.enlarge import begin, enlarge
from stylejax.optimize.step import advance_once, picture
from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import upsampled, upsampled_rows
from stylejax.run.tiles.begin import begin_in_bands, enlarge_in_bands
from stylejax.run.tiles.octaves import complete_gradient, host_octaves
from stylejax.run.tiles.targets import octave_guides
from stylejax.run.tiles.update import in_host_memory, kept_pictures, of_picture, update_in_bands
from stylejax.settings.pixel_space import SPACES
from stylejax.settings.settings import Settings

SHAPE = (37, 11)
PIXELS = 60
"""Of a band: the picture above has five and a rest."""


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from([1, 2, 4, 8]), st.integers(1, 3000))
def test_bands_have_every_row_once_and_begin_where_no_pooling_divides_them(height, width, unit, pixels):
    bands = equal_bands((height, width), unit=unit, pixels=pixels)
    assert [row for band in bands for row in range(height)[band]] == list(range(height))
    assert all(band.start % unit == 0 for band in bands)
    sizes = [band.stop - band.start for band in bands]
    assert len(set(sizes[:-1])) <= 1 and min(sizes) >= min(unit, height)
    assert all(size * width <= max(2 * pixels, 2 * unit * width) for size in sizes[:-1])


@pytest.mark.slow
@pytest.mark.parametrize("edge", ["replicate", "zero"])
@pytest.mark.parametrize("space", ["unit", "caffe"])
def test_octaves_and_the_gradient_of_a_picture_in_bands(edge, space):
    variable = np.asarray(SPACES[space].from_image(jnp.asarray(noise(*SHAPE, 3))))
    see = lambda each: octaves_of(SPACES[space].to_image(each), 3, edge)  # noqa: E731
    wanted, pull_back = jax.vjp(see, jnp.asarray(variable))
    octaves = host_octaves(variable, SPACES[space], count=3, edge=edge, pixels=PIXELS)
    for ours, theirs in zip(octaves, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
    assert (octaves[0] is variable) == (space == "unit")
    gradients = [noise(*octave.shape, seed=1) for octave in octaves]
    for kind in get_args(VariationName):
        own = [each.copy() for each in gradients]
        loss = lambda each, kind=kind: 3 * variation_loss(SPACES[space].to_image(each), kind)  # noqa: E731
        value, slope = jax.value_and_grad(loss)(jnp.asarray(variable))
        found = complete_gradient(variable, own, jnp.float32(3), kind, SPACES[space], edge=edge, pixels=PIXELS)
        assert found == pytest.approx(float(value), rel=1e-5)
        whole = np.asarray(pull_back([jnp.asarray(each) for each in gradients])[0] + slope)
        np.testing.assert_allclose(own[0], whole, rtol=1e-5, atol=1e-6 * np.abs(whole).max())


@pytest.mark.parametrize("resampling", get_args(ResamplingName))
@pytest.mark.parametrize("shape", [(74, 22), (53, 11)])
def test_rows_of_an_enlarged_picture_are_those_of_the_whole(shape, resampling):
    before = noise(*SHAPE, 3) - 0.5
    wanted = upsampled(jnp.asarray(before), resampling, shape=shape)
    rows = upsampled_rows(before, resampling, shape=shape)
    np.testing.assert_allclose(whole(rows), wanted, atol=2e-6)
    np.testing.assert_array_equal(rows[11:14], whole(rows)[11:14])


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"space": "caffe", "clamp": False, "resampling": "bilinear"},
        {"optimizer": "l-bfgs", "history": 3},
        {"restart": False, "carry": "average", "averaging": 0.9, "resampling": "bicubic"},
    ],
    ids=str,
)
def test_states_in_bands_at_the_beginning_of_a_scale_are_those_of_the_whole(options):
    settings = [Settings(**options)] * 2
    static, traced, shape = StaticConfig.of(settings[0]), TracedConfig.of(settings), (74, 23)
    first = noise(2, *SHAPE, 3)
    wanted = begin(jnp.asarray(first), static=static)
    assert_same(begin_in_bands(list(first), static, pixels=PIXELS), wanted, tolerance=0)
    advance = jax.jit(jax.vmap(partial(advance_once, static=static)))
    gradient = jnp.asarray(noise(2, *SHAPE, 3, seed=1) - 0.5)
    states = advance(wanted, jnp.ones(2), gradient, jnp.full(2, 0.1), traced)
    detail = 0.1 * noise(2, *shape, 3, seed=2)
    detail[1] = 0
    wanted = enlarge(states, traced, jnp.asarray(detail), shape=shape, static=static)
    found = enlarge_in_bands(states, traced, [detail[0], None], shape=shape, static=static, pixels=PIXELS)
    assert_same(found, wanted, tolerance=2e-6)


def assert_same(found, wanted, *, tolerance):
    leaves, other = jax.tree.flatten(found)[0], jax.tree.leaves(wanted)
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for ours, theirs in zip(leaves, other, strict=True):
        assert isinstance(ours, np.ndarray) and ours.dtype == theirs.dtype
        largest = np.abs(theirs, where=np.isfinite(theirs), out=np.ones_like(theirs)).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * largest)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", get_args(OptimizerName))
def test_steps_in_bands_are_those_of_the_whole(optimizer):
    settings = Settings(iterations=9, optimizer=optimizer, history=3)
    static, rate = StaticConfig.of(settings), jnp.float32(0.1)
    traced = TracedConfig.of([settings] * 2)
    first, steep = noise(2, *SHAPE, 3), 1 + 9 * noise(*SHAPE, 3, seed=1)
    states = begin(jnp.asarray(first), static=static)
    ours = [of_picture(states, index) for index in range(2)]
    banded = in_host_memory(states)
    advance = jax.jit(partial(advance_once, static=static))
    for step in range(9):
        for index in range(2):
            away, one = np.asarray(ours[index].variable) - 0.5, of_picture(traced, index)
            value, gradient = float(np.sum(steep * away**2)) / 2 if step != 6 else np.nan, steep * away
            ours[index] = advance(ours[index], jnp.float32(value), gradient, rate, one)
            update_in_bands(banded, index, value, gradient, rate, one, static=static, pixels=PIXELS)
    for index, state in enumerate(ours):
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-3, atol=2e-5), of_picture(banded, index), state)
        shown = picture(state, of_picture(traced, index), static)
        np.testing.assert_allclose(kept_pictures(banded, traced, static=static, pixels=PIXELS)[index], shown, atol=1e-5)
        assert np.abs(state.variable - 0.5).mean() < np.abs(first[index] - 0.5).mean() / 2
    # Adam freezes where the value was not finite; L-BFGS shortens its step, and goes on.
    assert np.asarray(banded.failed.step).tolist() == ([6, 6] if optimizer == "adam" else [0, 0])


@pytest.mark.slow
@pytest.mark.parametrize("padding", [ZERO, Padding("replicate", "replicate")], ids=["zero", "replicate"])
def test_guides_in_bands_are_those_of_the_whole_and_shared_by_layers_of_one_resolution(padding):
    layers, masks = ("pixels", "relu1_1", "relu2_1", "relu3_1"), noise(2, 149, 75)
    spec = ObjectiveSpec(content_layers=(), style_layers=layers, octaves=2)
    found = octave_guides(masks, padding, spec)
    wanted = make_guides(jnp.asarray(masks), layers, padding, octaves=2).octaves
    for ours, theirs in zip(found, wanted, strict=True):
        for layer in layers:
            np.testing.assert_allclose(ours[layer], theirs[layer], rtol=1e-5)
    assert found[0]["pixels"] is found[0]["relu1_1"] and found[0]["relu2_1"] is found[1]["relu1_1"]
