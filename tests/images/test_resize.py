"""Resizing preserves constant colors, averages and range; contact sheets show whole pictures and readable labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stylejax.errors import ImageError
from stylejax.images.resample import Resampled, resample
from stylejax.images.resize import fit_long_side, resize, resized
from stylejax.images.sheet import contact_sheet

SIDE = st.integers(1, 40)


@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from([None, 1, 2, 3, 5]), st.floats(0, 1, width=32))
@settings(max_examples=60)
def test_a_flat_picture_stays_flat(height: int, width: int, rows: int, columns: int, channels: int | None, value: float):
    shape = () if channels is None else (channels,)
    result = resize(np.full((height, width, *shape), value, np.float32), rows, columns)
    assert result.shape == (rows, columns, *shape) and result.dtype == np.float32
    np.testing.assert_allclose(result, value, atol=1e-5)


@given(st.integers(0, 2**32 - 1), SIDE, SIDE)
@settings(max_examples=40)
def test_the_range_is_kept(seed: int, rows: int, columns: int):
    result = resize((np.random.default_rng(seed).random((20, 30, 3)) > 0.5).astype(np.float32), rows, columns)
    assert result.min() >= 0 and result.max() <= 1


def test_the_same_size_is_an_exact_copy():
    pixels = np.random.default_rng(0).random((8, 9, 3)).astype(np.float32)
    result = resize(pixels, 8, 9)
    np.testing.assert_array_equal(result, pixels)
    assert not np.shares_memory(result, pixels)


@pytest.mark.parametrize("shape", [(300, 700), (1100, 40), (700, 600), (600, 600)])
@pytest.mark.parametrize("kind", ["lanczos", "bicubic", "bilinear"])
def test_some_lines_at_a_time_give_what_pillow_gives_for_all(shape, kind):
    levels, (height, width) = np.random.default_rng(0).integers(0, 256, (600, 600), np.uint8), shape
    kernel = Image.Resampling[kind.upper()]
    if kind == "lanczos":
        source = Image.fromarray(levels / np.float32(255))
        wanted = np.clip(source.resize((width, 600), kernel).resize((width, height), kernel), 0, 1)
        at_once = np.clip(source.resize((width, height), kernel), 0, 1)  # Pillow may begin with the columns
        np.testing.assert_allclose(wanted, at_once, atol=1e-6)
    else:
        wanted = np.asarray(Image.fromarray(levels).resize((width, height), kernel)) / np.float32(255)
    for same in (levels, levels / np.float32(255)):
        np.testing.assert_array_equal(resize(same, *shape, resampling=kind), wanted)


@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from(["lanczos", "bicubic", "bilinear"]), st.data())
@settings(max_examples=60)
def test_any_rows_are_those_that_pillow_gives(tall: int, wide: int, height: int, width: int, kind, data):
    values, kernel = np.random.default_rng(0).normal(size=(tall, wide)).astype(np.float32), Image.Resampling[kind.upper()]
    wanted = np.asarray(Image.fromarray(values).resize((width, tall), kernel).resize((width, height), kernel))
    found = Resampled(lambda rows: values[rows], values.shape, (height, width), kind)
    first = data.draw(st.integers(0, height - 1))
    rows = slice(first, data.draw(st.integers(first + 1, height)))
    np.testing.assert_array_equal(found[rows], wanted[rows])
    np.testing.assert_array_equal(resample(values, height, width, kind), wanted)


@pytest.mark.parametrize("kind", ["lanczos", "bicubic"])
@pytest.mark.parametrize("shape", [(30, 47), (20, 30)])
def test_rows_of_a_resized_picture_are_computed_when_they_are_read(shape, kind):
    levels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    some = resized(levels, *shape, resampling=kind)
    assert some.shape == (*shape, 3) and some.dtype == np.float32
    np.testing.assert_array_equal(some[7:12], resize(levels, *shape, resampling=kind)[7:12])
    levels[:] = 0
    assert some[7:12].any() == (kind == "bicubic"), "levels of 8 bits are made at once"


def test_shrinking_averages_fine_detail():
    """Without antialiasing, a checkerboard would become black, white, or moiré."""
    checkerboard = (np.indices((128, 128)).sum(axis=0) % 2).astype(np.float32)
    for size in (17, 32, 43):
        np.testing.assert_allclose(resize(checkerboard, size, size)[1:-1, 1:-1], 0.5, atol=0.02)


def test_channels_are_resized_alike_with_more_than_8_bits():
    ramp = np.linspace(0, 1, 200, dtype=np.float32)[np.newaxis, :, np.newaxis] * np.ones((50, 1, 4), np.float32)
    result = resize(ramp, 25, 100)
    np.testing.assert_array_equal(result[..., 0], result[..., 3])
    inner = result[12, 5:-5, 0]
    np.testing.assert_allclose(inner, (ramp[0, 0::2, 0] + ramp[0, 1::2, 0])[5:-5] / 2, atol=1e-5)


def test_invalid_sizes_are_rejected():
    for size in ((0, 5), (5, 0), (-1, 5)):
        with pytest.raises(ImageError, match="cannot resize to"):
            resize(np.zeros((4, 4, 3), np.float32), *size)


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(1, 4096))
def test_the_long_side_is_exact_and_the_shape_is_kept(height: int, width: int, long_side: int):
    rows, columns = fit_long_side(height, width, long_side)
    assert max(rows, columns) == long_side and min(rows, columns) >= 1
    assert fit_long_side(width, height, long_side) == (columns, rows)
    exact = min(height, width) * long_side / max(height, width)
    assert abs(min(rows, columns) - exact) <= 0.5 or (exact < 0.5 and min(rows, columns) == 1)


def test_fit_long_side_of_known_pictures():
    assert fit_long_side(768, 1024, 512) == (384, 512)
    assert fit_long_side(1024, 768, 2048) == (2048, 1536)
    assert fit_long_side(1, 5000, 256) == (1, 256)
    assert fit_long_side(3, 2, 3) == (3, 2)


def test_a_sheet_shows_every_picture_whole_in_its_place():
    red, green, blue = (np.zeros((h, w, 3), np.float32) for h, w in ((50, 100), (100, 50), (80, 80)))
    red[..., 0], green[..., 1], blue[..., 2] = 1, 1, 1
    sheet = contact_sheet([[("wide", red), ("tall", green)], [("square", blue)]], cell=100, gap=10, text_size=15)
    line = round(15 * 1.4)
    assert sheet.dtype == np.float32 and sheet.min() >= 0 and sheet.max() <= 1
    assert sheet.shape == (10 + 100 + line + 10 + 100 + line + 10, 10 + 100 + 10 + 50 + 10, 3)
    for color, area in (((1, 0, 0), 50 * 100), ((0, 1, 0), 100 * 50), ((0, 0, 1), 100 * 100)):
        assert (sheet == np.float32(color)).all(axis=2).sum() == area
    np.testing.assert_array_equal(sheet[60:110, 10:110], np.float32([1, 0, 0]) * np.ones((50, 100, 1), np.float32))
    assert (sheet[:10] == 1).all() and (sheet[:, :10] == 1).all() and (sheet[-10:] == 1).all()


def test_labels_are_drawn_dark_below_their_pictures_and_inside_their_column():
    white = np.ones((40, 60, 3), np.float32)
    with_text = contact_sheet([[("a label much too long for its picture", white), ("", white)]], cell=60, gap=10)
    dark = (with_text < 0.5).any(axis=2)
    assert dark[50:].any() and not dark[:50].any()
    assert not dark[:, :9].any() and not dark[:, 72:].any()
    two = contact_sheet([[("one\ntwo", white), ("one", white)]], cell=60, gap=10, text_size=20)
    assert (two[50 + 28 :, :75] < 0.5).any() and not (two[50 + 28 :, 75:] < 0.5).any()


def test_characters_that_the_font_lacks_do_not_become_boxes():
    white = np.ones((60, 200, 3), np.float32)
    np.testing.assert_array_equal(contact_sheet([[("Größé", white)]]), contact_sheet([[("Gro?e", white)]]))


def test_an_empty_sheet_is_rejected():
    for rows in ([], [[]]):
        with pytest.raises(ImageError, match="at least one picture"):
            contact_sheet(rows)


def test_resizing_agrees_with_pillow_on_8_bit_pictures():
    levels = np.random.default_rng(0).integers(60, 196, (64, 80, 3), dtype=np.uint8)  # no overshoot for it to clip
    wanted = np.asarray(Image.fromarray(levels).resize((37, 29), Image.Resampling.LANCZOS), np.float32) / 255
    np.testing.assert_allclose(resize(levels.astype(np.float32) / 255, 29, 37), wanted, atol=0.006)
