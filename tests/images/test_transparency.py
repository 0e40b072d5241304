"""Transparent pixels affect neither colors, nor statistics, nor resizing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import stylejax
from stylejax.errors import ImageError, SettingsError
from stylejax.images.io.read import read_picture
from stylejax.images.masks import read_regions
from stylejax.images.picture import Picture
from stylejax.images.resize import resize
from stylejax.images.transparency import fill_transparent, opacity_weights, resize_weighted
from stylejax.run.inputs.job import Job, Opacity
from stylejax.run.starts import starting_images
from stylejax.run.targets import StyleEvaluator
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings

SHALLOW = {"content_layers": "relu2_1", "style_layers": "pixels,relu1_1", "octaves": 1, "size": 48, "iterations": 2}


def disc(height: int, width: int, radius: float = 0.35) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return (((y - height / 2) ** 2 + (x - width / 2) ** 2) < (radius * height) ** 2).astype(np.float32)


def hiding(colors: np.ndarray, alpha: np.ndarray, hidden: tuple[float, float, float]) -> np.ndarray:
    """RGBA with one color under full transparency."""
    return np.dstack([np.where(alpha[..., np.newaxis] > 0, colors, np.float32(hidden)), alpha]).astype(np.float32)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
@settings(max_examples=40)
def test_transparent_pixels_are_filled_from_visible_ones(height: int, width: int, seed: int):
    rng = np.random.default_rng(seed)
    colors, alpha = rng.uniform(0.2, 0.7, (height, width, 3)), np.where(rng.random((height, width)) < 0.2, rng.random(), 0)
    alpha[rng.integers(height), rng.integers(width)] = 1
    green, white = (
        fill_transparent(Picture(rgba[..., :3], rgba[..., 3], "it"))
        for rgba in (hiding(colors, alpha, (0, 1, 0)), hiding(colors, alpha, (1, 1, 1)))
    )
    np.testing.assert_array_equal(green.pixels, white.pixels)
    seen = alpha > 0
    np.testing.assert_array_equal(green.pixels[seen], colors.astype(np.float32)[seen])
    assert green.pixels.min() >= colors[seen].min() - 1e-5 and green.pixels.max() <= colors[seen].max() + 1e-5


def test_an_opaque_picture_is_the_same_object_and_resized_to_the_same_bytes():
    colors = np.random.default_rng(0).random((9, 14, 3), np.float32)
    for alpha in (None, np.ones((9, 14), np.float32)):
        picture = Picture(colors, alpha, "it")
        assert fill_transparent(picture) is picture and opacity_weights(picture) is None
        np.testing.assert_array_equal(resize_weighted(colors, opacity_weights(picture), 5, 20), resize(colors, 5, 20))


def test_a_picture_that_is_equally_transparent_everywhere_is_resized_as_an_opaque_one():
    colors = np.random.default_rng(0).random((30, 40, 3), np.float32)
    np.testing.assert_allclose(
        resize_weighted(colors, np.full((30, 40), 0.5, np.float32), 13, 50), resize(colors, 13, 50), atol=1e-5
    )


@pytest.mark.parametrize("shape", [(16, 24), (31, 45), (70, 90)])
def test_faint_pixels_weigh_little_when_a_picture_is_resized(shape: tuple[int, int]):
    """A fringe of nearly transparent pixels of another color around a red disc, as in cut-out pictures."""
    alpha = np.maximum(disc(48, 64), disc(48, 64, 0.42) / 255)
    colors = np.where(disc(48, 64)[..., np.newaxis] > 0, np.float32([0.8, 0.1, 0.1]), np.float32([0, 1, 0]))
    picture = fill_transparent(Picture(colors.astype(np.float32), alpha, "it"))
    small = resize_weighted(picture.pixels, picture.alpha, *shape)
    seen = resize(alpha, *shape) > 0.2
    assert np.abs(small[seen] - np.float32([0.8, 0.1, 0.1])).max() < 0.03


def test_a_fully_transparent_picture_is_rejected():
    with pytest.raises(ImageError, match="it is fully transparent; give a picture with visible pixels"):
        fill_transparent(Picture(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.float32), "it"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "options"),
    [
        ("content", {}),
        ("style", {"style_fit": "resize"}),
        ("init", {}),
        ("both", {"keep_color": "match"}),
        ("both", {"keep_color": "luminance"}),
        ("both", {"init": "style-stats"}),
        ("both", {"strength": 0.5}),
    ],
)
def test_colors_of_transparent_pixels_do_not_change_the_result(tiny_model, pictures, tmp_path: Path, role: str, options: dict):
    content, style = pictures
    images = []
    for hidden in ((0.0, 1.0, 0.0), (1.0, 1.0, 1.0)):
        own, theirs, more = content, style, dict(options)
        if role in ("content", "both"):
            own = hiding(content, disc(*content.shape[:2]), hidden)
        if role in ("style", "both"):
            theirs = hiding(style, disc(*style.shape[:2]), hidden)
        if role == "init":
            rgba = hiding(content, disc(*content.shape[:2]), hidden)
            Image.fromarray((rgba * 255).round().astype(np.uint8)).save(tmp_path / "init.png")
            more["init"] = str(tmp_path / "init.png")
        result = stylejax.stylize(own, theirs, model=tiny_model, **SHALLOW, **more)
        assert (result.alpha is None) == (role in ("style", "init"))
        images.append(result.image)
    np.testing.assert_array_equal(*images)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["gram", "covariance", "moments"])
@pytest.mark.parametrize("regions", [False, True])
def test_only_the_visible_part_of_a_style_counts(tiny_model, statistic: str, regions: bool):
    """A style in the left half of a transparent picture equals that half alone, except for features near the edge."""
    rng = np.random.default_rng(1)
    left = np.repeat(np.repeat(rng.random((16, 8, 3)), 3, 0), 3, 1).astype(np.float32)
    whole = np.concatenate([left, np.zeros_like(left)], axis=1)
    alpha = np.concatenate([np.ones((48, 24)), np.zeros((48, 24))], axis=1).astype(np.float32)
    picture = fill_transparent(Picture(whole, alpha, "it"))
    mine = Settings(**{**SHALLOW, "style_loss": statistic})
    spec, ones = objective_spec(mine), np.ones((1, 48, 48), np.float32)
    masks = read_regions([ones[0] * 1, ones[0] * 1], [ones[0], ones[0]], (48, 48), [(48, 48)]) if regions else None

    def target(styles, opacity, masks):
        job = Job(whole, styles, mine, regions=masks, opacity=opacity)
        return {layer: of.parts for layer, of in StyleEvaluator(tiny_model, 48, 48, spec).of(job).items()}

    cut_out = target((picture.pixels,), Opacity(styles=(alpha,)), masks)
    alone = target((left,), Opacity(), None)
    ignored = target((whole,), Opacity(), None)
    for layer in ("pixels", "relu1_1"):
        for part, wanted in alone[layer].items():
            got = np.asarray(cut_out[layer][part][:, 0] if regions else cut_out[layer][part])
            off, far = (np.abs(each - np.asarray(wanted)).max() for each in (got, np.asarray(ignored[layer][part])))
            assert off < (1e-3 if layer == "pixels" else 0.5) * far


def test_the_recolored_start_has_the_visible_colors():
    rng = np.random.default_rng(2)
    content, style = (rng.uniform(0.45, 0.55, (24, 32, 3)).astype(np.float32) for _ in range(2))
    style[..., 0] += 0.2
    seen = disc(24, 32)
    style = np.where(seen[..., np.newaxis] > 0, style, 0)
    filled = fill_transparent(Picture(style, seen, "it")).pixels
    job = Job(content, (filled,), Settings(init="recolored"), opacity=Opacity(styles=(seen,)))
    (image,) = np.asarray(starting_images([job], 24, 32))
    np.testing.assert_allclose(image.mean((0, 1)), style[seen > 0].mean(0), atol=1e-3)


def test_a_transparent_region_of_a_style_is_named(tiny_model, pictures):
    content, style = pictures
    style = hiding(style, disc(*style.shape[:2], 0.2), (0, 0, 0))
    left = np.zeros(style.shape[:2], np.float32)
    left[:, :10] = 1
    masks = np.stack([np.ones(content.shape[:2]), np.ones(content.shape[:2])]).astype(np.float32)
    with pytest.raises(ImageError, match="is fully transparent in its region 1"):
        stylejax.stylize(content, style, content_masks=list(masks), style_masks=[left, 1 - left], model=tiny_model, **SHALLOW)


def test_transparent_parts_of_a_label_picture_are_black(tmp_path: Path):
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:, 4:] = 255
    rgba[:2, :4, 0] = 200  # hidden
    Image.fromarray(rgba).save(tmp_path / "labels.png")
    regions = read_regions([tmp_path / "labels.png"], [tmp_path / "labels.png"], (8, 8), [(8, 8)])
    assert len(regions.content) == 2
    assert read_picture(tmp_path / "labels.png").pixels[0, 0, 0] > 0.7  # as the file has it


@pytest.mark.slow
def test_notes_about_reading_are_notes_of_the_result(tiny_model, pictures, tmp_path: Path):
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", 255 * pictures[1], photometric="rgb")
    result = stylejax.stylize(pictures[0], tmp_path / "a.tif", model=tiny_model, **SHALLOW)
    assert len(result.notes) == 1 and "255 was taken as white" in result.notes[0]


@pytest.mark.parametrize(
    ("shape", "options", "advice"),
    [
        ((5, 7), {}, "tiny.png, a style, is 7×5 pixels, too small for relu4_1 at 3 octaves: .* choose --style-fit resize"),
        ((20, 3000), {}, "tiny.png, a style, is 3000×20 pixels, looked at in 64×1, .* choose --style-fit stretch"),
        ((400, 400), {"style_size": 20}, "is 400×400 pixels, looked at in 20×20, .* choose a larger style_size"),
        ((400, 400), {"style_scale": 0.1}, "choose a larger style_scale"),
    ],
)
def test_a_style_that_is_too_small_is_named_with_a_hint(pictures, tmp_path: Path, shape, options: dict, advice: str):
    """The check comes before loading the network, which does not exist here."""
    Image.new("RGB", shape[::-1], "red").save(tmp_path / "tiny.png")
    with pytest.raises(SettingsError, match=advice):
        stylejax.stylize(pictures[0], tmp_path / "tiny.png", model="no-such-network", size=64, **options)
