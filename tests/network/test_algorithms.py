"""Other algorithms of the convolution: the direct one in other words, forward and backward, alone and in the network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from stylejax.network.batched_matmul import batched_product
from stylejax.network.im2col import convolve_unfolded
from stylejax.network.padding import pad_by_one
from stylejax.network.winograd import convolve_by_tiles, flipped, transform_kernel
from stylejax.weights.load import build_model, reconfigured


def values(*shape, seed=0, dtype=np.float64):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


def direct(features, kernel, zero_padded):
    margins = [(1, 1)] * 2 if zero_padded else [(0, 0)] * 2
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(features[None], kernel, (1, 1), margins, dimension_numbers=layout, precision="highest")[0]


def by_tiles(features, kernel, zero_padded):
    kernels = transform_kernel(kernel), transform_kernel(flipped(kernel))
    return convolve_by_tiles(features, *kernels, zero_padded=zero_padded)


def unfolded(features, kernel, zero_padded):
    return convolve_unfolded(pad_by_one(features, "zero") if zero_padded else features, kernel)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [by_tiles, unfolded])
@settings(max_examples=5)
@given(st.integers(3, 11), st.integers(3, 11), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_each_equals_the_direct_convolution_and_its_gradient(algorithm, rows, columns, incoming, outgoing, zero_padded):
    with jax.enable_x64(True):
        features, kernel = values(rows, columns, incoming), values(3, 3, incoming, outgoing, seed=1)
        wanted, wanted_pullback = jax.vjp(lambda x: direct(x, kernel, zero_padded), features)
        got, pullback = jax.vjp(lambda x: algorithm(x, kernel, zero_padded), features)
        np.testing.assert_allclose(got, wanted, atol=1e-11)
        cotangent = values(*wanted.shape, seed=2)
        np.testing.assert_allclose(pullback(cotangent)[0], wanted_pullback(cotangent)[0], atol=1e-11)


def test_rounding_in_float32_stays_near_a_millionth():
    with jax.enable_x64(True):
        features, kernel = values(20, 23, 64), values(3, 3, 64, 64, seed=1) / 24
        exact = np.asarray(direct(features, kernel, zero_padded=True))
    rounded = by_tiles(features.astype(jnp.float32), kernel.astype(jnp.float32), zero_padded=True)
    away = np.linalg.norm(rounded - exact) / np.linalg.norm(exact)
    assert away < 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["zero", "replicate"])
def test_a_network_sees_the_same_with_either_algorithm(tiny_weights, padding):
    image = jnp.asarray(np.random.default_rng(0).random((37, 50, 3), np.float32))
    direct, winograd = (build_model(tiny_weights, padding=padding, convolution=name) for name in ("direct", "winograd"))
    assert (len(direct.spec.winograd), len(winograd.spec.winograd)) == (0, 15)  # all but conv1_1
    networks = [direct, reconfigured(winograd, unfolded=("conv1_1",))]
    layers = ("relu1_2", "relu3_1", "conv4_2", "relu5_1")
    features = [jax.jit(lambda network, image: network(image, layers))(network, image) for network in networks]
    for layer in layers:
        apart = np.linalg.norm(features[0][layer] - features[1][layer]) / np.linalg.norm(features[0][layer])
        assert apart < 2e-5, layer


@pytest.mark.slow
def test_pictures_of_a_batch_are_their_single_runs(tiny_weights):
    network = build_model(tiny_weights, convolution="winograd")

    def energy(network, image):
        return sum(jnp.sum(value**2) for value in network(image, ("relu5_1",)).values())

    images = jnp.asarray(np.random.default_rng(0).random((5, 32, 32, 3), np.float32))
    together = jax.jit(jax.vmap(jax.grad(energy, argnums=1), in_axes=(None, 0)))
    single = jax.jit(jax.grad(energy, argnums=1))
    np.testing.assert_allclose(together(network, images)[3], single(network, images[3]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("rows", "channels", "columns"), [(12, 8, 4), (1024, 4, 32), (6, 7, 3), (4, 600, 200), (997, 2, 64)])
@pytest.mark.parametrize("axes", [(None, None), (0, None), (None, 0), (0, 0)])
def test_products_small_and_large_with_and_without_a_batch(rows, channels, columns, axes):
    left, right = values(3, 2, rows, channels, dtype=np.float32), values(3, 2, channels, columns, seed=1, dtype=np.float32)
    left, right = (array if axis == 0 else array[0] for array, axis in zip((left, right), axes, strict=True))
    product = batched_product if axes == (None, None) else jax.vmap(batched_product, in_axes=axes)
    wanted = np.matmul(np.asarray(left, np.float64), np.asarray(right, np.float64))
    np.testing.assert_allclose(jax.jit(product)(left, right), wanted, atol=2e-4)


def test_a_batch_does_not_copy_a_large_kernel():
    left, right = values(5, 36, 64, 512, dtype=np.float32), values(36, 512, 512, dtype=np.float32)
    program = jax.jit(jax.vmap(batched_product, in_axes=(0, None))).lower(left, right).as_text()
    assert "tensor<36x320x512xf32>, tensor<36x512x512xf32>" in program
