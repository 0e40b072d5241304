"""Where painting starts, and the detail that larger scales are given."""

import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stylejax
from stylejax.errors import SettingsError
from stylejax.images.masks import Regions
from stylejax.images.resize import resize
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.enlarge import enlarge
from stylejax.optimize.step import start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.inputs.job import Job
from stylejax.run.noise import noise
from stylejax.run.starts import added_detail, start_of, starting_images
from stylejax.settings.pixel_space import SPACES
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings

HEIGHT, WIDTH = 12, 16
SHALLOW = {"content_layers": "relu2_1", "style_layers": "pixels,relu1_1", "octaves": 1, "size": 48, "iterations": 2}


def soft(seed, height=HEIGHT, width=WIDTH, spread=0.12):
    """Colors around a middle one that vary along every axis, and so little that none is clipped when they are moved."""
    rng = np.random.default_rng(seed)
    middle, mix = rng.uniform(0.4, 0.6, 3), np.eye(3) * spread + rng.uniform(-0.02, 0.02, (3, 3))
    return (middle + rng.uniform(-1, 1, (height, width, 3)) @ mix).clip(0, 1).astype(np.float32)


def begun(content, *styles, regions=None, **options):
    """The starting image of one job at its content's own size; styles are looked at as they are."""
    job = Job(content, styles, Settings(**{"style_fit": "shrink", **options}), regions=regions)
    (image,) = np.asarray(starting_images([job], *content.shape[:2]))
    return image


def moments(colors, counts=None):
    flat = colors.reshape(-1, 3).astype(np.float64)
    counts = None if counts is None else counts.reshape(-1)
    return np.average(flat, 0, counts), np.cov(flat.T, bias=True, aweights=counts)


def assert_moments(image, wanted, counts=None):
    mean, covariance = moments(image, counts)
    np.testing.assert_allclose(mean, wanted[0], atol=1e-4)
    np.testing.assert_allclose(covariance, wanted[1], atol=1e-4)


@given(st.integers(0, 2**31), st.integers(0, 2**31))
@settings(max_examples=25)
def test_the_recolored_content_has_the_styles_mean_and_covariance(one, other):
    content, style = soft(one), soft(other, 10, 14)
    image = begun(content, style)
    assert image.dtype == np.float32 and image.min() > 0 and image.max() < 1
    assert_moments(image, moments(style))


def test_recoloring_keeps_the_order_of_brightness_and_moves_nothing_that_is_right():
    content = soft(1)
    np.testing.assert_allclose(begun(content, content), content, atol=1e-4)
    brighter = np.clip(content + 0.1, 0, 1)
    np.testing.assert_allclose(begun(content, brighter), brighter, atol=1e-4)


@pytest.mark.parametrize(("blend", "shares"), [("", (0.5, 0.5)), ("3,1", (0.75, 0.25)), ("0,1", (0.0, 1.0))])
def test_a_blend_starts_from_the_colors_of_its_mixture(blend, shares):
    content, *styles = soft(1), soft(2, spread=0.05), soft(3, spread=0.05)
    pixels = np.concatenate([style.reshape(-1, 3) for style in styles])
    counts = np.repeat(np.array(shares), HEIGHT * WIDTH)
    assert_moments(begun(content, *styles, style_blend=blend), moments(pixels, counts))


def test_half_the_strength_starts_from_the_colors_of_content_and_style_together():
    content, style = soft(1, spread=0.05), soft(2, spread=0.05)
    together = np.concatenate([content, style])
    assert_moments(begun(content, style, strength=0.5), moments(together))
    np.testing.assert_allclose(begun(content, style, strength=0.0), content, atol=1e-5)


def test_each_region_starts_from_the_colors_of_its_own_style():
    content, *styles = soft(1), soft(2), soft(3)
    masks = np.zeros((2, HEIGHT, WIDTH), np.float32)
    masks[0, :7], masks[1, 7:] = 1, 1
    parts = np.ones((1, HEIGHT, WIDTH), np.float32), np.zeros((1, HEIGHT, WIDTH), np.float32)
    parts[1][0, :, :9] = 1  # of the second style only a part counts
    image = begun(content, *styles, regions=Regions(masks, parts))
    assert_moments(image[:7], moments(styles[0]))
    assert_moments(image[7:], moments(styles[1][:, :9]))


def test_regions_of_one_style_start_from_the_colors_of_its_regions():
    content, style = soft(1), np.concatenate([soft(2, 6), soft(3, 6)])
    masks = np.zeros((2, HEIGHT, WIDTH), np.float32)
    masks[0, :6], masks[1, 6:] = 1, 1
    image = begun(content, style, regions=Regions(masks, (masks[::-1],)))
    assert_moments(image[:6], moments(style[6:]))
    assert_moments(image[6:], moments(style[:6]))


