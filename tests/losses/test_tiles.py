"""The objective from tiles: value and gradient are those of the whole picture, at sizes that no tile divides."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import compiled_programs

from stylejax.errors import SettingsError
from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.targets import Targets, make_targets
from stylejax.losses.tiles.geometry import alignment, overlap, smallest_tile, tiles_of
from stylejax.network.layers import FULL_WIDTHS, kernel_shapes
from stylejax.network.padding import Padding
from stylejax.network.preprocessing import OXFORD
from stylejax.network.vgg import VGG19, NetworkSpec
from stylejax.optimize.config import StaticConfig
from stylejax.run.tiles.gradient import tiled_value_and_gradient
from stylejax.settings.settings import Settings

LAYERS: dict[str, Any] = {"content_layers": "relu2_1,relu3_1", "style_layers": "pixels=3,relu1_1=1,relu2_1=1,conv3_1=.5"}
CASES: dict[str, dict[str, Any]] = {
    "the default": {},
    "averages and zeros": {"style_loss": "gram", "pooling": "average", "padding": "zero", "variation": "nine-point"},
    "regions and reflections": {"style_loss": "gram+mean", "padding": "reflect", "variation": "absolute", "regions": True},
    "matrix square roots": {"style_loss": "wasserstein", "padding": "replicate-conv1_1", "octaves": 1, "space": "caffe"},
    "Gram matrices and moments": {"style_loss": "gram+moments", "padding": "zero", "space": "caffe"},
    "moments in regions": {"style_loss": "moments", "padding": "zero", "regions": True, "normalization": "mean"},
}


@given(
    st.integers(1, 300), st.integers(1, 300), st.integers(9, 200), st.sampled_from(["relu1_1", "relu3_1", "relu5_1", "pixels"])
)
def test_tiles_own_every_pixel_once_and_overlap(height, width, more, deepest):
    margin, unit, side = overlap([deepest]), alignment([deepest]), smallest_tile([deepest]) + more
    tiles, owners = tiles_of(height, width, side, [deepest]), np.zeros((height, width), int)
    for rows, columns in tiles:
        owners[rows.first : rows.last, columns.first : columns.last] += 1
        for span, length in ((rows, height), (columns, width)):
            assert 0 <= span.start <= span.first < span.last <= span.stop <= length
            assert span.start == span.first == 0 or (span.first - span.start >= margin and span.start % unit == 0)
            assert span.last == span.stop == length or (span.stop - span.last >= margin and span.stop % unit == 0)
            assert span.size <= side + unit
    assert (owners == 1).all()
    assert len({(rows.size, columns.size) for rows, columns in tiles}) <= 4


@pytest.mark.parametrize(("layer", "pixels"), [("pixels", 0), ("relu1_1", 1), ("conv2_1", 4), ("relu3_1", 12), ("relu5_1", 80)])
def test_the_overlap_is_what_the_edge_of_a_window_spoils(tiny_model, layer, pixels):
    assert overlap([layer]) == pixels
    if layer != "pixels":
        image, unit = jnp.asarray(np.random.default_rng(0).random((224, 16, 3), np.float32)), alignment([layer])
        whole, window = (tiny_model(each, [layer])[layer] for each in (image, image[64:]))
        same = np.isclose(whole[64 // unit :], window, atol=1e-5).all((1, 2))
        assert same[pixels // unit :].all() and not same[: pixels // unit].any()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_the_whole_picture(tiny_weights, name):
    options: dict[str, Any] = {"octaves": 2} | CASES[name]
    padding, pooling = Padding.named(options.pop("padding", "replicate")), options.pop("pooling", "max")
    spec = NetworkSpec("tiny", tiny_weights.preprocessing, tiny_weights.widths, padding=padding, pooling=pooling)
    regions = options.pop("regions", False)
    settings = Settings(**LAYERS, **options)
    norm = "none" if settings.octaves == 1 or settings.variation == "nine-point" else "instance"
    settings = Settings(**LAYERS, **options, content_norm=norm)
    with compiled_programs() as compiled:
        compare(VGG19(spec, tiny_weights.arrays), settings, (77, 59), 40, regions=regions)
    assert 0 < compiled["tile_gradient"] <= 4 * settings.octaves  # inner tiles, and at most three edges


@pytest.mark.slow
def test_the_full_network_has_the_same_gradient_in_tiles():
    rng, arrays = np.random.default_rng(0), {}
    for name, shape in kernel_shapes().items():
        arrays[f"{name}/kernel"] = (rng.standard_normal(shape) * np.sqrt(2 / (9 * shape[2]))).astype(np.float32)
        arrays[f"{name}/bias"] = (rng.standard_normal(shape[3]) * 0.05).astype(np.float32)
    model = VGG19(NetworkSpec("seeded", OXFORD, FULL_WIDTHS), arrays)
    settings = Settings(content_layers="relu4_2", style_layers="relu1_1,relu2_1,relu3_1,relu4_1", octaves=1)
    compare(model, settings, (149, 57), 120, regions=False)


def test_tiles_smaller_than_their_overlap_are_refused():
    with pytest.raises(SettingsError, match=r"tiles is 100, but tiles for relu5_1 overlap by 80 .*; give at least 176"):
        tiles_of(500, 500, 100, ["pixels", "relu5_1", "relu1_1"])


def compare(model: VGG19, settings: Settings, shape: tuple[int, int], side: int, *, regions: bool) -> None:
    static, rng = StaticConfig.of(settings), np.random.default_rng(1)
    content, image = (jnp.asarray(rng.random((*shape, 3), np.float32)) for _ in range(2))
    style = jnp.asarray(rng.random((66, 50, 3), np.float32))
    masks = {}
    if regions:
        left, upper = np.zeros((2, *shape), np.float32), np.zeros((2, 66, 50), np.float32)
        left[0, :, :20] = left[1, :, 20:] = upper[0, :30] = upper[1, 30:] = 1
        masks = {"content_masks": jnp.asarray(left), "style_masks": [jnp.asarray(upper)]}
    targets = make_targets(model, content, style, static.objective, **masks)
    content_weights, style_weights = (
        jnp.asarray(list(each.values()), jnp.float32) for each in (settings.content_layer_weights, settings.style_layer_weights)
    )
    variation = jnp.asarray(1e-4 if settings.variation == "absolute" else 5.0)
    moments = 1 + style_weights if settings.style_loss == "gram+moments" else None
    weights = LossWeights(content_weights, style_weights, variation, moments=moments)
    variable = static.space.from_image(image)

    @jax.jit
    def whole(model: VGG19, variable: jax.Array, targets: Targets):
        value = lambda each: objective(model, static.space.to_image(each), targets, weights, static.objective)  # noqa: E731
        return jax.value_and_grad(value, has_aux=True)(variable)

    (total, terms), wanted = whole(model, variable, targets)
    on_host = targets._replace(
        content=jax.tree.map(np.asarray, targets.content), guides=jax.tree.map(np.asarray, targets.guides)
    )
    tiled = tiled_value_and_gradient(model, variable, on_host, weights, static, side=side)
    np.testing.assert_allclose(tiled.total, total, rtol=1e-5)
    np.testing.assert_allclose(tiled.terms, terms, rtol=3e-5)
    assert np.linalg.norm(tiled.gradient - wanted) < 1e-5 * np.linalg.norm(wanted)
