"""Written pictures are read back with pixels, alpha, color space and metadata; writing is atomic."""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from stylejax.errors import ImageError
from stylejax.images.icc import SRGB_PROFILE
from stylejax.images.io.encode import SUFFIXES
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import check_output, write_picture

SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 20))
PIXELS = SHAPES.flatmap(lambda shape: arrays(np.float32, (*shape, 4), elements=st.floats(0, 1, width=32)))
SETTINGS = {"version": "1.0", "seed": 3, "style": 'Größe & <Kunst> "quoted" 浮世絵', "weights": {"relu1_1": 0.5}}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def smooth(height: int = 48, width: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.dstack([x / width, y / height, 0.5 + 0.4 * np.sin(x / 9) * np.cos(y / 7)]).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "bits"), [(".png", 8), (".tif", 8), (".tiff", 8), (".webp", 8), (".png", 16), (".TIF", 16)])
@given(values=PIXELS, opaque=st.booleans())
@settings(max_examples=25)
def test_lossless_formats_give_the_nearest_levels(suffix: str, bits: int, values: np.ndarray, opaque: bool):
    pixels, alpha = values[..., :3], None if opaque else values[..., 3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write_picture(path, pixels, alpha=alpha, bits=bits, quality=100)
        picture = read_picture(path)
        write_picture(path, picture.pixels, alpha=picture.alpha, bits=bits, quality=100)
        again = read_picture(path)
    half_a_level = 0.5 / (2**bits - 1) + 1e-7
    assert np.abs(picture.pixels - pixels).max() <= half_a_level
    np.testing.assert_array_equal(again.pixels, picture.pixels)
    if alpha is None:
        assert picture.alpha is None
    elif picture.alpha is None:  # libwebp leaves out an alpha that is opaque everywhere
        assert suffix == ".webp" and np.rint(alpha * 255).min() == 255
    else:
        assert np.abs(picture.alpha - alpha).max() <= half_a_level


@pytest.mark.slow
@given(height=st.integers(1, 60), width=st.integers(1, 60), suffix=st.sampled_from([".jpg", ".jpeg", ".webp", ".avif"]))
@settings(max_examples=40)
def test_lossy_formats_come_close_at_every_size(height: int, width: int, suffix: str):
    pixels = smooth(height, width)
    with tempfile.TemporaryDirectory() as folder:
        write_picture(Path(folder) / f"a{suffix}", pixels)
        read = read_picture(Path(folder) / f"a{suffix}").pixels
    assert read.shape == pixels.shape
    if min(height, width) >= 8:  # smaller than its blocks, WebP and its halved colors are rough
        assert np.abs(read - pixels).mean() < 0.02


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
def test_lossy_formats_carry_alpha(tmp_path: Path, suffix: str):
    alpha = smooth()[..., 0]
    write_picture(tmp_path / f"a{suffix}", smooth(), alpha=alpha)
    read = read_picture(tmp_path / f"a{suffix}")
    assert read.alpha is not None
    assert np.abs(read.alpha - alpha).max() < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_incompressible_noise_is_written(tmp_path: Path, suffix: str):
    pixels = np.random.default_rng(0).random((700, 500, 3)).astype(np.float32)
    write_picture(tmp_path / f"a{suffix}", pixels, metadata={"style": "x" * 60_000}, quality=100)
    assert np.abs(read_picture(tmp_path / f"a{suffix}").pixels - pixels).max() < 0.03


def test_jpeg_composites_a_transparent_picture_over_white(tmp_path: Path):
    alpha = np.zeros((48, 64), np.float32)
    alpha[:, :32] = 1
    write_picture(tmp_path / "a.jpg", np.zeros((48, 64, 3), np.float32), alpha=alpha)
    read = read_picture(tmp_path / "a.jpg")
    assert read.alpha is None
    assert read.pixels[:, :24].max() < 0.02 and read.pixels[:, 40:].min() > 0.98


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize("alpha", [False, True])
def test_every_format_contains_the_metadata(tmp_path: Path, suffix: str, alpha: bool):
    path = tmp_path / f"a{suffix}"
    for bits in (8, 16) if SUFFIXES[suffix].deep else (8,):
        write_picture(path, smooth(), alpha=smooth()[..., 0] if alpha else None, metadata=SETTINGS, bits=bits)
        assert read_metadata(path) == SETTINGS
        write_picture(path, smooth(), bits=bits)
        assert read_metadata(path) is None


@pytest.mark.slow
@given(st.dictionaries(st.text(max_size=9), st.text(max_size=30), max_size=4), st.sampled_from(sorted(SUFFIXES)))
@settings(max_examples=60)
def test_metadata_of_any_text_is_read_back(metadata: dict[str, str], suffix: str):
    with tempfile.TemporaryDirectory() as folder:
        write_picture(Path(folder) / f"a{suffix}", smooth(4, 4), metadata=metadata)
        assert read_metadata(Path(folder) / f"a{suffix}") == metadata


def test_metadata_is_in_the_standard_fields(tmp_path: Path):
    write_picture(tmp_path / "a.png", smooth(), metadata=SETTINGS)
    write_picture(tmp_path / "16.png", smooth(), metadata=SETTINGS, bits=16)
    for name in ("a.png", "16.png"):
        with Image.open(tmp_path / name) as image:
            assert json.loads(image.info["stylejax"]) == SETTINGS
    for suffix in (".jpg", ".webp", ".tif", ".avif"):
        write_picture(tmp_path / f"a{suffix}", smooth(), metadata=SETTINGS)
        with Image.open(tmp_path / f"a{suffix}") as image:
            assert json.loads(image.getexif()[0x010E]) == {"stylejax": SETTINGS}


def test_metadata_of_other_programs_is_ignored(tmp_path: Path):
    exif = Image.Exif()
    for number, text in enumerate(("a fine day", '{"other": {}}', "[1]", '{"stylejax": 3}')):
        exif[0x010E] = text
        Image.new("RGB", (4, 4)).save(tmp_path / f"{number}.jpg", exif=exif)
        assert read_metadata(tmp_path / f"{number}.jpg") is None


def test_metadata_too_long_for_jpeg_is_omitted(tmp_path: Path):
    long = {"style": "x" * 100_000}
    for suffix, wanted in ((".jpg", None), (".png", long), (".tif", long), (".webp", long), (".avif", long)):
        write_picture(tmp_path / f"a{suffix}", smooth(), metadata=long)
        assert read_metadata(tmp_path / f"a{suffix}") == wanted


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_file_contains_an_srgb_profile(tmp_path: Path, suffix: str):
    for bits in (8, 16) if SUFFIXES[suffix].deep else (8,):
        write_picture(tmp_path / f"a{suffix}", smooth(), bits=bits)
        with Image.open(tmp_path / f"a{suffix}") as image:
            assert image.info["icc_profile"] == SRGB_PROFILE


@pytest.mark.slow
def test_the_same_picture_gives_the_same_bytes(tmp_path: Path):
    def written() -> dict[str, bytes]:
        for suffix in SUFFIXES:
            for bits in (8, 16) if SUFFIXES[suffix].deep else (8,):
                write_picture(tmp_path / f"{bits}{suffix}", smooth(), alpha=smooth()[..., 1], metadata=SETTINGS, bits=bits)
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    first = written()
    time.sleep(1.1)  # no time of day may enter a file
    assert written() == first


def test_16_bits_are_read_by_independent_programs(tmp_path: Path):
    levels = np.random.default_rng(0).integers(0, 65536, (9, 11, 4), dtype=np.uint16)
    unit = levels.astype(np.float32) / 65535
    write_picture(tmp_path / "a.tif", unit[..., :3], alpha=unit[..., 3], bits=16)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), levels)
    for name, alpha in (("rgb.png", None), ("rgba.png", unit[..., 3])):
        write_picture(tmp_path / name, unit[..., :3], alpha=alpha, bits=16)
        with Image.open(tmp_path / name) as image:  # Pillow keeps the high byte
            image.load()
            np.testing.assert_array_equal(np.asarray(image), (levels >> 8)[..., : 3 if alpha is None else 4])


