"""Sample styles are reproducible, fill the frame, differ from each other, and have the same composition at every size."""

import importlib.util
import sys
from collections.abc import Callable

import numpy as np
import pytest

from stylejax.errors import ImageError, MissingExtraError, SettingsError
from stylejax.samples import PAINTINGS, demo_photograph
from stylejax.samples.canvas import blur, noise, ramp, shrink
from stylejax.samples.cells import borders, distance_to, nearest, relaxed

Painter = Callable[..., np.ndarray]
each_painter = pytest.mark.parametrize("paint", PAINTINGS.values(), ids=PAINTINGS.keys())


def blocks(picture: np.ndarray, side: int) -> np.ndarray:
    """Means over squares of `side` pixels."""
    rows, columns, _ = picture.shape
    return picture.reshape(rows // side, side, columns // side, side, 3).mean((1, 3))


@each_painter
@pytest.mark.parametrize(("height", "width"), [(64, 64), (40, 96), (75, 50)])
def test_a_style_has_the_requested_size(paint: Painter, height: int, width: int):
    picture = paint(height, width)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.slow
@each_painter
def test_the_same_seed_gives_the_same_bytes(paint: Painter):
    assert paint(64, 80, seed=3).tobytes() == paint(64, 80, seed=3).tobytes()


@each_painter
def test_another_seed_gives_another_composition(paint: Painter):
    first, second = (blocks(paint(64, 64, seed=seed), 8) for seed in (0, 1))
    assert np.abs(first - second).mean() > 0.03


@pytest.mark.slow
@each_painter
@pytest.mark.parametrize(("height", "width"), [(128, 128), (128, 192)])
def test_a_seed_has_one_composition_at_every_size(paint: Painter, height: int, width: int):
    small, large = blocks(paint(height // 2, width // 2), 4), blocks(paint(height, width), 8)
    other = blocks(paint(height, width, seed=1), 8)
    difference = np.abs(small - large).mean()
    assert difference < 0.04
    assert difference < 0.4 * np.abs(other - large).mean()


@each_painter
def test_every_part_of_the_frame_has_contrast_and_texture(paint: Painter):
    gray = paint(96, 96).mean(-1)
    assert gray.std() > 0.15
    parts = gray.reshape(4, 24, 4, 24).transpose(0, 2, 1, 3).reshape(16, -1)
    assert parts.std(1).min() > 0.04


@pytest.mark.slow
def test_the_styles_differ_in_palette_and_texture():
    pictures = {name: paint(96, 96) for name, paint in PAINTINGS.items()}
    names = sorted(pictures)
    histograms = {
        name: np.histogramdd(picture.reshape(-1, 3), bins=4, range=[(0, 1)] * 3)[0] / 96**2
        for name, picture in pictures.items()
    }
    for first in names:
        for second in names[names.index(first) + 1 :]:
            shared = np.minimum(histograms[first], histograms[second]).sum()
            assert shared < 0.6, f"{first} and {second} share {shared:.0%} of their colors"
    chroma = {name: np.ptp(picture, axis=-1).mean() for name, picture in pictures.items()}
    assert chroma["glass"] > chroma["waves"]  # jewels, and ink on paper
    upright = {name: np.abs(np.diff(p.mean(-1), axis=0)).mean() for name, p in pictures.items()}
    assert max(upright.values()) > 1.15 * min(upright.values())


def test_the_strokes_are_blue_and_gold():
    picture = PAINTINGS["strokes"](96, 96).reshape(-1, 3)
    red, _, blue = picture.T
    assert (blue > red + 0.2).mean() > 0.25
    assert (red > blue + 0.2).mean() > 0.15


def test_lead_divides_the_glass():
    dark = (PAINTINGS["glass"](128, 128).max(-1) < 0.25).mean()
    assert 0.05 < dark < 0.4


def test_the_waves_have_ink_cream_and_a_red_sun():
    picture = PAINTINGS["waves"](128, 128)
    assert (picture.max(-1) < 0.3).mean() > 0.03
    assert (picture.min(-1) > 0.7).mean() > 0.03
    red = (picture[..., 0] > 0.6) & (picture[..., 1] < 0.4) & (picture[..., 2] < 0.3)
    assert red[:64].mean() > 0.02
    assert red[96:].mean() == 0


def test_the_default_photograph_is_a_color_picture_large_enough_to_paint():
    picture = demo_photograph()
    assert picture.dtype == np.float32
    assert picture.shape == (300, 451, 3)
    assert 0 <= picture.min() < 0.1
    assert 0.9 < picture.max() <= 1
    assert np.ptp(picture, axis=-1).mean() > 0.05


@pytest.mark.parametrize("name", ["coffee", "astronaut", "rocket"])
def test_the_other_photographs_are_available(name: str):
    picture = demo_photograph(name)
    assert picture.shape[-1] == 3
    assert min(picture.shape[:2]) >= 400


def test_the_error_for_an_unknown_photograph_lists_the_known_ones():
    with pytest.raises(SettingsError, match=r"'mona'.*chelsea, coffee, astronaut, rocket"):
        demo_photograph("mona")


def test_without_scikit_image_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'stylejax\[demo\]'"):
        demo_photograph()


def test_scikit_image_without_pictures_is_reported(monkeypatch: pytest.MonkeyPatch):
    bare = importlib.util.find_spec("json")
    monkeypatch.setattr("stylejax.samples.photograph.find_spec", lambda name: bare)
    with pytest.raises(ImageError, match=r"chelsea\.png"):
        demo_photograph()


def test_a_ramp_passes_through_its_stops():
    colors = ramp(("#000000", "#ff0000", "#ffffff"), np.array([-1.0, 0.0, 0.25, 0.5, 1.0, 7.0]))
    expected = [[0, 0, 0], [0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]
    np.testing.assert_allclose(colors, expected, atol=1e-6)


def test_noise_is_the_same_at_every_size():
    small, large = (noise(side, 2 * side, 5, np.random.default_rng(0)) for side in (40, 120))
    np.testing.assert_allclose(small, large.reshape(40, 3, 80, 3).mean((1, 3)), atol=0.15)
    assert 0.4 < large.std() < 1.2


def test_a_blur_keeps_a_flat_field_and_spreads_a_point():
    np.testing.assert_allclose(blur(np.full((9, 11, 3), 0.7, np.float32), 2.0), 0.7, atol=1e-6)
    point = np.zeros((21, 21), np.float32)
    point[10, 10] = 1
    spread = blur(point, 2.0)
    np.testing.assert_allclose(spread.sum(), 1, atol=1e-5)
    np.testing.assert_allclose(spread, spread.T, atol=1e-7)
    assert spread[10, 10] > spread[10, 12] > spread[10, 14] > 0


def test_shrinking_averages_and_clips():
    canvas = np.zeros((4, 2, 3), np.float32)
    canvas[0, 0] = 1
    canvas[2:] = 3
    np.testing.assert_allclose(shrink(canvas, 2)[:, 0, 0], [0.25, 1])


def test_distances_are_exact_within_reach():
    edges = np.random.default_rng(0).random((20, 24)) < 0.02
    rows, columns = np.nonzero(edges)
    y, x = np.mgrid[0:20, 0:24]
    exact = np.sqrt(((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(-1))
    result = distance_to(edges, 5)
    np.testing.assert_allclose(result[exact <= 5], exact[exact <= 5], rtol=1e-6)
    assert (result[exact > 5] > 5).all()


def test_borders_lie_where_labels_change():
    np.testing.assert_array_equal(borders(np.array([[0, 0, 1], [0, 0, 1]])), [[False, True, False]] * 2)


def test_relaxed_sites_share_the_points_evenly():
    rng = np.random.default_rng(0)
    points = rng.random((2000, 2)).astype(np.float32)
    strewn = np.bincount(nearest(points, points[:20]), minlength=20)
    even = np.bincount(nearest(points, relaxed(points, 20, rng)), minlength=20)
    assert even.min() > 0
    assert even.std() < 0.6 * strewn.std()
