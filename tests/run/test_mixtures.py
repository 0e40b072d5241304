"""Mixtures of styles: the statistics of a picture that has of each style its share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylejax.losses.octaves import PIXELS
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.statistics import CenteredSums, ChannelSums, channel_sums, mixture
from stylejax.losses.style_sums import mix_styles, style_sums
from stylejax.losses.targets import make_targets

STATISTICS = ["gram", "gram+mean", "gram+moments", "covariance", "wasserstein", "moments"]


def features(rows, columns, seed):
    """Features whose mean and spread differ from seed to seed."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((rows, columns, 3)) * rng.uniform(0.2, 2, 3) + rng.uniform(-3, 3, 3)).astype(np.float32)


def assert_alike(got, wanted):
    for part in ("mean", "gram", "covariance"):
        np.testing.assert_allclose(getattr(got, part), getattr(wanted, part), rtol=1e-4, atol=2e-4)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4), st.booleans(), st.integers(0, 999))
def test_shares_that_are_the_sizes_of_pictures_give_the_statistics_of_all_their_pixels(shapes, centered, seed):
    parts = [features(*shape, seed + number) for number, shape in enumerate(shapes)]
    sums = [channel_sums(jnp.asarray(part), centered=centered) for part in parts]
    mixed = mixture(sums, jnp.asarray([float(part.shape[0] * part.shape[1]) for part in parts]))
    assert isinstance(mixed, CenteredSums if centered else ChannelSums)
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts]).astype(np.float64)
    np.testing.assert_allclose(mixed.mean, pixels.mean(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mixed.gram, pixels.T @ pixels / len(pixels), rtol=1e-4, atol=2e-4)
    np.testing.assert_allclose(mixed.covariance, np.cov(pixels.T, bias=True), rtol=1e-4, atol=2e-4)
    union = sums[0]
    for other in sums[1:]:
        union = union + other
    assert_alike(mixed, union)


@pytest.mark.parametrize("centered", [False, True])
def test_the_sizes_of_the_parts_do_not_count_and_a_share_of_zero_is_none(centered):
    small, large = (channel_sums(jnp.asarray(features(*shape, 1)), centered=centered) for shape in ((2, 3), (9, 9)))
    assert_alike(mixture([small, large], jnp.asarray([1.0, 0.0])), small)
    assert_alike(mixture([small, large], jnp.asarray([0.0, 5.0])), large)
    even, again = (mixture([small, large], jnp.asarray([share, share])) for share in (0.5, 7.0))
    assert_alike(even, again)
    np.testing.assert_allclose(even.mean, (small.mean + large.mean) / 2, rtol=1e-4)


def test_the_covariance_of_a_mixture_holds_the_distance_between_the_means():
    flat = [jnp.full((3, 4, 2), value) for value in (1.0, 5.0)]
    mixed = mixture([channel_sums(each, centered=True) for each in flat], jnp.asarray([0.25, 0.75]))
    np.testing.assert_allclose(mixed.mean, 4, rtol=1e-6)
    np.testing.assert_allclose(mixed.covariance, 0.25 * 0.75 * 16, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", STATISTICS)
def test_two_styles_are_one_picture_that_is_made_of_both(tiny_model, statistic):
    """Exactly so for pixels, which have no neighbors, with shares that are the areas."""
    one, other = (np.clip(0.3 * features(8, columns, seed) + 0.5, 0, 1) for columns, seed in ((12, 1), (4, 2)))
    spec = ObjectiveSpec((), (PIXELS,), statistic, octaves=2)
    content = jnp.zeros((8, 8, 3))
    styles = [jnp.asarray(one), jnp.asarray(other)]
    blended = make_targets(tiny_model, content, styles, spec, blend=jnp.asarray([3.0, 1.0])).style
    joined = make_targets(tiny_model, content, jnp.asarray(np.concatenate([one, other], 1)), spec).style
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), blended, joined)
    even = make_targets(tiny_model, content, styles, spec).style
    halves = make_targets(tiny_model, content, styles, spec, blend=jnp.asarray([0.5, 0.5])).style
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), even, halves)
    (alone,) = (make_targets(tiny_model, content, styles, spec, blend=jnp.asarray(blend)).style for blend in ([1.0, 0.0],))
    first = make_targets(tiny_model, content, styles[0], spec).style
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), alone, first)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["gram+mean", "covariance"])
def test_regions_are_mixed_region_by_region(tiny_model, statistic):
    pictures = [jnp.asarray(np.clip(0.3 * features(8, 12, seed) + 0.5, 0, 1)) for seed in (1, 2)]
    masks = np.zeros((2, 8, 12), np.float32)
    masks[0, :, :5], masks[1, :, 5:] = 1, 1
    spec = ObjectiveSpec((), (PIXELS, "relu1_1"), statistic)
    parts = [style_sums(tiny_model, each, spec, masks=jnp.asarray(masks)) for each in pictures]
    shares = jnp.asarray([0.3, 0.7])
    mixed = mix_styles(parts, shares=shares, regions=True)
    for layer in spec.style_layers:
        for region in range(2):
            ours, theirs = (jax.tree.map(lambda array, r=region: array[r], part[0][layer]) for part in parts)
            got = jax.tree.map(lambda array, r=region: array[r], mixed[0][layer])
            assert_alike(got, mixture([ours, theirs], shares))