def test_values_outside_the_range_are_clipped(tmp_path: Path):
    pixels = np.float32([[[-1, 0.5, 2], [-1e-9, 1 + 1e-6, 1e30]]])
    write_picture(tmp_path / "a.png", pixels)
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").pixels, [[[0, 0.5, 1], [0, 1, 1]]], atol=0.002)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_pixels_are_rejected_and_nothing_is_written(tmp_path: Path, value: float):
    pixels = smooth()
    pixels[3, 4, 1] = value
    with pytest.raises(ImageError, match="pixels holds 1 NaN or infinite"):
        write_picture(tmp_path / "a.png", pixels)
    assert names(tmp_path) == []


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 4), (3, 4, 5), (0, 5, 3), (1, 4, 5, 3)])
def test_other_shapes_are_rejected(tmp_path: Path, shape: tuple[int, ...]):
    with pytest.raises(ImageError, match=r"pixels has shape .*; wanted \[height, width, 3\]"):
        write_picture(tmp_path / "a.png", np.zeros(shape, np.float32))


def test_an_alpha_of_another_shape_is_rejected(tmp_path: Path):
    with pytest.raises(ImageError, match=r"alpha has shape \(4, 5\), the picture \(48, 64\)"):
        write_picture(tmp_path / "a.png", smooth(), alpha=np.ones((4, 5), np.float32))


