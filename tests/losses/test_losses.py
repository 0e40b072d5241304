"""The losses: closed forms, finite differences, hard inputs, and the answers of an independent program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from places import GOLDEN

from stylejax.errors import SettingsError
from stylejax.losses.content import content_loss, content_target, instance_normalized
from stylejax.losses.gradients import unit_gradient
from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import channel_sums, measure, statistic_of
from stylejax.losses.style import style_loss, style_target
from stylejax.losses.targets import make_targets
from stylejax.losses.variation import variation_loss
from stylejax.losses.wasserstein import regular_root, square_root, wasserstein
from stylejax.network.preprocessing import preprocessing_named
from stylejax.weights.load import build_model
from stylejax.weights.weight_set import WeightSet

STATISTICS = ["gram", "gram+mean", "gram+moments", "covariance", "wasserstein", "moments"]
VARIATIONS = ["squared", "nine-point", "absolute"]


def values(*shape, seed=0, dtype=np.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def loss_of(statistic, target, *, relative):
    """The style loss as a function of features."""
    wanted = style_target(statistic_of(target, statistic), statistic, relative=relative)
    return lambda features: style_loss(statistic_of(features, statistic), wanted, statistic)


def distance(measured, target, statistic, *, relative):
    """The style loss between two statistics."""
    return float(style_loss(measured, style_target(target, statistic, relative=relative), statistic))


def test_statistics_of_constant_features_in_closed_form():
    color = np.array([0.5, -2.0, 3.0], np.float32)
    sums = channel_sums(jnp.broadcast_to(jnp.asarray(color), (4, 7, 3)))
    assert float(sums.ones) == 28
    np.testing.assert_allclose(measure(sums, "gram")["gram"], np.outer(color, color), rtol=1e-6)
    np.testing.assert_allclose(measure(sums, "gram+mean")["mean"], color, rtol=1e-6)
    np.testing.assert_allclose(measure(sums, "wasserstein")["covariance"], np.zeros((3, 3)), atol=1e-5)
    np.testing.assert_allclose(measure(sums, "moments")["deviation"], [1e-4] * 3, atol=3e-3)
    centered = channel_sums(jnp.broadcast_to(jnp.asarray(1e3 * color), (4, 7, 3)), centered=True)
    np.testing.assert_allclose(measure(centered, "wasserstein")["covariance"], 0, atol=1e-6)
    np.testing.assert_allclose(measure(centered, "moments")["deviation"], [1e-4] * 3, atol=5e-4)  # rounding: 1e-7 of 3000
    np.testing.assert_allclose(measure(centered, "gram")["gram"], 1e6 * np.outer(color, color), rtol=1e-6)


@pytest.mark.parametrize("centered", [False, True])
def test_statistics_are_those_of_numpy(centered):
    features = np.asarray(values(5, 6, 3))
    flat = features.reshape(-1, 3)
    sums = channel_sums(jnp.asarray(features), centered=centered)
    np.testing.assert_allclose(measure(sums, "gram")["gram"], flat.T @ flat / 30, rtol=1e-5, atol=1e-6)
    covariance = np.cov(flat.T, bias=True)
    np.testing.assert_allclose(measure(sums, "wasserstein")["covariance"], covariance, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(measure(sums, "moments")["deviation"], flat.std(0), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("centered", [False, True])
def test_tiles_add_up_to_the_picture_and_so_do_their_gradients(centered):
    def of_tiles(features):
        tiles = [features[:4, :3], features[:4, 3:], features[4:, :3], features[4:, 3:]]
        first, *others = (channel_sums(tile, centered=centered) for tile in tiles)
        return sum(others, first)

    features, direction = values(6, 7, 3), values(3, 3, seed=1)
    for added, whole in zip(of_tiles(features), channel_sums(features, centered=centered), strict=True):
        np.testing.assert_allclose(added, whole, rtol=1e-5, atol=1e-5)
    gradients = [
        jax.grad(lambda features, sums=sums: jnp.vdot(direction, sums(features).covariance))(features)
        for sums in (of_tiles, channel_sums)
    ]
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-6)


def test_sums_of_half_precision_features_do_not_overflow():
    sums = channel_sums(jnp.full((16, 16, 2), 300, jnp.float16))
    assert sums.second.dtype == jnp.float32
    np.testing.assert_allclose(sums.second, 256 * 300.0**2, rtol=1e-6)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("relative", [True, False])
def test_the_style_loss_is_zero_at_the_target_and_positive_elsewhere(statistic, relative):
    target = values(6, 7, 3)
    loss = loss_of(statistic, target, relative=relative)
    np.testing.assert_allclose(loss(target), 0, atol=1e-5)
    np.testing.assert_allclose(loss(target[::-1, ::-1]), 0, atol=1e-5)  # places do not count
    assert float(loss(1.5 * target + 0.2)) > 0.05


def test_the_content_loss_compares_place_by_place():
    target = values(4, 5, 3)
    assert float(content_loss(target, target, relative=True)) == 0
    assert float(content_loss(target + 0.5, target, relative=False)) == pytest.approx(0.25, rel=1e-5)
    assert float(content_loss(3 * target, target, relative=True)) == pytest.approx(4, rel=1e-5)
    assert float(content_loss(target[::-1], target, relative=False)) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("relative", [True, False])
def test_the_gradient_of_a_style_loss_equals_finite_differences(statistic, relative):
    with jax.enable_x64(True):
        loss = loss_of(statistic, values(4, 5, 3, dtype=np.float64), relative=relative)
        check_gradient(loss, 1.3 * values(5, 4, 3, seed=1, dtype=np.float64) + 0.2)


@pytest.mark.parametrize("norm", ["none", "instance"])
@pytest.mark.parametrize("relative", [True, False])
def test_the_gradient_of_the_content_loss_equals_finite_differences(relative, norm):
    with jax.enable_x64(True):
        target = content_target(values(4, 5, 3, dtype=np.float64), norm)
        check_gradient(
            lambda features: content_loss(features, target, relative=relative, norm=norm),
            values(4, 5, 3, seed=1, dtype=np.float64),
        )


def test_normalized_content_has_no_mean_and_unit_variance_in_every_channel():
    normalized = instance_normalized(100 + values(6, 7, 3) * np.array([[[0.1, 1, 10]]], np.float32))
    np.testing.assert_allclose(normalized.mean((0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(normalized.std((0, 1)), 1, rtol=2e-3)


@settings(max_examples=40)
@given(
    hnp.arrays(np.float32, (1, 1, 3), elements=st.floats(0.25, 4, width=32)),
    hnp.arrays(np.float32, (1, 1, 3), elements=st.floats(-5, 5, width=32)),
)
def test_normalized_content_does_not_change_under_other_colors_and_contrasts(scale, shift):
    """And does under a negative, which is another picture."""
    features = values(6, 7, 3)
    target = content_target(features, "instance")
    assert float(content_loss(scale * features + shift, target, relative=True, norm="instance")) < 1e-6
    flipped = content_loss(np.array([[[-1, 1, 1]]], np.float32) * scale * features, target, relative=True, norm="instance")
    assert float(flipped) == pytest.approx(4 / 3, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("flat", [1, 3])
def test_channels_that_hardly_vary_are_not_blown_up(flat):
    noise = 1e-6 * values(6, 7, 3)
    features = noise if flat == 3 else noise.at[..., 1:].add(values(6, 7, 2, seed=1))
    loss = lambda seen: content_loss(  # noqa: E731
        seen, content_target(jnp.roll(features, 1, 0) + 0.5, "instance"), relative=True, norm="instance"
    )
    value, gradient = jax.value_and_grad(loss)(features)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    spread = np.abs(instance_normalized(features)[..., 0]).max()
    assert spread < 1e-2 if flat == 1 else spread < 10


@pytest.mark.parametrize("kind", VARIATIONS)
def test_the_gradient_of_a_variation_equals_finite_differences(kind):
    with jax.enable_x64(True):
        check_gradient(lambda image: variation_loss(image, kind), values(4, 5, 3, dtype=np.float64))


def check_gradient(loss, at):
    """The gradient's component along a few directions equals the central difference."""
    gradient, loss = jax.jit(jax.grad(loss))(at), jax.jit(loss)
    for seed in range(3):
        direction = values(*at.shape, seed=20 + seed, dtype=np.float64)
        difference = (loss(at + 1e-5 * direction) - loss(at - 1e-5 * direction)) / 2e-5
        np.testing.assert_allclose(jnp.vdot(gradient, direction), difference, rtol=1e-6, atol=1e-8)


