"""Large pictures: limits that the size asked for raises, tiled files and BigTIFF, few copies in memory, and full disks."""

import resource
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from stylejax.errors import ImageError
from stylejax.images.io import encode
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.open_image import PIXEL_LIMIT, limit_for
from stylejax.images.io.read import read_picture, read_shape
from stylejax.images.io.write import write_picture
from stylejax.images.resize import resize

COLORS = np.random.default_rng(0).random((311, 517, 3), np.float32)
"""A side that tiles of 256 do not divide, and one that takes two tiles and a bit."""
LARGE = np.tile(COLORS, (4, 2, 1))


@pytest.fixture
def bomb(tmp_path) -> Path:
    """A PNG file of which only the header is there, with 20,000×20,000 pixels."""
    Image.new("L", (3, 2)).save(tmp_path / "bomb.png")
    data = bytearray((tmp_path / "bomb.png").read_bytes())
    data[16:24] = (20_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(data)
    return tmp_path / "bomb.png"


def test_the_size_asked_for_raises_the_limit_on_pixels(bomb):
    before = Image.MAX_IMAGE_PIXELS
    assert limit_for(512) == limit_for(0) == PIXEL_LIMIT
    for read in (read_shape, read_picture):
        with pytest.raises(ImageError, match=r"has 20000x20000 pixels; .* ask for a size of at least 10000") as refused:
            read(bomb, limit=limit_for(9_999))
        assert "\n" not in str(refused.value)
    assert read_shape(bomb, limit=limit_for(10_000)) == (20_000, 20_000)
    assert before == Image.MAX_IMAGE_PIXELS, "Pillow's own limit is raised for a moment only"


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("largest", [encode.LARGEST_TIFF, 1000])
def test_tiff_is_written_in_tiles_and_as_bigtiff_where_it_is_large(tmp_path, monkeypatch, bits, opaque, largest):
    monkeypatch.setattr(encode, "LARGEST_TIFF", largest)
    alpha = None if opaque else COLORS[..., 0]
    write_picture(tmp_path / "a.tif", COLORS, alpha=alpha, bits=bits, metadata={"a": 1})
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        page = tiff.pages.first
        assert tiff.is_bigtiff == (largest == 1000)
        assert page.is_tiled and page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
    read = read_picture(tmp_path / "a.tif")
    np.testing.assert_allclose(read.pixels, COLORS, atol=0.51 / (2**bits - 1))
    assert opaque or np.abs(read.alpha - alpha).max() <= 0.51 / (2**bits - 1)
    assert read_metadata(tmp_path / "a.tif") == {"a": 1}


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("parts", [{"tile": (64, 128)}, {"rowsperstrip": 16}], ids=["tiles", "strips"])
def test_tiles_and_strips_are_read_and_truncated_ones_refused(tmp_path, dtype, bigtiff, compression, parts):
    top = 1 if dtype == "f4" else np.iinfo(dtype).max
    levels = (COLORS * top).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", levels, bigtiff=bigtiff, compression=compression, photometric="rgb", **parts)
    assert read_shape(tmp_path / "a.tif") == (311, 517)
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels, levels / np.float32(top), atol=1e-6)
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: 2 * len(data) // 3])
    with pytest.raises(ImageError, match=r"a\.tif is truncated or damaged"):
        read_picture(tmp_path / "a.tif")


def test_png_of_16_bits_is_written_by_bands_of_rows(tmp_path):
    tall = np.random.default_rng(1).random((700, 3, 3), np.float32)
    write_picture(tmp_path / "a.png", tall, bits=16)
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").pixels, tall, atol=0.51 / 65535)


@pytest.mark.parametrize(
    ("name", "bits", "written", "read"),
    [
        ("a.png", 8, 0.2, 0.4),
        ("a.jpg", 8, 0.2, 0.4),
        ("a.tif", 8, 0.7, 0.4),
        ("a.png", 16, 0.4, 0.7),
        ("a.tif", 16, 1.0, 1.7),
    ],
)
def test_reading_and_writing_take_no_copy_in_floating_point(tmp_path, name, bits, written, read):
    """Relative to such a copy: levels of 8 bits take a quarter; tifffile holds all tiles of this small picture at once."""
    with peak_of(LARGE) as writing:
        write_picture(tmp_path / name, LARGE, bits=bits)
    with peak_of(LARGE) as reading:
        picture = read_picture(tmp_path / name)
    assert picture.samples.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert writing() < written and reading() < read


@pytest.mark.parametrize("orientation", [3, 6])
def test_turning_takes_no_copy(tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(np.rint(255 * LARGE).astype(np.uint8)).save(tmp_path / "a.png", exif=exif)
    with peak_of(LARGE) as read:
        read_picture(tmp_path / "a.png")
    assert read() < 0.4


@pytest.mark.parametrize("shape", [(311, 517), (2488, 2068)])
def test_levels_are_resized_without_a_copy_in_floating_point(shape):
    levels = np.rint(255 * LARGE).astype(np.uint8)
    with peak_of(np.empty((*shape, 3), np.float32)) as small:
        resized = resize(levels, *shape)
    some = 4 * 2068 * 64 * np.maximum(1, levels.shape[0] / shape[0])
    assert small() < 1.05 + 12 * some / resized.nbytes, "the result and some rows"
    np.testing.assert_array_equal(resized, resize(levels / np.float32(255), *shape))


@pytest.mark.parametrize(
    ("name", "bits"), [("a.png", 8), ("a.png", 16), ("a.jpg", 8), ("a.webp", 8), ("a.tif", 8), ("a.avif", 8)]
)
def test_a_disk_that_fills_while_a_picture_is_written_leaves_the_old_one(tmp_path, name, bits):
    write_picture(tmp_path / name, COLORS[:8, :8], bits=bits)
    before, limits = (tmp_path / name).read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # the system says it like a full disk
    try:
        with pytest.raises(ImageError, match=rf"{name} cannot be written: File too large$"):
            write_picture(tmp_path / name, COLORS, bits=bits)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_disk_that_fills_at_the_last_tile_leaves_the_old_picture(tmp_path, bits):
    write_picture(tmp_path / "a.tif", COLORS, bits=bits)
    before, limits = (tmp_path / "a.tif").read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - 1000, limits[1]))
    try:
        with pytest.raises(ImageError, match=r"a\.tif cannot be written: File too large$"):
            write_picture(tmp_path / "a.tif", COLORS, bits=bits)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "a.tif").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


@contextmanager
def peak_of(pixels: np.ndarray) -> Iterator:
    """Yields a function that tells the peak of the block's memory, relative to a picture in floating point."""
    tracemalloc.start()
    try:
        yield lambda: peak / pixels.nbytes
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
