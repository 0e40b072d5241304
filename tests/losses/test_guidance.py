"""Guided statistics: regions are compared apart, and what one is painted like does not leak into another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from objectives import SHALLOW_GRAMS

import stylejax
from stylejax.errors import SettingsError
from stylejax.losses.guidance import layer_guides, make_guides
from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import channel_sums, measure
from stylejax.losses.targets import make_targets
from stylejax.network.padding import ZERO, Padding
from stylejax.weights.load import build_model

STATISTICS = ("gram", "gram+mean", "gram+moments", "covariance", "wasserstein", "moments")
LAYERS = ("relu1_1", "relu2_1")
SHALLOW = {"content_layers": "relu2_1", "style_layers": ",".join(LAYERS), "octaves": 1, "size": 64, "smallest_size": 64}
"""Settings that compile fast."""


def sky_and_town(height: int, width: int) -> np.ndarray:
    """Two masks whose border winds through the middle of the picture."""
    y, x = np.mgrid[0:height, 0:width]
    sky = (y < height / 2 + height / 8 * np.sin(x * 6 / width)).astype(np.float32)
    return np.stack([sky, 1 - sky])


def weights(spec: ObjectiveSpec) -> LossWeights:
    return LossWeights(jnp.zeros(len(spec.content_layers)), jnp.ones(len(spec.style_layers)), jnp.zeros(()))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_binary_guide_measures_the_positions_inside(statistic):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((6, 8, 5)).astype(np.float32)
    inside = np.zeros((6, 8), np.float32)
    inside[2:5, 1:7] = 1
    guided = measure(channel_sums(jnp.asarray(features), guide=jnp.asarray(inside / inside.sum())), statistic)
    cut_out = measure(channel_sums(jnp.asarray(features[2:5, 1:7])), statistic)
    for part, value in cut_out.items():
        np.testing.assert_allclose(guided[part], value, rtol=1e-4, atol=1e-5)


def test_a_guided_gram_is_the_papers():
    rng = np.random.default_rng(1)
    features, mask = rng.standard_normal((4, 6, 3)), rng.uniform(0, 1, (1, 4, 6))
    channel = (mask / np.sqrt((mask**2).sum())).reshape(-1, 1)  # Σ T² = 1
    flat = features.reshape(-1, 3) * channel
    guide = layer_guides(jnp.asarray(mask, jnp.float32), "relu1_1", ZERO)[0]
    gram = measure(channel_sums(jnp.asarray(features, jnp.float32), guide=guide), "gram")["gram"]
    np.testing.assert_allclose(gram, flat.T @ flat, rtol=1e-5)


@pytest.mark.parametrize(
    ("height", "width", "layer"), [(33, 20, "relu1_1"), (35, 30, "relu3_1"), (47, 16, "relu5_1"), (19, 40, "pool3")]
)
@pytest.mark.parametrize("padding", ["zero", "replicate", "reflect-conv1_1"])
def test_guides_have_the_shape_of_every_layer_and_add_up_to_one(tiny_weights, height, width, layer, padding):
    masks = np.zeros((3, height, width), np.float32)
    masks[0] = 1
    masks[1, height // 2, width // 3] = 1  # a single pixel
    masks[2, -1:] = 0.5  # a strip that pooling may drop
    guides = layer_guides(jnp.asarray(masks), layer, Padding.named(padding))
    model = build_model(tiny_weights, padding=padding)
    features = jax.eval_shape(lambda image: model(image, (layer,)), jax.ShapeDtypeStruct((height, width, 3), np.float32))
    assert guides.shape == (3, *features[layer].shape[:2])
    np.testing.assert_allclose(guides.sum((1, 2)), 1, rtol=1e-5)
    assert (np.asarray(guides) >= 0).all()


def test_regions_weigh_as_much_as_they_cover():
    masks = np.zeros((2, 32, 32), np.float32)
    masks[0, :8], masks[1, 8:] = 1, 1
    np.testing.assert_allclose(make_guides(jnp.asarray(masks), LAYERS, ZERO).shares, [0.25, 0.75], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
def test_one_region_that_is_everything_is_an_unguided_picture(tiny_model, pictures, statistic):
    content, style = map(jnp.asarray, pictures)
    spec = ObjectiveSpec((), LAYERS, statistic)
    whole = {"content_masks": jnp.ones((1, *content.shape[:2])), "style_masks": [jnp.ones((1, *style.shape[:2]))]}
    plain, guided = make_targets(tiny_model, content, style, spec), make_targets(tiny_model, content, style, spec, **whole)
    values = [objective(tiny_model, content, targets, weights(spec), spec)[0] for targets in (plain, guided)]
    np.testing.assert_allclose(values[1], values[0], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_loss_of_a_region_sees_only_its_own_pixels(tiny_model, pictures, statistic):
    content, style = map(jnp.asarray, pictures)
    spec = ObjectiveSpec((), ("relu1_1",), statistic)
    masks = jnp.asarray(sky_and_town(*content.shape[:2]))
    targets = make_targets(tiny_model, content, style, spec, content_masks=masks, style_masks=[jnp.ones((2, 40, 56))])
    assert targets.guides is not None
    sky_only = targets._replace(guides=targets.guides._replace(shares=jnp.array([1.0, 0.0])))

    gradient = jax.grad(lambda image: objective(tiny_model, image, sky_only, weights(spec), spec)[0])(content)
    strength = np.abs(np.asarray(gradient)).max(2)
    sky = np.asarray(masks[0]) > 0
    reached = np.pad(sky, 1)  # one pixel further: the receptive field of relu1_1
    reached = np.max([reached[i : i + 48, j : j + 64] for i in range(3) for j in range(3)], axis=0) > 0
    assert (strength[~reached] == 0).all() and (strength[sky] > 0).mean() > 0.9
    assert np.isfinite(strength).all()


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
def test_flat_pictures_and_tiny_regions_have_finite_losses_and_gradients(tiny_model, statistic):
    spec = ObjectiveSpec((), LAYERS, statistic)
    flat = jnp.zeros((33, 35, 3))
    masks = np.ones((2, 33, 35), np.float32)
    masks[0, :-1] = 0  # the row that pooling drops
    targets = make_targets(tiny_model, flat, flat, spec, content_masks=jnp.asarray(masks), style_masks=[jnp.asarray(masks)])
    loss = jax.jit(jax.value_and_grad(lambda image: objective(tiny_model, image, targets, weights(spec), spec)[0]))
    value, gradient = loss(flat)
    assert np.isfinite(value) and np.isfinite(gradient).all()


def test_masks_that_do_not_pair_up_are_refused(tiny_model, pictures):
    content, style = map(jnp.asarray, pictures)
    spec, masks = ObjectiveSpec(("relu2_1",), LAYERS), jnp.asarray(sky_and_town(48, 64))
    for options in (
        {},
        {"style_masks": [jnp.ones((1, 40, 56))]},
        {"style_masks": [jnp.ones((2, 40, 56))], "blend": jnp.ones(1)},
    ):
        with pytest.raises(SettingsError, match="2 regions of the content"):
            make_targets(tiny_model, content, style, spec, content_masks=masks, **options)


def speckled(color: tuple[float, float, float], seed: int) -> np.ndarray:
    grain = np.random.default_rng(seed).uniform(-0.1, 0.1, (40, 56, 1))
    return np.clip(np.array(color) + grain, 0, 1).astype(np.float32)


RED, BLUE = speckled((0.85, 0.15, 0.1), 0), speckled((0.1, 0.2, 0.85), 1)


@pytest.fixture(scope="module")
def painted(tiny_model) -> list[np.ndarray]:
    """From gray: red sky and blue town, the other way round, red sky and blue town of one style picture, and both red."""
    masks = list(sky_and_town(48, 64))
    upper, lower = np.zeros((2, 80, 56), np.float32)
    upper[:40], lower[40:] = 1, 1
    results = stylejax.stylize_batch(
        [np.full((48, 64, 3), 0.5, np.float32)] * 4,
        [[RED, BLUE], [BLUE, RED], [np.concatenate([RED, BLUE])], [RED, RED]],
        content_masks=[masks] * 4,
        style_masks=[[], [], [upper, lower], []],
        model=tiny_model,
        content_weight=0.0,
        tv_weight=0.1,
        iterations=80,
        learning_rate=0.03,
        style_loss="gram+mean",
        init="content",
        **SHALLOW,
    )
    return [result.image for result in results]


def regions_of(picture: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean colors of sky and town, each away from the border (which lies in rows 18 to 30) and near it."""
    away = (np.arange(48) < 14)[:, np.newaxis] | (np.arange(48) >= 34)[:, np.newaxis]
    return [(picture[(mask > 0) & away].mean(0), picture[(mask > 0) & ~away].mean(0)) for mask in sky_and_town(48, 64)]