HARD = {
    "flat": np.full((4, 5, 3), 0.7, np.float32),
    "flat and bright": np.full((4, 5, 3), 321.7, np.float32) * np.array([0.13, 0.57, 1], np.float32),
    "black": np.zeros((4, 5, 3), np.float32),
    "one row": np.random.default_rng(0).random((1, 5, 3), np.float32),
    "one position": np.random.default_rng(0).random((1, 1, 3), np.float32),
}


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("name", HARD)
def test_hard_features_have_a_finite_loss_and_gradient(statistic, name):
    hard = jnp.asarray(HARD[name])
    usual = values(4, 5, hard.shape[-1], seed=5)
    for features, target in ((hard, usual), (usual, hard), (hard, hard)):
        for relative in (True, False):
            value, gradient = jax.value_and_grad(loss_of(statistic, target, relative=relative))(features)
            assert np.isfinite(value)
            assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["flat", "black", "one row"])
def test_hard_features_have_a_finite_content_loss(name):
    hard = jnp.asarray(HARD[name])
    for features, target in ((hard, values(*hard.shape)), (values(*hard.shape), hard), (hard, hard)):
        value, gradient = jax.value_and_grad(lambda seen, target=target: content_loss(seen, target, relative=True))(features)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
def test_relative_losses_do_not_change_when_everything_is_scaled(statistic):
    features, target = values(5, 4, 3, seed=1), values(6, 4, 3)
    once = float(loss_of(statistic, target, relative=True)(features))
    scaled = float(loss_of(statistic, 100 * target, relative=True)(100 * features))
    assert scaled == pytest.approx(once, rel=1e-3)
    plain = loss_of(statistic, target, relative=False)(features)
    assert float(loss_of(statistic, 2 * target, relative=False)(2 * features)) > 3.9 * float(plain)
    content = float(content_loss(features, features[::-1], relative=True))
    assert float(content_loss(100 * features, 100 * features[::-1], relative=True)) == pytest.approx(content, rel=1e-4)


