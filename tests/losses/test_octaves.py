"""Octaves and pixels: what is looked at, and how it adds up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stylejax
from stylejax.errors import SettingsError
from stylejax.losses.guidance import layer_guides
from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.octaves import PIXELS, halvings, look, octaves_of, smallest_side_for
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.style_sums import style_sums
from stylejax.losses.targets import make_targets
from stylejax.network.padding import Padding
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model


def picture(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def halved(image, edge):
    """Means over 2×2 pixels, window by window; an odd last row or column is dropped, or padded first."""
    rows, columns = image.shape[:2]
    if edge != "zero":  # what is beyond the edge: the last pixel, or the last but one
        take = {"replicate": -1, "reflect": -2}[edge]
        if rows % 2:
            image = np.concatenate([image, image[take if rows > 1 and columns > 1 else -1][None]], 0)
        if columns % 2:
            image = np.concatenate([image, image[:, take if rows > 1 and columns > 1 else -1][:, None]], 1)
    return np.array(
        [
            [image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean((0, 1)) for j in range(image.shape[1] // 2)]
            for i in range(image.shape[0] // 2)
        ]
    )


@pytest.mark.slow
@settings(max_examples=30)
@given(st.integers(4, 13), st.integers(4, 13), st.sampled_from(["zero", "replicate", "reflect"]))
def test_each_octave_is_the_means_over_two_by_two_pixels_of_the_one_before(height, width, edge):
    image = picture(height, width)
    found = octaves_of(jnp.asarray(image), 3, edge)
    assert len(found) == 3
    np.testing.assert_array_equal(found[0], image)
    for octave in found[1:]:
        image = halved(image, edge)
        np.testing.assert_allclose(octave, image, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_style_loss_is_the_mean_over_octaves_and_the_rest_that_of_the_picture_itself(tiny_model):
    layers = {"style_layers": ("pixels", "relu1_1", "relu2_1"), "content_layers": ("relu2_1",), "statistic": "covariance"}
    image, style, content = (jnp.asarray(picture(26, 34, seed)) for seed in range(3))
    weights = LossWeights(jnp.asarray([0.3]), jnp.asarray([2.0, 1.0, 0.5]), jnp.asarray(0.1))

    def terms(octaves, image, style, content):
        spec = ObjectiveSpec(**layers, octaves=octaves)
        return objective(tiny_model, image, make_targets(tiny_model, content, style, spec), weights, spec)[1]

    together = terms(3, image, style, content)
    images, styles, contents = (octaves_of(each, 3, "zero") for each in (image, style, content))
    alone = [terms(1, *three) for three in zip(images, styles, contents, strict=True)]
    np.testing.assert_allclose(together.style, np.mean([float(each.style) for each in alone]), rtol=1e-5)
    assert len({round(float(each.style), 5) for each in alone}) == 3
    np.testing.assert_allclose(together.content, alone[0].content, rtol=1e-6)
    np.testing.assert_allclose(together.variation, alone[0].variation, rtol=1e-6)


@pytest.mark.slow
def test_the_layer_called_pixels_measures_colors(tiny_model):
    content, style = picture(16, 20), picture(12, 18, 1) ** 2
    spec = ObjectiveSpec((), (PIXELS,), "covariance", octaves=2)
    targets = make_targets(tiny_model, jnp.asarray(content), jnp.asarray(style), spec)
    parts = targets.style[PIXELS].parts
    for mean, covariance, seen in zip(parts["mean"], parts["covariance"], (style, halved(style, "zero")), strict=True):
        colors = seen.reshape(-1, 3)
        np.testing.assert_allclose(mean, colors.mean(0), rtol=1e-5)
        np.testing.assert_allclose(covariance, np.cov(colors.T, bias=True), rtol=1e-4, atol=1e-6)
    weights = LossWeights(jnp.zeros(0), jnp.ones(1), jnp.zeros(()))
    wanted = []
    for ours, theirs in ((content, style), (halved(content, "zero"), halved(style, "zero"))):
        a, b = ours.reshape(-1, 3), theirs.reshape(-1, 3)
        own, target = np.cov(a.T, bias=True), np.cov(b.T, bias=True)
        means = ((a.mean(0) - b.mean(0)) ** 2).sum() / np.trace(target)
        wanted.append(means + ((own - target) ** 2).sum() / (target**2).sum())
    got = objective(tiny_model, jnp.asarray(content), targets, weights, spec)[1].style
    assert float(got) == pytest.approx(np.mean(wanted), rel=1e-4)


def test_pixels_alone_need_no_network(tiny_model):
    assert list(look(tiny_model, jnp.zeros((4, 4, 3)), (PIXELS,))) == [PIXELS]
    program = jax.make_jaxpr(lambda image: look(tiny_model, image, (PIXELS,)))(jnp.zeros((4, 4, 3)))
    assert "conv_general_dilated" not in str(program)


@pytest.mark.slow
def test_pixels_have_regions_of_their_own(tiny_model):
    content, style = picture(12, 16), picture(10, 14, 1)
    left, right = np.zeros((2, 10, 14), np.float32)
    left[:, :7], right[:, 7:] = 1, 1
    halves = np.zeros((2, 12, 16), np.float32)
    halves[0, :6], halves[1, 6:] = 1, 1
    spec = ObjectiveSpec((), (PIXELS,), "covariance")
    masks = {"content_masks": jnp.asarray(halves), "style_masks": [jnp.asarray([left, right])]}
    targets = make_targets(tiny_model, jnp.asarray(content), jnp.asarray(style), spec, **masks)
    parts = targets.style[PIXELS].parts
    for region, part in enumerate((style[:, :7], style[:, 7:])):
        np.testing.assert_allclose(parts["mean"][0, region], part.mean((0, 1)), rtol=1e-5)
        covariance = np.cov(part.reshape(-1, 3).T, bias=True)
        np.testing.assert_allclose(parts["covariance"][0, region], covariance, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), [(33, 45), (32, 64), (35, 50)])
@pytest.mark.parametrize("padding", ["zero", "replicate", "reflect-conv1_1"])
@pytest.mark.parametrize("layer", [PIXELS, "relu1_1", "relu3_1"])
def test_guides_fit_the_features_of_every_octave_and_add_up_to_one(tiny_weights, height, width, padding, layer):
    model = build_model(tiny_weights, padding=padding)
    masks = jnp.asarray(np.stack([np.ones((height, width)), np.eye(height, width)]), jnp.float32)
    for number, octave in enumerate(octaves_of(jnp.zeros((height, width, 3)), 3, model.spec.padding.rest)):
        features = jax.eval_shape(lambda image, layer=layer: look(model, image, (layer,)), octave)[layer]
        guides = layer_guides(masks, layer, Padding.named(padding), octave=number)
        assert guides.shape == (2, *features.shape[:2])
        np.testing.assert_allclose(guides.sum((1, 2)), 1, rtol=1e-5)
        assert halvings(layer, number) == number + {PIXELS: 0, "relu1_1": 0, "relu3_1": 2}[layer]


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["gram", "covariance"])
def test_the_sums_of_two_halves_add_up_to_those_of_the_whole_at_every_octave(tiny_model, statistic):
    """Where the halves are cut at a multiple of what the octaves halve; pixels have no receptive field beyond it."""
    image, spec = jnp.asarray(picture(24, 40)), ObjectiveSpec((), (PIXELS,), statistic, octaves=3)
    whole, left, right = (style_sums(tiny_model, part, spec) for part in (image, image[:, :16], image[:, 16:]))
    for octave in range(3):
        added = left[octave][PIXELS] + right[octave][PIXELS]
        for got, wanted in zip(added, whole[octave][PIXELS], strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
        assert float(added.ones) == 24 * 40 / 4**octave


@pytest.mark.slow
def test_the_gradient_flows_through_every_octave(tiny_model):
    with jax.enable_x64(True):
        image, style = (jnp.asarray(picture(17, 19, seed), jnp.float64) for seed in (0, 1))
        spec = ObjectiveSpec((), (PIXELS,), "covariance", octaves=3)
        targets = make_targets(tiny_model, image, style, spec)
        weights = LossWeights(jnp.zeros(0), jnp.ones(1), jnp.zeros(()))
        loss = jax.jit(lambda image: objective(tiny_model, image, targets, weights, spec)[0])
        direction = jnp.asarray(np.random.default_rng(2).standard_normal(image.shape))
        difference = (loss(image + 1e-5 * direction) - loss(image - 1e-5 * direction)) / 2e-5
        np.testing.assert_allclose(jnp.vdot(jax.grad(loss)(image), direction), difference, rtol=1e-6)


def test_the_smallest_picture_that_octaves_fit_into():
    assert smallest_side_for((PIXELS,), 1) == 1
    assert smallest_side_for((PIXELS, "relu4_1"), 3) == 32
    assert ObjectiveSpec(("relu5_1",), ("relu1_1",), octaves=2).smallest_side == 16  # of the content, which has one octave


DEEP = {"content_layers": "relu2_1", "style_layers": "pixels,relu4_1", "octaves": 3}


def test_a_size_too_small_for_the_octaves_is_told_with_the_one_that_would_do(tiny_model, pictures):
    with pytest.raises(
        SettingsError, match=r"40×30 pixels, too small for relu4_1 at 3 octaves: .* at least 32 pixels"
    ) as error:
        stylejax.stylize(*pictures, model=tiny_model, size=40, **DEEP)
    assert "\n" not in str(error.value)
    assert "fewer octaves" in str(error.value)
    assert scale_shapes(48, 64, Settings(size=32, size_rule="short", **DEEP)) == [(32, 43)]
    assert scale_shapes(48, 64, Settings(size=40, **DEEP | {"octaves": 2})) == [(30, 40)]
    with pytest.raises(SettingsError, match=r"too small for relu4_1: .* at least 8 pixels; choose a larger size or shallower"):
        scale_shapes(4, 64, Settings(size="native", **DEEP | {"octaves": 1}))


def test_coarse_scales_that_the_octaves_do_not_fit_into_are_left_out():
    assert scale_shapes(100, 100, Settings(size=100, smallest_size=16, **DEEP)) == [(50, 50), (100, 100)]
    assert len(scale_shapes(100, 100, Settings(size=100, smallest_size=16, **DEEP | {"octaves": 2}))) == 3


def test_a_style_too_small_for_the_octaves_is_told_in_one_line(tiny_model, pictures):
    with pytest.raises(
        SettingsError, match=r"the ndarray, a style, is 28×20 pixels, too small for relu4_1 at 3 octaves: .* 32 pixels"
    ) as error:
        stylejax.stylize(pictures[0], pictures[1][:20, :28], model=tiny_model, size=64, **DEEP)
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("octaves", [1, 3])
def test_octaves_do_not_matter_for_a_program_without_style(tiny_model, octaves):
    spec = ObjectiveSpec(("relu1_1",), (), octaves=octaves)
    image = jnp.asarray(picture(8, 8))
    targets = make_targets(tiny_model, image, image, spec)
    value, terms = objective(tiny_model, image * 0.5, targets, LossWeights(jnp.ones(1), jnp.zeros(0), jnp.ones(())), spec)
    assert float(value) > 0 and float(terms.style) == 0
