"""All kinds of pictures are read as float32 sRGB with orientation and alpha."""

from io import BytesIO
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from stylejax.images.io.png16 import write_png16
from stylejax.images.io.read import read_picture, to_picture
from stylejax.images.picture import Picture

COLORS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
DEEP = np.random.default_rng(1).integers(0, 65536, (5, 7, 4), dtype=np.uint16)
UNIT = COLORS.astype(np.float32) / 255


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def test_pixels_are_float32_in_the_unit_range(tmp_path: Path):
    picture = read_picture(saved(tmp_path / "a.png", Image.fromarray(COLORS)))
    assert picture.pixels.dtype == np.float32
    np.testing.assert_array_equal(picture.pixels, UNIT)
    assert picture.alpha is None
    assert (picture.height, picture.width) == (5, 7)
    assert picture.source == str(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "ppm", "webp", "gif"])
def test_lossless_formats_agree(tmp_path: Path, suffix: str):
    flat = np.zeros((6, 8, 3), np.uint8) + np.uint8([10, 20, 30])
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(flat), **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(read_picture(path).pixels, flat.astype(np.float32) / 255)


@pytest.mark.parametrize("suffix", ["jpg", "avif"])
def test_lossy_formats_come_close(tmp_path: Path, suffix: str):
    ramp = np.dstack([*np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 48)), np.full((48, 64), 0.5)])
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray((ramp * 255).astype(np.uint8)), quality=95)
    assert np.abs(read_picture(path).pixels - ramp).mean() < 0.01


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff", "avif"])
def test_the_orientation_of_exif_is_applied(tmp_path: Path, suffix: str, orientation: int):
    quarters = np.kron(
        np.uint8([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [9, 9, 9], [250] * 3]]),
        np.ones((8, 8, 1), np.uint8),
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(quarters), exif=exif)
    with Image.open(path) as image:
        wanted = np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.float32) / 255
    pixels = read_picture(path).pixels
    assert pixels.shape == ((16, 24, 3) if orientation < 5 else (24, 16, 3))
    np.testing.assert_array_equal(pixels, wanted)
    # Independently of Pillow: where the red corner of the stored picture comes to lie (TIFF 6.0, tag Orientation).
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    assert np.abs(pixels[corner[orientation]] - np.float32([0.98, 0, 0])).max() < 0.15


def test_the_orientation_is_applied_to_alpha(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.dstack([COLORS, np.arange(35, dtype=np.uint8).reshape(5, 7)])
    picture = read_picture(saved(tmp_path / "a.png", Image.fromarray(pixels), exif=exif))
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, np.rot90(pixels[..., 3], -1).astype(np.float32) / 255)


def test_gray_and_one_bit_become_three_equal_channels(tmp_path: Path):
    gray = COLORS[..., 0]
    picture = read_picture(saved(tmp_path / "l.png", Image.fromarray(gray)))
    np.testing.assert_array_equal(picture.pixels, np.repeat(UNIT[..., :1], 3, axis=2))
    bits = read_picture(saved(tmp_path / "1.png", Image.fromarray(gray > 127)))
    np.testing.assert_array_equal(bits.pixels[..., 1], (gray > 127).astype(np.float32))


def test_gray_with_alpha(tmp_path: Path):
    image = Image.merge("LA", [Image.fromarray(COLORS[..., 0]), Image.fromarray(COLORS[..., 1])])
    picture = read_picture(saved(tmp_path / "la.png", image))
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.pixels[..., 2], UNIT[..., 0])
    np.testing.assert_array_equal(picture.alpha, UNIT[..., 1])


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_palette_with_transparency(tmp_path: Path, suffix: str):
    image = Image.new("P", (4, 2))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2, 0, 1, 2, 0, 1])
    picture = read_picture(saved(tmp_path / f"p.{suffix}", image, transparency=1))
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, [[1, 0, 1, 1], [0, 1, 1, 0]])
    np.testing.assert_array_equal(picture.pixels[0, 0], [1, 0, 0])
    np.testing.assert_array_equal(picture.pixels[0, 2], [0, 0, 1])


def test_a_transparent_color_becomes_alpha(tmp_path: Path):
    picture = read_picture(saved(tmp_path / "t.png", Image.fromarray(COLORS), transparency=tuple(map(int, COLORS[2, 3]))))
    assert picture.alpha is not None
    assert picture.alpha[2, 3] == 0 and picture.alpha.sum() == 34
    gray = read_picture(saved(tmp_path / "g.png", Image.new("L", (2, 1), 9), transparency=9))
    assert gray.alpha is not None and gray.alpha.max() == 0


def test_16_bit_gray_keeps_its_depth(tmp_path: Path):
    for suffix in ("png", "tiff"):
        picture = read_picture(saved(tmp_path / f"g.{suffix}", Image.fromarray(DEEP[..., 0])))
        np.testing.assert_array_equal(picture.pixels[..., 0], DEEP[..., 0].astype(np.float32) / 65535)
    header = b"P5\n7 5\n65535\n"
    (tmp_path / "g.pgm").write_bytes(header + DEEP[..., 0].astype(">u2").tobytes())
    np.testing.assert_allclose(read_picture(tmp_path / "g.pgm").pixels[..., 1], DEEP[..., 0] / 65535, atol=1e-7)


@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_png_keeps_its_depth(tmp_path: Path, channels: int):
    with (tmp_path / "a.png").open("wb") as file:
        write_png16(file, DEEP[..., :channels], profile=b"no profile", text=None)
    check_deep(read_picture(tmp_path / "a.png"), channels)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_16_bit_tiff_keeps_its_depth(tmp_path: Path, channels: int, byteorder: str, compression: str | None, planar: str):
    values = DEEP[..., :channels] if planar == "contig" else DEEP[..., :channels].transpose(2, 0, 1)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ascontiguousarray(values),
        photometric="rgb",
        planarconfig=planar,
        byteorder=byteorder,
        compression=compression,
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    check_deep(read_picture(tmp_path / "a.tif"), channels)