def test_the_square_root_squares_to_the_matrix():
    matrix = np.diag([1.0, 2.0, 3.0]).astype(np.float32) + 0.3
    root = square_root(jnp.asarray(matrix))
    np.testing.assert_allclose(root @ root, matrix, atol=1e-4)


def covariance_of_spectrum(eigenvalues, seed):
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))
    return (axes * eigenvalues) @ axes.T


@pytest.mark.slow
@pytest.mark.parametrize("symmetric", [True, False])
def test_the_derivative_of_twelve_unconverged_iterations_is_that_of_the_iterations(symmetric):
    """Not that of the exact root, from which a spectrum as wide as this keeps them away."""

    def unrolled(matrix):
        norm, identity = jnp.sqrt(jnp.sum(matrix**2)), jnp.eye(len(matrix))
        y, z = matrix / norm, identity
        for _ in range(12):
            t = (3 * identity - z @ y) / 2
            y, z = y @ t, t @ z
        return y * jnp.sqrt(norm)

    with jax.enable_x64(True):
        matrix = jnp.asarray(covariance_of_spectrum(np.logspace(-6, 0, 12), seed=0))
        matrix = matrix if symmetric else matrix + 1e-3 * values(12, 12, seed=2, dtype=np.float64)
        direction = values(12, 12, seed=1, dtype=np.float64)
        assert not symmetric or np.linalg.eigvalsh(square_root(matrix))[0] < 0.5e-3  # the exact root's is 1e-3
        np.testing.assert_allclose(square_root(matrix), unrolled(matrix), rtol=1e-12)
        ours, wanted = (jax.grad(lambda m, f=f: jnp.vdot(direction, f(m)))(matrix) for f in (square_root, unrolled))
        np.testing.assert_allclose(ours, wanted, rtol=1e-9, atol=1e-12)


def test_the_backward_pass_of_a_square_root_keeps_no_iterate():
    size, iterations = 5, 12
    program = jax.make_jaxpr(jax.grad(lambda matrix: square_root(matrix, iterations=iterations).sum()))(jnp.eye(size))
    kept = f"f32[{iterations},{size},{size}]"
    assert kept not in str(program)


@pytest.mark.slow
def test_wasserstein_agrees_with_the_exact_distance_where_its_iterations_converge():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((2, 8))
    a, b = (covariance_of_spectrum(np.linspace(1, 3, 8), seed) for seed in (1, 2))
    values_of, axes = np.linalg.eigh(b)
    root = (axes * np.sqrt(values_of)) @ axes.T
    exact = np.mean((means[0] - means[1]) ** 2) + np.trace(a + b) / 8
    exact -= 2 * np.sqrt(np.linalg.eigvalsh(root @ a @ root)).sum() / 8
    with jax.enable_x64(True):
        mean, covariance = jnp.asarray(means[0]), jnp.asarray(a)
        target = {"mean": jnp.asarray(means[1]), "covariance": jnp.asarray(b), "root": regular_root(jnp.asarray(b))}
        assert float(wasserstein(mean, covariance, target)) == pytest.approx(exact, rel=1e-4)


