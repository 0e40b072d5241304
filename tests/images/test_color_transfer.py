"""Color transfer: luminance, means and covariances of the results."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from objectives import SHALLOW_GRAMS

import stylejax
from stylejax.images.color_transfer import LUMA, color_transform, match_color, restore_chroma, to_luminance

METHODS = ("cholesky", "pca", "symmetric")

pictures_of_any_kind = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)),
    elements=st.floats(0, 1, width=32) | st.sampled_from([0.0, 1.0]),
)
SHALLOW = {**SHALLOW_GRAMS, "size": 64, "smallest_size": 64, "iterations": 3}
"""Settings that compile fast."""

seeds = st.integers(0, 2**32 - 1)


def colorful(seed: int, height: int = 12, width: int = 9) -> np.ndarray:
    """A picture whose colors vary along every axis, like those of a painting."""
    rng = np.random.default_rng(seed)
    mix = rng.uniform(-0.04, 0.04, (3, 3)) + np.diag(rng.uniform(0.12, 0.3, 3))
    return np.clip(0.5 + rng.uniform(-1, 1, (height, width, 3)) @ mix, 0, 1).astype(np.float32)


def moments(colors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = colors.reshape(-1, 3).astype(np.float64)
    return flat.mean(0), np.cov(flat.T, bias=True)


@given(seeds, seeds, st.sampled_from(METHODS))
@settings(max_examples=60)
def test_matched_colors_have_the_mean_and_covariance_of_the_content(one, other, method):
    style, content = colorful(one), colorful(other, 7, 15)
    matrix, offset = color_transform(style, content, method)
    mean, covariance = moments(style.astype(np.float64) @ matrix.T + offset)
    wanted_mean, wanted_covariance = moments(content)
    np.testing.assert_allclose(mean, wanted_mean, atol=1e-4)
    np.testing.assert_allclose(covariance, wanted_covariance, atol=1e-4)


@given(seeds)
@settings(max_examples=30)
def test_matching_a_picture_to_itself_changes_nothing(seed):
    picture = colorful(seed)
    for method in METHODS:
        np.testing.assert_allclose(match_color(picture, picture, method=method), picture, atol=1e-5)


def test_pca_and_symmetric_agree_on_common_axes_and_only_then():
    style = colorful(1)
    dimmed = (0.5 + 0.4 * (style - 0.5)).astype(np.float32)  # the same principal axes
    pca, symmetric = (color_transform(style, dimmed, method)[0] for method in ("pca", "symmetric"))
    np.testing.assert_allclose(pca, symmetric, atol=1e-6)
    pca, symmetric = (color_transform(style, colorful(2), method)[0] for method in ("pca", "symmetric"))
    assert np.abs(pca - symmetric).max() > 1e-3


def test_the_symmetric_matrix_is_symmetric_and_changes_colors_least():
    style, content = colorful(3), colorful(4)
    matrix = color_transform(style, content, "symmetric")[0]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)

    def moved(method: str) -> float:
        matrix, offset = color_transform(style, content, method)  # pyright: ignore[reportArgumentType]
        return float(((style @ matrix.T + offset - style) ** 2).mean())

    assert moved("symmetric") <= min(moved("pca"), moved("cholesky")) + 1e-9


@given(pictures_of_any_kind, pictures_of_any_kind, st.sampled_from(METHODS))
@settings(max_examples=80)
def test_flat_gray_and_tiny_pictures_give_colors_in_range(style, content, method):
    matched = match_color(style, content, method=method)
    assert matched.dtype == np.float32 and matched.shape == style.shape
    assert np.isfinite(matched).all() and matched.min() >= 0 and matched.max() <= 1


def test_the_grain_of_a_gray_style_is_not_stretched_to_colors():
    rng = np.random.default_rng(0)
    gray = np.repeat(rng.uniform(0, 1, (40, 40, 1)), 3, axis=2)
    grainy = np.clip(gray + rng.normal(0, 0.5 / 255, gray.shape), 0, 1).astype(np.float32)
    clean = match_color(gray.astype(np.float32), colorful(5), method="pca")
    assert np.abs(match_color(grainy, colorful(5), method="pca") - clean).mean() < 0.05


@given(pictures_of_any_kind, seeds)
@settings(max_examples=80)
def test_luminance_is_that_of_the_result_and_hue_that_of_the_content(painted, seed):
    content = colorful(seed, *painted.shape[:2])
    result = restore_chroma(painted, content)
    assert result.dtype == np.float32 and result.min() >= 0 and result.max() <= 1
    np.testing.assert_allclose(result @ LUMA, painted @ LUMA, atol=1e-6)
    chroma, wanted = (colors - (colors @ LUMA)[..., None] for colors in (result, content))
    np.testing.assert_allclose(np.cross(chroma, wanted), 0, atol=1e-6)  # the same direction
    assert (np.abs(chroma) <= np.abs(wanted) + 1e-6).all()


def test_chroma_is_unchanged_where_it_fits():
    content = np.clip(colorful(6), 0.3, 0.7)
    painted = np.clip(content + np.float32(0.02), 0, 1)
    np.testing.assert_allclose(restore_chroma(painted, content), painted, atol=1e-6)


def test_a_gray_style_takes_the_contents_brightness_and_contrast():
    rng = np.random.default_rng(1)
    style = rng.uniform(0.0, 0.3, (30, 20, 3)).astype(np.float32)
    content = rng.uniform(0.4, 0.9, (10, 40, 3)).astype(np.float32)
    gray = to_luminance(style, like=content)
    assert (gray == gray[..., :1]).all()
    wanted = content @ LUMA
    assert gray[..., 0].mean() == pytest.approx(wanted.mean(), abs=1e-3)
    assert gray[..., 0].std() == pytest.approx(wanted.std(), abs=1e-3)


@given(pictures_of_any_kind, pictures_of_any_kind)
@settings(max_examples=50)
def test_grayscale_styles_are_finite_for_all_pictures(style, content):
    gray = to_luminance(style, like=content)
    assert np.isfinite(gray).all() and gray.min() >= 0 and gray.max() <= 1


@pytest.fixture(scope="module")
def batch(tiny_model, pictures):
    """A batch with a picture of each kind, and the pictures of every progress."""
    content, style = pictures
    seen = []
    results = stylejax.stylize_batch(
        [content] * 3,
        [style] * 3,
        model=tiny_model,
        each=[{"keep_color": "none"}, {"keep_color": "luminance"}, {"keep_color": "match"}],
        observe=lambda progress: seen.append(np.asarray(progress.pictures)),
        **SHALLOW,
    )
    return [painting.image for painting in results], seen


def hue_error(picture: np.ndarray, content: np.ndarray) -> float:
    chroma, wanted = (colors - (colors @ LUMA)[..., None] for colors in (picture, content))
    return float(np.abs(np.cross(chroma, wanted)).max())


@pytest.mark.slow
def test_transfer_of_luminance_keeps_the_hues_of_the_content_in_every_progress(batch, pictures):
    (plain, gray_painted, _), seen = batch
    content = pictures[0]
    assert hue_error(gray_painted, content) < 1e-5 < hue_error(plain, content)
    assert all(hue_error(images[1], content) < 1e-5 for images in seen)
    assert np.abs((gray_painted - content) @ LUMA).max() > 0.01, "luminance was painted"


@pytest.mark.slow
def test_matched_colors_change_the_colors_of_the_content_less(batch, pictures):
    (plain, _, matched), _ = batch
    content = pictures[0]

    def away(picture):
        return np.abs(picture.mean((0, 1)) - content.mean((0, 1))).max()

    assert away(matched) < away(plain)