@pytest.mark.parametrize("name", ["a", "a.bmpp", "a.gif", ".png", "a.png.txt"])
def test_unknown_suffixes_are_rejected_with_the_known_ones(tmp_path: Path, name: str):
    for use in (check_output, lambda path: write_picture(path, smooth())):
        with pytest.raises(ImageError, match=r"suffix.*wanted one of \.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff, \.avif"):
            use(tmp_path / name)


def test_depth_and_size_beyond_the_format_are_rejected_before_any_work(tmp_path: Path):
    with pytest.raises(ImageError, match=r"16 bits, but JPEG holds 8; name a \.png or \.tiff"):
        check_output(tmp_path / "a.jpg", bits=16)
    with pytest.raises(ImageError, match="side of 20000 pixels, but WEBP holds 16383"):
        check_output(tmp_path / "a.webp", height=20_000, width=10)
    with pytest.raises(ImageError, match="bits is 12"):
        check_output(tmp_path / "a.png", bits=12)
    with pytest.raises(ImageError, match="quality is 0"):
        write_picture(tmp_path / "a.jpg", smooth(), quality=0)
    check_output(tmp_path / "a.png", bits=16, height=20_000, width=10)


@pytest.mark.parametrize(("suffix", "longest"), [(".jpg", 65_500), (".webp", 16_383), (".avif", 32_768)])
def test_the_longest_side_of_a_format_is_as_stated(tmp_path: Path, suffix: str, longest: int):
    assert SUFFIXES[suffix].longest_side == longest
    write_picture(tmp_path / f"a{suffix}", np.zeros((1, longest, 3), np.float32))
    assert read_picture(tmp_path / f"a{suffix}").width == longest


def test_folders_as_output_are_rejected(tmp_path: Path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="is a folder"):
        check_output(tmp_path / "folder.png")
    with pytest.raises(ImageError, match="is a file, not a folder"):
        check_output(tmp_path / "file" / "a.png")


def test_missing_folders_are_created_when_writing_not_when_checking(tmp_path: Path):
    check_output(tmp_path / "x" / "y" / "a.png")
    assert names(tmp_path) == []
    write_picture(tmp_path / "x" / "y" / "a.png", smooth())
    assert names(tmp_path / "x" / "y") == ["a.png"]


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_kill_or_a_full_disk_preserves_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, interruption: type[BaseException] | BaseException
):
    path = tmp_path / f"a{suffix}"
    write_picture(path, smooth())
    before = path.read_bytes()

    def interrupt(*_: object) -> None:
        raise interruption

    monkeypatch.setattr(os, "fsync", interrupt)  # the new picture is in its temporary file, unfinished
    expected = KeyboardInterrupt if interruption is KeyboardInterrupt else ImageError
    with pytest.raises(expected):
        write_picture(path, np.ones_like(smooth()))
    assert path.read_bytes() == before
    assert names(tmp_path) == [path.name]