def test_wasserstein_of_diagonal_covariances_in_closed_form():
    target = {"mean": jnp.zeros(3), "covariance": jnp.diag(jnp.asarray([1.0, 4.0, 2.0]))}
    measured = {"mean": jnp.asarray([1.0, 0.0, 2.0]), "covariance": jnp.diag(jnp.asarray([4.0, 1.0, 2.0]))}
    wanted = (1 + 4) / 3 + (1 + 1 + 0) / 3  # (√4 - √1)² each
    assert distance(measured, target, "wasserstein", relative=False) == pytest.approx(wanted, rel=1e-3)
    variance = (1 + 4 + 2) / 3
    assert distance(measured, target, "wasserstein", relative=True) == pytest.approx(wanted / variance, rel=1e-3)


def test_covariance_in_closed_form():
    target = {"mean": jnp.asarray([3.0, 0.0]), "covariance": jnp.asarray([[4.0, 1.0], [1.0, 2.0]])}
    measured = {"mean": jnp.asarray([1.0, 1.0]), "covariance": jnp.asarray([[1.0, 0.0], [0.0, 2.0]])}
    means, products = 2**2 + 1**2, 3**2 + 2 * 1**2  # squared Frobenius norms
    assert distance(measured, target, "covariance", relative=False) == pytest.approx(means / 2 + products / 4)
    variance, size = 4 + 2, 4**2 + 2 * 1**2 + 2**2
    assert distance(measured, target, "covariance", relative=True) == pytest.approx(means / variance + products / size)


def test_moments_in_closed_form():
    target = {"mean": jnp.asarray([3.0, 0.0]), "deviation": jnp.asarray([1.0, 2.0])}
    measured = {"mean": jnp.asarray([1.0, 1.0]), "deviation": jnp.asarray([2.0, 2.0])}
    apart = (2**2 + 1**2) + 1**2
    assert distance(measured, target, "moments", relative=False) == pytest.approx(apart / 2)
    assert distance(measured, target, "moments", relative=True) == pytest.approx(apart / (1**2 + 2**2))


def test_gram_and_moments_in_closed_form():
    gram, zero = {"gram": jnp.asarray([[2.0, 1.0], [1.0, 3.0]])}, {"gram": jnp.zeros((2, 2))}
    target = gram | {"mean": jnp.asarray([3.0, 0.0]), "deviation": jnp.asarray([1.0, 2.0])}
    measured = zero | {"mean": jnp.asarray([1.0, 1.0]), "deviation": jnp.asarray([2.0, 2.0])}
    products, moments = 2**2 + 2 * 1**2 + 3**2, (2**2 + 1**2) + 1**2
    for relative, wanted in ((False, products / 4 + 10 * moments / 2), (True, 1 + 10 * moments / (1**2 + 2**2))):
        targets = style_target(target, "gram+moments", relative=relative)
        assert float(style_loss(measured, targets, "gram+moments", moments=10.0)) == pytest.approx(wanted)
        of_grams = distance(zero, gram, "gram", relative=relative)
        assert float(style_loss(measured, targets, "gram+moments", moments=0.0)) == pytest.approx(of_grams, rel=1e-6)


@pytest.mark.parametrize("statistic", ["covariance", "wasserstein", "moments"])
def test_a_wrong_palette_costs_its_distance_over_the_variance_of_the_style(statistic):
    """However bright all is: energy, the square of the brightness, does not count."""
    bright = 50 + values(20, 20, 3)
    shift = np.array([[[0.5, -1.0, 2.0]]], np.float32)
    variance = np.trace(np.cov(np.asarray(bright).reshape(-1, 3).T, bias=True))
    loss = loss_of(statistic, bright, relative=True)(bright + shift)
    assert float(loss) == pytest.approx((shift**2).sum() / variance, rel=1e-3)
    by_energy = loss_of("gram+mean", bright, relative=True)(bright + shift)
    assert float(by_energy) < 0.01 * float(loss)


def test_targets_need_a_style(tiny_model, pictures):
    with pytest.raises(SettingsError, match="at least one"):
        make_targets(tiny_model, jnp.asarray(pictures[0]), [], ObjectiveSpec())