@pytest.mark.slow
@pytest.mark.parametrize(("index", "sky_style", "town_style"), [(0, RED, BLUE), (1, BLUE, RED), (2, RED, BLUE)])
def test_each_region_takes_the_color_of_its_own_style_up_to_the_border(painted, index, sky_style, town_style):
    sky, town = regions_of(painted[index])
    for colors, own, other in ((sky, sky_style, town_style), (town, town_style, sky_style)):
        for color in colors:
            assert np.linalg.norm(color - own.mean((0, 1))) < 0.7 * np.linalg.norm(color - other.mean((0, 1)))


@pytest.mark.slow
def test_a_blue_town_makes_the_sky_no_bluer_than_a_red_town_does(painted):
    (beside_blue, _), (blue, _) = regions_of(painted[0])
    (beside_red, _), _ = regions_of(painted[3])
    assert np.linalg.norm(beside_blue - beside_red) < 0.1 * np.linalg.norm(blue - beside_red)


@pytest.mark.slow
def test_a_guided_picture_of_a_batch_equals_its_single_run(tiny_model, pictures):
    content, style = pictures
    masks = [list(sky_and_town(48, 64)), [content[..., 0], 1 - content[..., 0]]]
    options = {"model": tiny_model, "iterations": 2, **SHALLOW_GRAMS, "size": 64, "smallest_size": 64}
    batch = stylejax.stylize_batch([content] * 2, [[style, RED]] * 2, content_masks=masks, **options)
    single = stylejax.stylize(content, style, RED, content_masks=masks[1], **options)
    np.testing.assert_allclose(batch[1].image, single.image, atol=1e-4)
    assert single.record["content_masks"] == ["the ndarray", "the ndarray"] and "style_masks" not in single.record


def test_pictures_of_one_batch_have_as_many_regions(tiny_model, pictures):
    content, style = pictures
    with pytest.raises(SettingsError, match="picture 2 has 0 regions and picture 1 has 2"):
        stylejax.stylize_batch(
            [content] * 2, [[style, RED]] * 2, content_masks=[list(sky_and_town(48, 64)), []], model=tiny_model, **SHALLOW
        )


def test_a_blend_and_masks_contradict_each_other(tiny_model, pictures):
    content, style = pictures
    with pytest.raises(SettingsError, match="leave the blend out"):
        stylejax.stylize(
            content, style, RED, content_masks=list(sky_and_town(48, 64)), style_blend="1,2", model=tiny_model, **SHALLOW
        )
