"""Region masks: pairing, and errors for invalid masks."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from stylejax.errors import ImageError, SettingsError
from stylejax.images.masks import read_regions, resize_masks

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def halves(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    upper = np.zeros((height, width), np.uint8)
    upper[: height // 2] = 255
    return upper, 255 - upper


def labels(height: int, width: int, *colors: tuple[int, int, int]) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    for number, color in enumerate(colors):
        picture[height * number // len(colors) :] = color
    return picture


def test_pairs_of_gray_masks_belong_together_in_one_style():
    content, style = halves(8, 6), halves(10, 4)
    regions = read_regions(content, style, (8, 6), [(10, 4)])
    assert regions.content.shape == (2, 8, 6) and regions.content.dtype == np.float32
    assert [group.shape for group in regions.styles] == [(2, 10, 4)]
    np.testing.assert_array_equal(regions.content[0], content[0] / 255)
    np.testing.assert_array_equal(regions.styles[0][1], style[1] / 255)
    assert regions.notes == ()


def test_with_as_many_styles_as_regions_each_region_has_a_style():
    masks = halves(8, 6)
    regions = read_regions(masks, (), (8, 6), [(5, 5), (7, 9)])
    assert [group.shape for group in regions.styles] == [(1, 5, 5), (1, 7, 9)]
    assert all((group == 1).all() for group in regions.styles)
    masked = read_regions(masks, (halves(5, 5)[0], halves(7, 9)[1]), (8, 6), [(5, 5), (7, 9)])
    np.testing.assert_array_equal(masked.styles[1][0], halves(7, 9)[1] / 255)


def test_labels_of_the_same_color_belong_together_in_any_order():
    regions = read_regions([labels(9, 6, RED, BLUE, GREEN)], [labels(12, 4, GREEN, RED, BLUE)], (9, 6), [(12, 4)])
    firsts = [[int(mask.max(1).argmax()) for mask in masks] for masks in (regions.content, regions.styles[0])]
    assert dict(zip(*firsts, strict=True)) == {0: 4, 3: 8, 6: 0}


def test_a_label_picture_gives_styles_their_regions_from_dark_to_light():
    levels = np.array([[7, 1], [7, 0]], np.uint8)  # indices, as segmentation programs write them
    regions = read_regions([levels], (), (2, 2), [(3, 3)] * 3)
    np.testing.assert_array_equal(regions.content, [levels == 0, levels == 1, levels == 7])


def test_labels_survive_antialiasing_and_jpeg(tmp_path):
    picture = Image.fromarray(labels(90, 60, RED, BLUE, GREEN))
    picture.resize((256, 384), Image.Resampling.BICUBIC).save(tmp_path / "labels.jpg", quality=90)
    regions = read_regions([tmp_path / "labels.jpg"], [labels(12, 4, GREEN, RED, BLUE)], (384, 256), [(12, 4)])
    assert len(regions.content) == 3
    np.testing.assert_array_equal(regions.content.sum(0), 1)
    assert regions.content.mean((1, 2)) == pytest.approx([1 / 3] * 3, abs=0.03)
    assert len(regions.notes) == 1 and "labels.jpg" in regions.notes[0] and "nearest label" in regions.notes[0]


def test_masks_of_another_shape_are_resized_with_a_note(tmp_path):
    for name, mask in zip(("sky.png", "town.png"), halves(8, 6), strict=True):
        Image.fromarray(mask).save(tmp_path / name)
    regions = read_regions([tmp_path / "sky.png", tmp_path / "town.png"], halves(10, 4), (16, 24), [(10, 4)])
    assert regions.content.shape == (2, 16, 24)
    assert len(regions.notes) == 2
    assert "sky.png is 6×8 and its picture 24×16" in regions.notes[0] and "\n" not in regions.notes[0]


def test_soft_transparent_and_boolean_masks_are_read():
    soft = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    regions = read_regions([soft, 1 - soft], (), (3, 4), [(2, 2)] * 2)
    np.testing.assert_allclose(regions.content[0], soft, atol=1e-6)
    white = np.full((3, 4, 4), 255, np.uint8)
    white[:, 2:, 3] = 0
    left = np.zeros((3, 4), bool)
    left[:, :2] = True
    regions = read_regions([white, ~left], (), (3, 4), [(2, 2)] * 2)
    np.testing.assert_array_equal(regions.content, [left, ~left])


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_resizing_preserves_the_sum_of_masks(height, width, rows, columns, seed):
    mask = np.random.default_rng(seed).uniform(0, 1, (height, width)).round().astype(np.float32)
    resized = resize_masks(np.stack([mask, 1 - mask]), rows, columns)
    assert resized.min() >= -1e-6 and resized.max() <= 1 + 1e-6
    np.testing.assert_allclose(resized.sum(0), 1, atol=1e-5)


def message(*arguments) -> str:
    with pytest.raises((ImageError, SettingsError)) as caught:
        read_regions(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_uncovered_pixels_are_counted_and_located():
    upper, lower = halves(10, 8)
    lower[7:9, 2:5] = 0
    expected = message([upper, lower], halves(4, 4), (10, 8), [(4, 4)])
    assert "6 pixels of the content (7.50%)" in expected and "rows 7 to 8 and columns 2 to 4" in expected


def test_a_black_mask_is_named(tmp_path):
    Image.new("L", (6, 8)).save(tmp_path / "sky.png")
    assert "sky.png is all black" in message([tmp_path / "sky.png", halves(8, 6)[1]], halves(4, 4), (8, 6), [(4, 4)])
    assert "style mask 2 is all black" in message(halves(8, 6), [halves(4, 4)[0], np.zeros((4, 4))], (8, 6), [(4, 4)])


def test_a_label_in_one_picture_only_is_named():
    two, three = labels(12, 6, RED, BLUE), labels(12, 6, RED, BLUE, GREEN)
    shapes = (12, 6), [(12, 6)]
    lacking = message([three], [two], *shapes)
    assert "content mask 1 has the label #00ff00 (33.33% of it), which style mask 1 lacks" in lacking
    assert "style mask 1 has the label #00ff00" in message([two], [three], *shapes)


def test_a_photograph_is_rejected_as_a_label_picture():
    photograph = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert "one gray mask for each region" in message([photograph], [photograph], (64, 64), [(64, 64)])
    assert "has a single color" in message([np.full((4, 4), 255, np.uint8)], [halves(4, 4)[0]], (4, 4), [(4, 4)])


@pytest.mark.parametrize(
    ("content", "style", "styles", "expected"),
    [
        (0, 2, 1, "no content mask"),
        (2, 0, 1, "one style without masks"),
        (2, 1, 1, "2 content masks and 1 style masks"),
        (3, 2, 1, "3 content masks and 2 style masks"),
        (2, 2, 3, "2 regions and 3 styles"),
        (2, 0, 3, "2 regions and 3 styles"),
    ],
)
def test_inconsistent_numbers_of_masks_and_styles_are_rejected(content, style, styles, expected):
    masks = [np.full((4, 4), 255, np.uint8)] * 3
    assert expected in message(masks[:content], masks[:style], (4, 4), [(4, 4)] * styles)


def test_an_unreadable_mask_is_an_image_error(tmp_path):
    assert "does not exist" in message([tmp_path / "none.png", halves(4, 4)[0]], halves(4, 4), (4, 4), [(4, 4)])