def test_where_regions_overlap_softly_their_colors_are_mixed():
    content, *styles = soft(1), soft(2), soft(3)
    half = np.full((2, HEIGHT, WIDTH), 0.5, np.float32)
    whole = np.ones((1, HEIGHT, WIDTH), np.float32)
    image = begun(content, *styles, regions=Regions(half, (whole, whole)))
    alone = [begun(content, style) for style in styles]
    np.testing.assert_allclose(image, (alone[0] + alone[1]) / 2, atol=1e-4)


def test_a_gray_photograph_gets_the_style_s_mean_color_and_no_garish_ones():
    """Its grain, in colors that it hardly has, is not stretched to the style's spread."""
    rng = np.random.default_rng(0)
    gray = np.repeat(rng.uniform(0.2, 0.8, (40, 40, 1)), 3, 2)
    grainy = np.clip(gray + rng.normal(0, 0.5 / 255, gray.shape), 0, 1).astype(np.float32)
    style = soft(2, 40, 40)
    clean, image = begun(gray.astype(np.float32), style), begun(grainy, style)
    assert np.abs(image - clean).mean() < 0.02
    np.testing.assert_allclose(image.mean((0, 1)), style.mean((0, 1)), atol=0.02)
    assert np.isfinite(begun(np.full((8, 8, 3), 0.5, np.float32), style)).all()
    flat = begun(soft(1), np.full((8, 8, 3), 0.25, np.float32))
    np.testing.assert_allclose(flat, 0.25, atol=1e-3)


@pytest.mark.slow
def test_colors_are_those_of_the_style_as_it_is_looked_at():
    """Made smaller, a checkerboard is gray."""
    y, x = np.mgrid[0:64, 0:64]
    board = np.repeat(((y + x) % 2).astype(np.float32)[..., None], 3, 2)
    content = soft(1, 16, 16)
    assert begun(content, board).std() < 0.05
    assert begun(content, board, style_size=64).std() > 0.2
    for scale, wanted in ((1.0, "smaller"), (4.0, "larger")):
        stats = begun(content, board, init="style-stats", style_scale=scale)
        assert (stats.std() < 0.1) == (wanted == "smaller")


@pytest.mark.slow
def test_the_other_starts_show_what_they_say():
    content, style = soft(1), soft(2)
    np.testing.assert_array_equal(begun(content, style, init="content"), content)
    np.testing.assert_array_equal(begun(content, style, init="gray"), 0.5)
    noise = begun(np.zeros((64, 64, 3), np.float32), style, init="noise", noise=0.1)
    assert noise.mean() == pytest.approx(0.5, abs=0.01) and noise.std() == pytest.approx(0.1, abs=0.01)
    stats = begun(np.zeros((64, 64, 3), np.float32), soft(2, 64, 64), init="style-stats")
    np.testing.assert_allclose(stats.mean((0, 1)), soft(2, 64, 64).mean((0, 1)), atol=0.01)


def detail_of(*jobs, before=(24, 32), after=(48, 64)):
    return added_detail(jobs, before, after)


@pytest.mark.slow
def test_detail_is_what_the_larger_start_shows_beyond_the_smaller_one(pictures):
    content, style = pictures
    jobs = [Job(content, (style,), Settings(init="content", detail=detail)) for detail in (1.0, 0.25, 0.0)]
    found = np.asarray(detail_of(*jobs))
    coarse = jax.image.resize(jnp.asarray(resize(content, 24, 32)), (48, 64, 3), "cubic")
    wanted = np.asarray(resize(content, 48, 64) - coarse)
    for index, share in enumerate((1.0, 0.25, 0.0)):
        np.testing.assert_allclose(found[index], share * wanted, atol=1e-6)
    assert np.abs(wanted).max() > 0.01
    assert np.abs(wanted.mean((0, 1))).max() < 0.01  # fine: no color of its own


@pytest.mark.slow
@pytest.mark.parametrize("init", ["noise", "gray", "style-stats"])
def test_starts_that_show_nothing_of_the_content_have_no_detail(pictures, init):
    content, style = pictures
    assert detail_of(Job(content, (style,), Settings(init=init))) is None
    assert detail_of(Job(content, (style,), Settings(detail=0.0))) is None
    recolored, random = np.asarray(detail_of(*(Job(content, (style,), Settings(init=each)) for each in ("recolored", init))))
    assert np.abs(recolored).max() > 1e-3
    np.testing.assert_array_equal(random, 0)


