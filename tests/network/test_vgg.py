"""The network: its layers against loops, its gradients, its behavior under JAX's transformations and in others' programs."""

import os
import subprocess
import sys
from functools import partial
from itertools import pairwise

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from jax import lax
from places import GOLDEN

from stylejax.errors import SettingsError
from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.targets import make_targets
from stylejax.network.convolution import convolve
from stylejax.network.layers import LAYER_NAMES
from stylejax.network.padding import Padding, pad_by_one
from stylejax.network.pooling import pool
from stylejax.network.preprocessing import OXFORD, TORCHVISION, preprocessing_named
from stylejax.network.vgg import FrozenParam
from stylejax.weights.load import build_model, reconfigured
from stylejax.weights.weight_set import WeightSet, write_weights

RELUS = tuple(name for name in LAYER_NAMES if name.startswith("relu"))
SPEC = ObjectiveSpec(content_layers=("relu2_1",), style_layers=("relu1_1", "relu2_1"))
WEIGHTS = LossWeights(jnp.asarray([0.1]), jnp.asarray([1.0, 1.0]), jnp.asarray(0.1))


def values(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def test_preprocessing_is_that_of_the_weights():
    image = jnp.asarray([[[1.0, 0.5, 0.0]]])
    np.testing.assert_allclose(OXFORD.apply(image)[0, 0], [-103.939, 127.5 - 116.779, 255 - 123.68], rtol=1e-5)
    wanted = [(1 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, -0.406 / 0.225]
    np.testing.assert_allclose(TORCHVISION.apply(image)[0, 0], wanted, rtol=1e-5)


@pytest.mark.parametrize("mode", ["zero", "replicate", "reflect"])
@pytest.mark.parametrize("shape", [(3, 4), (2, 5), (1, 3), (1, 1)])
def test_padding_equals_a_loop(mode, shape):
    rows, columns = shape
    features = np.asarray(values(rows, columns, 2))
    wanted = np.zeros((rows + 2, columns + 2, 2), np.float32)
    for i in range(-1, rows + 1):
        for j in range(-1, columns + 1):
            inside = 0 <= i < rows and 0 <= j < columns
            if mode == "reflect" and min(shape) > 1:
                k, m = rows - 1 - abs(rows - 1 - abs(i)), columns - 1 - abs(columns - 1 - abs(j))
            else:
                k, m = min(max(i, 0), rows - 1), min(max(j, 0), columns - 1)
            wanted[i + 1, j + 1] = features[k, m] if inside or mode != "zero" else 0
    np.testing.assert_array_equal(pad_by_one(jnp.asarray(features), mode), wanted)


def test_a_padding_name_may_speak_of_the_first_convolution_alone():
    padding = Padding.named("reflect-conv1_1")
    assert (padding.mode("conv1_1"), padding.mode("conv1_2")) == ("reflect", "zero")
    assert Padding.named("replicate").mode("conv5_4") == "replicate"
    for wrong in ("mirror", "zero-conv1_2"):
        with pytest.raises(SettingsError, match=wrong):
            Padding.named(wrong)


@pytest.mark.parametrize("kind", ["max", "average", "average-rescaled", "l2", "l2-rescaled"])
@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (2, 3)])
def test_pooling_equals_a_loop(kind, shape):
    features = np.asarray(values(*shape, 3))
    wanted = np.zeros((shape[0] // 2, shape[1] // 2, 3))
    for i in range(shape[0] // 2):
        for j in range(shape[1] // 2):
            window = features[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].astype(np.float64).reshape(4, 3)
            if kind == "max":
                wanted[i, j] = window.max(0)
            elif kind.startswith("average"):
                wanted[i, j] = window.mean(0) * (2 if kind == "average-rescaled" else 1)
            else:
                wanted[i, j] = np.sqrt((window**2).sum(0)) * (0.78 if kind == "l2-rescaled" else 1)
    np.testing.assert_allclose(pool(jnp.asarray(features), kind), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["max", "average", "l2"])
@pytest.mark.parametrize("edge", ["replicate", "reflect"])
@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (5, 4), (1, 3)])
def test_pooling_pads_an_odd_edge_where_convolutions_do(kind, edge, shape):
    features = np.asarray(values(*shape, 3))
    mode = "edge" if edge == "replicate" or 1 in shape else "reflect"
    even = np.pad(features, [(0, shape[0] % 2), (0, shape[1] % 2), (0, 0)], mode=mode)
    np.testing.assert_array_equal(pool(jnp.asarray(features), kind, edge=edge), pool(jnp.asarray(even), kind))


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["zero", "replicate", "reflect", "replicate-conv1_1"])
def test_deep_layers_see_the_edge_of_an_odd_picture_where_it_is_padded(tiny_weights, padding):
    model, whole = build_model(tiny_weights, padding=padding), padding in ("replicate", "reflect")
    image = 0.5 + 0.1 * values(47, 35, 3)
    deep = jax.jit(lambda image: model(image, ("relu4_1",))["relu4_1"])
    assert deep(image).shape[:2] == ((6, 5) if whole else (5, 4))
    gradient = np.abs(np.asarray(jax.grad(lambda image: (deep(image) ** 2).sum())(image))).mean((1, 2))
    edge = gradient[-2:].mean() / gradient[16:32].mean()
    assert edge > 0.8 if whole else edge < 0.6


def test_an_unknown_pooling_is_told():
    with pytest.raises(SettingsError, match="'max-rescaled' is not one of max, average"):
        pool(values(2, 2, 1), "max-rescaled")


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(4, 6), (5, 7)])
def test_the_gradient_of_max_pooling_goes_to_the_first_of_tied_values_in_reading_order(shape):
    features = np.random.default_rng(3).integers(0, 3, (*shape, 4)).astype(np.float32)  # most windows tie
    upstream = np.asarray(values(shape[0] // 2, shape[1] // 2, 4, seed=1))
    wanted = np.zeros_like(features)
    for i, j, c in np.ndindex(upstream.shape):
        first = np.argmax(features[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c].reshape(4))
        wanted[2 * i + first // 2, 2 * j + first % 2, c] = upstream[i, j, c]
    (gradient,) = jax.vjp(partial(pool, kind="max"), jnp.asarray(features))[1](jnp.asarray(upstream))
    np.testing.assert_array_equal(gradient, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["l2", "l2-rescaled"])
def test_the_gradient_of_l2_pooling_is_zero_where_a_window_is_zero(kind):
    features = values(4, 4, 2).at[:2, :2].set(0)
    gradient = np.asarray(jax.grad(lambda value: pool(value, kind).sum())(features))
    assert np.isfinite(gradient).all()
    assert not gradient[:2, :2].any()
    assert gradient[2:, 2:].all()


@pytest.mark.slow
@pytest.mark.parametrize("zero_padded", [True, False])
def test_convolution_and_both_its_gradients_equal_those_of_jax(zero_padded):
    features, kernel = values(5, 6, 3), values(3, 3, 3, 4, seed=1)
    margin = 1 if zero_padded else 0

    def plain(features, kernel):
        layout = ("NHWC", "HWIO", "NHWC")
        pads = [(margin, margin)] * 2
        return lax.conv_general_dilated(features[None], kernel, (1, 1), pads, dimension_numbers=layout, precision="highest")[0]

    wanted, wanted_back = jax.vjp(plain, features, kernel)
    got, back = jax.vjp(partial(convolve, zero_padded=zero_padded), features, kernel)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)
    upstream = values(*wanted.shape, seed=2)
    for mine, theirs in zip(back(upstream), wanted_back(upstream), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["octaves", "gram"])
def test_features_equal_those_of_the_pytorch_program(name):
    golden = np.load(GOLDEN)
    model = golden_model(golden, name)
    got = jax.jit(lambda model, image: model(image, RELUS))(model, jnp.asarray(golden["start"]))
    for layer in RELUS:
        wanted = golden[f"{name}/features/{layer}"]
        assert got[layer].shape == wanted.shape
        assert np.linalg.norm(got[layer] - wanted) <= 1e-5 * np.linalg.norm(wanted), layer


def golden_model(golden, name):
    """The network of a problem of `scripts/reference/golden.py`."""
    arrays = {key.removeprefix("weights/"): golden[key] for key in golden.files if key.startswith("weights/")}
    inputs, pooling, padding = ("torchvision", "max", "replicate") if name == "octaves" else ("oxford", "average", "zero")
    weights = WeightSet("golden", (4, 8, 8, 12, 12), preprocessing_named(inputs), arrays)
    return build_model(weights, pooling=pooling, padding=padding)


def test_a_picture_that_is_too_small_names_the_deepest_layer_and_the_side_it_needs(tiny_model):
    with pytest.raises(SettingsError, match=r"40×15 pixels is too small for relu5_1: .* at least 16 pixels"):
        tiny_model(jnp.zeros((15, 40, 3)), ("relu5_1", "relu1_1"))
    with pytest.raises(SettingsError, match="did you mean 'relu4_1'"):
        tiny_model(jnp.zeros((16, 16, 3)), ("relu41",))
    shapes = jax.eval_shape(lambda image: tiny_model(image, ("relu5_1",)), jnp.zeros((16, 40, 3)))
    assert shapes["relu5_1"].shape == (1, 2, 12)


def test_features_come_under_the_names_that_were_asked_for(tiny_model, pictures):
    features = tiny_model(jnp.asarray(pictures[0]), (name for name in ("relu2_1", "conv1_1", "relu1_1", "pool1")))
    assert set(features) == {"conv1_1", "relu1_1", "pool1", "relu2_1"}
    np.testing.assert_array_equal(features["relu1_1"], np.maximum(features["conv1_1"], 0))
    assert features["conv1_1"].min() < 0
    assert features["pool1"].shape == (24, 32, 4)


@pytest.mark.parametrize(("layer", "convolutions"), [("relu1_1", 1), ("relu2_1", 3), ("pool2", 4), ("relu5_1", 13)])
def test_the_network_is_computed_only_as_deep_as_asked(tiny_model, layer, convolutions):
    assert (
        convolutions_in(jax.make_jaxpr(lambda image: tiny_model(image, (layer,)))(jnp.zeros((32, 32, 3))).jaxpr) == convolutions
    )


def convolutions_in(jaxpr):
    count = 0
    for equation in jaxpr.eqns:
        count += equation.primitive.name == "conv_general_dilated"
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            count += convolutions_in(inner) if hasattr(inner, "eqns") else 0
    return count


@pytest.mark.slow
def test_a_batch_equals_a_loop(tiny_model):
    images = jax.random.uniform(jax.random.key(0), (3, 18, 21, 3))
    look = jax.jit(lambda model, image: model(image, ("relu1_1", "relu3_1")))
    batch = jax.vmap(look, (None, 0))(tiny_model, images)
    for index, image in enumerate(images):
        for layer, value in look(tiny_model, image).items():
            np.testing.assert_allclose(batch[layer][index], value, rtol=1e-5, atol=1e-5)


def test_weights_are_frozen_and_no_gradient_flows_to_them(tiny_model, pictures):
    state = nnx.state(tiny_model)
    assert all(isinstance(leaf, FrozenParam) for leaf in jax.tree.leaves(state, is_leaf=is_variable))
    assert not jax.tree.leaves(nnx.state(tiny_model, nnx.Param))
    image = jnp.asarray(pictures[0])
    gradient = jax.grad(lambda model: model(image, ("relu2_1",))["relu2_1"].sum())(tiny_model)
    arrays = jax.tree.leaves(gradient)
    assert len(arrays) == 32
    assert not any(np.any(array) for array in arrays)


def is_variable(leaf):
    return isinstance(leaf, nnx.Variable)


def test_another_configuration_shares_the_weights(tiny_model, pictures):
    average = reconfigured(tiny_model, pooling="average")
    assert average.spec.pooling == "average"
    assert tiny_model.spec.pooling == "max"
    assert average.kernels["conv1_1"][...] is tiny_model.kernels["conv1_1"][...]
    image = jnp.asarray(pictures[0])
    assert not np.allclose(average(image, ("pool1",))["pool1"], tiny_model(image, ("pool1",))["pool1"])


TREE_MODE = """
import jax, jax.numpy as jnp
from flax import nnx
from stylejax.weights.load import load_model
model = load_model({path!r})
image = jax.random.uniform(jax.random.key(0), (12, 14, 3))
look = lambda model, image: model(image, ("relu2_1",))["relu2_1"]
plain = look(model, image)
assert jnp.allclose(jax.jit(look)(model, image), plain, rtol=1e-5, atol=1e-5)
assert jnp.allclose(nnx.jit(look)(model, image), plain, rtol=1e-5, atol=1e-5)
assert jnp.allclose(jax.vmap(look, (None, 0))(model, image[None])[0], plain, rtol=1e-5, atol=1e-5)
gradient = jax.grad(lambda image: look(model, image).sum())(image)
assert gradient.shape == image.shape and bool(jnp.isfinite(gradient).all()) and bool(gradient.any())
"""

SHARDED = """
import jax, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from stylejax.weights.load import load_model
assert len(jax.devices()) == 2
model = load_model({path!r})
images = np.random.default_rng(0).random((4, 12, 14, 3), np.float32)
look = jax.jit(jax.vmap(lambda model, image: model(image, ("relu1_1", "relu2_1")), (None, 0)))
mesh = Mesh(np.array(jax.devices()), ("batch",))
sharded = look(model, jax.device_put(images, NamedSharding(mesh, PartitionSpec("batch"))))
plain = look(model, jax.device_put(images, jax.devices()[0]))
for layer, value in sharded.items():
    assert len(value.sharding.device_set) == 2, value.sharding
    np.testing.assert_allclose(value, plain[layer], rtol=1e-5, atol=1e-5)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "settings"),
    [
        (TREE_MODE, {"NNX_GRAPH_MODE": "false", "NNX_GRAPH_UPDATES": "false"}),
        (SHARDED, {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}),
    ],
    ids=["flax in tree mode", "a batch sharded over two devices"],
)
def test_the_network_works_with(program, settings, tiny_weights, tmp_path):
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    program = program.format(path=str(tmp_path / "tiny.safetensors"))
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | settings, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


class Generator(linen.Module):
    """Picture to picture, in somebody else's program."""

    @linen.compact
    def __call__(self, image):
        hidden = linen.relu(linen.Conv(6, (3, 3))(image[None]))
        return linen.sigmoid(linen.Conv(3, (3, 3))(hidden))[0]


@pytest.mark.slow
def test_the_objective_trains_a_linen_network(tiny_model, pictures):
    image = jnp.asarray(pictures[0][:24, :32])
    generator = Generator()
    optimizer = optax.sgd(0.05)

    def losses(model, targets):
        parameters = generator.init(jax.random.key(0), image)
        state = optimizer.init(parameters)

        @jax.jit
        def step(model, parameters, state):
            loss, gradient = jax.value_and_grad(
                lambda parameters: objective(model, generator.apply(parameters, image), targets, WEIGHTS, SPEC)[0]
            )(parameters)
            updates, state = optimizer.update(gradient, state)
            return loss, optax.apply_updates(parameters, updates), state

        for _ in range(5):
            loss, parameters, state = step(model, parameters, state)
            yield float(loss)

    check_that_only_the_other_network_learns(tiny_model, pictures, losses)


@pytest.mark.slow
def test_the_objective_trains_a_network_in_plain_jax(tiny_model, pictures):
    image = jnp.asarray(pictures[0][:24, :32])

    def losses(model, targets):
        parameters = {"matrix": jnp.eye(3), "offset": jnp.zeros(3)}

        @jax.jit
        def step(model, parameters):
            def loss_of(parameters):
                painted = jax.nn.sigmoid(image @ parameters["matrix"] + parameters["offset"][None, None])
                return objective(model, painted, targets, WEIGHTS, SPEC)[0]

            loss, gradient = jax.value_and_grad(loss_of)(parameters)
            return loss, jax.tree.map(lambda value, slope: value - 0.05 * slope, parameters, gradient)

        for _ in range(5):
            loss, parameters = step(model, parameters)
            yield float(loss)

    check_that_only_the_other_network_learns(tiny_model, pictures, losses)


def check_that_only_the_other_network_learns(model, pictures, losses):
    before = [np.array(array) for array in jax.tree.leaves(model)]
    content, style = (jnp.asarray(picture[:24, :32]) for picture in pictures)
    seen = list(losses(model, make_targets(model, content, style, SPEC)))
    assert all(later < earlier for earlier, later in pairwise(seen)), seen
    for array, old in zip(jax.tree.leaves(model), before, strict=True):
        assert np.array_equal(array, old)