@pytest.mark.slow
@pytest.mark.parametrize("turned", [False, True])
def test_variations_of_a_ramp_in_closed_form(turned):
    step, width, height = 0.1, 6, 4
    ramp = np.broadcast_to(step * np.arange(width, dtype=np.float32)[:, None], (height, width, 3))
    image = jnp.asarray(ramp.swapaxes(0, 1) if turned else ramp)
    assert float(variation_loss(image, "squared")) == pytest.approx(step**2, rel=1e-4)
    assert float(variation_loss(image, "absolute")) == pytest.approx(3 * height * (width - 1) * step, rel=1e-4)
    along, diagonal = (width - 1) / width, (width - 1) / (width + 1)  # the padded edge does not differ
    assert float(variation_loss(image, "nine-point")) == pytest.approx(2 * step**2 * (along / 3 + 2 * diagonal / 12), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", VARIATIONS)
@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1)])
def test_the_variation_of_a_picture_one_pixel_wide_is_finite(kind, shape):
    value, gradient = jax.jit(jax.value_and_grad(lambda image: variation_loss(image, kind)))(values(*shape, 3))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert (float(value) == 0) == (shape == (1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("kind", VARIATIONS)
def test_the_variation_of_a_flat_picture_is_zero(kind):
    assert float(variation_loss(jnp.full((4, 5, 3), 0.3), kind)) == 0


@pytest.mark.slow
def test_a_unit_gradient_has_the_norm_of_its_weight_and_the_same_direction():
    features, weight = values(3, 4, 2), jnp.asarray(7.0)
    np.testing.assert_array_equal(unit_gradient(features, weight), features)
    plain = jax.grad(lambda value: (value**3).sum())(features)
    gradient = jax.grad(lambda value: (unit_gradient(value, weight) ** 3).sum())(features)
    assert float(jnp.abs(gradient).sum()) == pytest.approx(7, rel=1e-5)
    np.testing.assert_allclose(gradient / plain, 7 / float(jnp.abs(plain).sum()), rtol=1e-4)
    nothing = jax.grad(lambda value: (0 * unit_gradient(value, weight)).sum())(features)
    np.testing.assert_array_equal(nothing, 0)


GOLDEN_PROBLEMS = {
    "octaves": (
        ("torchvision", "max", "replicate"),
        ObjectiveSpec(
            content_layers=("relu3_1", "relu4_1"),
            content_norm="instance",
            style_layers=("pixels", "relu1_1", "relu2_1", "relu3_1", "relu4_1"),
            statistic="covariance",
            octaves=2,
        ),
        LossWeights(jnp.asarray([1, 1.5]) / 64, jnp.asarray([6, 3, 3, 1.5, 3]), jnp.asarray(10.0)),
    ),
    "gram+mean": (
        ("torchvision", "max", "replicate"),
        ObjectiveSpec(statistic="gram+mean"),
        LossWeights(jnp.asarray([0.05]), jnp.ones(5), jnp.asarray(5.0)),
    ),
    "gram": (
        ("oxford", "average", "zero"),
        ObjectiveSpec(content_layers=("conv4_2",), statistic="gram", variation="absolute", relative=False),
        LossWeights(jnp.asarray([0.1]), jnp.full(5, 2.0), jnp.asarray(1e-3)),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN_PROBLEMS)
def test_the_objective_and_its_gradient_equal_those_of_the_pytorch_program(name):
    golden = np.load(GOLDEN)
    (inputs, pooling, padding), spec, weights = GOLDEN_PROBLEMS[name]
    arrays = {key.removeprefix("weights/"): golden[key] for key in golden.files if key.startswith("weights/")}
    weight_set = WeightSet("golden", (4, 8, 8, 12, 12), preprocessing_named(inputs), arrays)
    model = build_model(weight_set, pooling=pooling, padding=padding)
    content, style, start = (jnp.asarray(golden[picture]) for picture in ("content", "style", "start"))
    targets = jax.jit(make_targets, static_argnames="spec")(model, content, style, spec=spec)
    differentiate = jax.jit(jax.value_and_grad(objective, argnums=1, has_aux=True), static_argnames="spec")
    (total, terms), gradient = differentiate(model, start, targets, weights, spec=spec)
    assert float(total) == pytest.approx(float(golden[f"{name}/total"]), rel=1e-5)
    for got, term in zip(terms, ("content", "style", "tv"), strict=True):
        assert float(got) == pytest.approx(float(golden[f"{name}/{term}"]), rel=1e-5)
    wanted = golden[f"{name}/gradient"]
    assert np.linalg.norm(gradient - wanted) <= 1e-4 * np.linalg.norm(wanted)