def test_a_picture_to_start_from_gives_its_own_detail(pictures):
    content, style = pictures
    other = np.ascontiguousarray(content[::-1])
    job = Job(content, (style,), Settings(init="a picture.png"), init=other)
    same = Job(other, (style,), Settings(init="content"))
    np.testing.assert_allclose(detail_of(job), detail_of(same), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("space", ["unit", "caffe", "normalized"])
@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs"])
def test_the_enlarged_picture_and_the_detail_are_added(space, optimizer):
    before, detail = soft(1, 24, 32), (0.05 * np.random.default_rng(0).standard_normal((48, 64, 3))).astype(np.float32)
    static = StaticConfig.of(Settings(space=space, optimizer=optimizer, clamp=False), chunk=1)
    states = jax.vmap(lambda image: start(image, static))(jnp.asarray(before)[None])
    added = enlarge(states, TracedConfig.of([Settings()]), jnp.asarray(detail)[None], shape=(48, 64), static=static)
    enlarged = enlarge(states, TracedConfig.of([Settings()]), None, shape=(48, 64), static=static)
    images = [np.asarray(SPACES[space].to_image(state.variable[0])) for state in (added, enlarged)]
    cubic = jax.image.resize(jnp.asarray(before), (48, 64, 3), "cubic")
    np.testing.assert_allclose(images[1], cubic, atol=1e-5)
    np.testing.assert_allclose(images[0], cubic + detail, atol=1e-5)


def test_a_clamped_picture_stays_one():
    static = StaticConfig.of(Settings(), chunk=1)
    states = jax.vmap(lambda image: start(image, static))(jnp.ones((1, 24, 32, 3)))
    added = enlarge(states, TracedConfig.of([Settings()]), jnp.full((1, 48, 64, 3), 0.5), shape=(48, 64), static=static)
    np.testing.assert_allclose(added.variable, 1, atol=1e-6)


def test_a_picture_that_did_not_move_is_the_larger_start(pictures):
    """The content enlarged, with its detail, is the content: nothing is lost on the way through a coarse scale."""
    content, style = pictures
    job = Job(content, (style,), Settings(init="content"))
    static = StaticConfig.of(job.settings, chunk=1)
    states = jax.vmap(lambda image: start(image, static))(starting_images([job], 24, 32))
    larger = enlarge(states, TracedConfig.of([Settings()]), detail_of(job), shape=(48, 64), static=static)
    np.testing.assert_allclose(larger.variable[0], content, atol=1e-5)


@pytest.mark.slow
def test_detail_differs_from_picture_to_picture_and_is_seen(tiny_model, pictures):
    options = {"model": tiny_model, "smallest_size": 24, **SHALLOW}
    full, half, none = (
        result.image for result in stylejax.stylize_batch(*pictures, each=[{"detail": d} for d in (1.0, 0.5, 0.0)], **options)
    )
    assert np.abs(full - none).mean() > np.abs(half - none).mean() > 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"detail": 1.1}, "detail is 1.1; it must be a number from 0 to 1"),
        ({"detail": -0.5}, "detail is -0.5; it must be a number from 0 to 1"),
        ({"octaves": 0}, "octaves is 0; it must be a whole number from 1 to 8"),
        ({"octaves": 9}, "octaves is 9; it must be a whole number from 1 to 8"),
        ({"content_norm": "batch"}, "content_norm is batch; it must be one of none, instance"),
        ({"detail": 0.5, "init": "noise"}, "detail is 0.5, but init is noise"),
        ({"detail": 0.5, "init": "style-stats"}, "detail is 0.5, but init is style-stats"),
        ({"octaves": 2, "style_layers": ""}, "octaves is 2, but style_layers is empty"),
        ({"strength": 0.5, "style_layers": ""}, "strength is 0.5, but style_layers is empty"),
        ({"style_blend": "1,2", "style_layers": ""}, "style_blend is 1,2, but style_layers is empty"),
        ({"content_norm": "none", "content_layers": ""}, "content_norm is none, but content_layers is empty"),
        ({"restart": False, "optimizer": "l-bfgs"}, "restart is False, but optimizer is l-bfgs"),
    ],
    ids=str,
)
def test_invalid_and_unused_settings_are_reported_in_one_line(options, expected):
    with pytest.raises(SettingsError) as error:
        settings_from(options)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("init", ["recolored", "content", "gray", "noise", "style-stats"])
def test_some_rows_of_a_start_take_no_whole_picture(init):
    levels = np.random.default_rng(0).integers(0, 256, (500, 600, 3), np.uint8)
    job = Job(levels, (levels[:64, :64],), Settings(init=init))
    wanted = starting_images([job], 2000, 1200)[0, 300:364]
    tracemalloc.start()
    try:
        rows = start_of(job, 2000, 1200)[300:364]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(rows, wanted)
    assert peak < 12 * 2000 * 1200 / 3


@pytest.mark.parametrize("seed", [0, 2**32 + 5, -1])
def test_rows_of_noise_are_those_of_all_noise(seed):
    wanted = jax.random.normal(jax.random.key(seed), (65, 7, 3))
    np.testing.assert_array_equal(noise(seed, 65, 7)[0:65], wanted)
    np.testing.assert_array_equal(noise(seed, 65, 7)[20:31], wanted[20:31])


def test_style_stats_have_the_mean_and_deviation_of_a_large_style():
    style = np.full((1000, 1000, 3), 0.3, np.float32)
    style[::2] = 0.7
    job = Job(style, (style,), Settings(init="style-stats", clamp=False, style_fit="stretch"))
    (image,) = np.asarray(starting_images([job], 1000, 1000), np.float64)
    np.testing.assert_allclose(image.mean((0, 1)), 0.5, atol=1e-3)
    np.testing.assert_allclose(image.std((0, 1)), 0.2, atol=1e-3)