def test_16_bit_tiff_compressed_with_lzw_keeps_its_depth(tmp_path: Path):
    """Photo editors write such files."""
    literals = [256, *DEEP[..., :3].astype("<u2").tobytes(), 257]  # 210 literals, too few for codes longer than 9 bits
    bits = "".join(f"{code:09b}" for code in literals)
    encoded = int(bits.ljust(-len(bits) // 8 * -8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    tifffile.imwrite(tmp_path / "a.tif", DEEP[..., :3], photometric="rgb", byteorder="<")
    end = (tmp_path / "a.tif").stat().st_size
    with (tmp_path / "a.tif").open("ab") as file:
        file.write(encoded)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tiff:
        for tag, value in (("Compression", 5), ("StripOffsets", end), ("StripByteCounts", len(encoded))):
            tiff.pages.first.tags[tag].overwrite(value)
    check_deep(read_picture(tmp_path / "a.tif"), 3)


def test_16_bit_gray_tiff_with_alpha(tmp_path: Path):
    options = {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", DEEP[..., 2:], **options)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.pixels[..., 1], DEEP[..., 2].astype(np.float32) / 65535)
    np.testing.assert_array_equal(picture.alpha, DEEP[..., 3].astype(np.float32) / 65535)


def check_deep(picture: Picture, channels: int) -> None:
    np.testing.assert_array_equal(picture.pixels, DEEP[..., :3].astype(np.float32) / 65535)
    if channels == 3:
        assert picture.alpha is None
    else:
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, DEEP[..., 3].astype(np.float32) / 65535)


def test_the_orientation_is_applied_to_16_bit_tiff(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP[..., :3], photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(
        read_picture(tmp_path / "a.tif").pixels, np.rot90(DEEP[..., :3], -1).astype(np.float32) / 65535
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floating_point_tiff_is_clipped(tmp_path: Path, dtype: type):
    values = np.linspace(-0.5, 1.5, 5 * 7 * 3).reshape(5, 7, 3).astype(dtype)
    tifffile.imwrite(tmp_path / "rgb.tif", values, photometric="rgb", extratags=[(274, "H", 1, 3, True)])
    np.testing.assert_allclose(read_picture(tmp_path / "rgb.tif").pixels, np.clip(values, 0, 1)[::-1, ::-1], atol=1e-7)
    tifffile.imwrite(tmp_path / "gray.tif", values[..., 0], photometric="minisblack")
    np.testing.assert_allclose(read_picture(tmp_path / "gray.tif").pixels[..., 2], np.clip(values[..., 0], 0, 1), atol=1e-7)


def test_the_first_frame_of_an_animation_is_read(tmp_path: Path):
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "lime", "blue")]
    for suffix in ("gif", "webp", "png", "tiff"):
        path = saved(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:])
        assert np.abs(read_picture(path).pixels - np.float32([1, 0, 0])).max() < 0.02


def test_a_single_pixel_is_a_picture(tmp_path: Path):
    assert read_picture(saved(tmp_path / "a.png", Image.new("RGB", (1, 1), "white"))).pixels.shape == (1, 1, 3)


def test_premultiplied_tiff_is_divided_by_its_alpha(tmp_path: Path):
    values = np.full((4, 4, 4), 128, np.uint8)
    values[..., 0] = 64
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["assocalpha"])
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels[0, 0], [0.5, 1, 1], atol=0.01)


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([None, 1, 3, 4]), st.sampled_from(["u1", "u2", "f4", "f8"]))
@settings(max_examples=40)
def test_arrays_of_every_kind_are_converted(height: int, width: int, channels: int | None, dtype: str):
    shape = (height, width) if channels is None else (height, width, channels)
    unit = np.random.default_rng(height * 13 + width).random(shape)
    top = 1 if dtype[0] == "f" else np.iinfo(dtype).max
    array = (unit * top).astype(dtype)
    picture = to_picture(array)
    assert picture.pixels.shape == (height, width, 3) and picture.pixels.dtype == np.float32
    wanted = array.astype(np.float64) / top
    wanted = wanted[..., None] if channels is None else wanted
    np.testing.assert_allclose(picture.pixels, np.broadcast_to(wanted[..., :3], picture.pixels.shape), atol=1e-6)
    assert (picture.alpha is None) == (channels != 4)


def test_jax_arrays_are_converted():
    np.testing.assert_array_equal(to_picture(jnp.asarray(UNIT)).pixels, UNIT)
    np.testing.assert_allclose(to_picture(jnp.asarray(UNIT, jnp.bfloat16)).pixels, UNIT, atol=4e-3)


def test_pillow_images_paths_and_pictures_are_converted(tmp_path: Path):
    path = saved(tmp_path / "a.png", Image.fromarray(COLORS))
    with Image.open(path) as image:
        from_file = to_picture(image)
    assert from_file.source == str(path)
    for source in (Image.fromarray(COLORS), str(path), path, from_file):
        np.testing.assert_array_equal(to_picture(source).pixels, UNIT)
    assert to_picture(from_file) is from_file


def test_the_orientation_is_applied_to_a_pillow_image():
    exif, file = Image.Exif(), BytesIO()
    exif[0x0112] = 8
    Image.fromarray(COLORS).save(file, "PNG", exif=exif)
    np.testing.assert_array_equal(to_picture(Image.open(file)).pixels, np.rot90(UNIT))
