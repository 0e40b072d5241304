"""The samples of a TIFF are interpreted according to its tags: bits, sign, white level, planes, palettes, opacity."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from stylejax.errors import ImageError
from stylejax.images.io.read import read_picture, to_picture

HEIGHT, WIDTH = 11, 13
UNIT = np.linspace(0, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
COLORS = np.stack([UNIT, UNIT[::-1], UNIT[:, ::-1] ** 2], axis=-1)
TOPS = {"u1": 255, "u2": 65535, "u4": 2**32 - 1, "i1": 127, "i2": 32767, "i4": 2**31 - 1, "f2": 1, "f4": 1, "f8": 1}


def samples(unit: np.ndarray, dtype: str) -> np.ndarray:
    values = unit * TOPS[dtype]
    return (values if dtype[0] == "f" else values.round()).astype(dtype)


def precision(dtype: str) -> float:
    return {"f2": 1e-3, "i1": 0.5 / 127, "u1": 0.5 / 255}.get(dtype, 1e-4)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", TOPS)
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite", "rgb", "planar"])
def test_every_type_of_sample_goes_from_black_to_white(
    tmp_path: Path, photometric: str, dtype: str, byteorder: str, compression: str | None
):
    options = {"byteorder": byteorder, "compression": compression, "photometric": photometric}
    unit = UNIT if photometric.startswith("minis") else COLORS
    stored = samples(1 - unit if photometric == "miniswhite" else unit, dtype)
    if photometric == "planar":
        stored, options = stored.transpose(2, 0, 1).copy(), options | {"photometric": "rgb", "planarconfig": "separate"}
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    picture = read_picture(tmp_path / "a.tif")
    wanted = unit if unit.ndim == 3 else unit[..., np.newaxis].repeat(3, 2)
    np.testing.assert_allclose(picture.pixels, wanted, atol=precision(dtype))
    signed = dtype[0] == "i"
    assert len(picture.notes) == signed and all("signed" in note and str(TOPS[dtype]) in note for note in picture.notes)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_shallow_grays(tmp_path: Path, bits: int, photometric: str):
    """Written as bytes, with the tag changed to fewer bits, which tifffile cannot write."""
    levels = np.random.default_rng(bits).integers(0, 2**bits, (4, 16))
    packed = np.packbits(
        np.unpackbits(levels.astype(np.uint8)[..., np.newaxis], axis=-1)[..., 8 - bits :].reshape(4, -1), axis=1
    )
    tifffile.imwrite(tmp_path / "a.tif", packed, photometric=photometric)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tiff:
        tiff.pages.first.tags["BitsPerSample"].overwrite(bits)
        tiff.pages.first.tags["ImageWidth"].overwrite(16)
    wanted = levels / (2**bits - 1)
    wanted = 1 - wanted if photometric == "miniswhite" else wanted
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels[..., 1], wanted, atol=1e-6)


def test_twelve_bits_are_white_at_4095(tmp_path: Path):
    levels = np.random.default_rng(12).integers(0, 4096, (4, 16))
    high, low = levels[:, ::2], levels[:, 1::2]
    packed = np.stack([high >> 4, (high & 15) << 4 | low >> 8, low & 255], axis=-1).reshape(4, -1).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", packed, photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tiff:
        tiff.pages.first.tags["BitsPerSample"].overwrite(12)
        tiff.pages.first.tags["ImageWidth"].overwrite(16)
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels[..., 0], levels / 4095, atol=1e-6)


def lzw(data: bytes) -> bytes:
    """Only literals; the table is cleared before codes need more than 9 bits."""
    starts = [*range(0, len(data), 200), len(data)]
    codes = [code for start, end in pairwise(starts) for code in (256, *data[start:end])]
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    return int(bits.ljust(-len(bits) // 8 * -8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u2", "i2", "i4", "f4"])
def test_compressions_that_tifffile_lacks_give_the_same_samples(tmp_path: Path, dtype: str, byteorder: str):
    stored = samples(UNIT, dtype)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack", byteorder=byteorder)
    end, encoded = (tmp_path / "a.tif").stat().st_size, lzw(stored.astype(stored.dtype.newbyteorder(byteorder)).tobytes())
    with (tmp_path / "a.tif").open("ab") as file:
        file.write(encoded)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tiff:
        for tag, value in (("Compression", 5), ("StripOffsets", end), ("StripByteCounts", len(encoded))):
            tiff.pages.first.tags[tag].overwrite(value)
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels[..., 0], UNIT, atol=precision(dtype))


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize(
    ("photometric", "kind"),
    [
        *((each, kind) for each in ("minisblack", "miniswhite", "rgb") for kind in ("unassalpha", "unspecified")),
        ("rgb", "assocalpha"),
    ],
)
def test_a_further_channel_is_opacity_according_to_the_tags(tmp_path: Path, photometric: str, kind: str, dtype: str):
    alpha = 0.25 + UNIT / 2
    unit = COLORS if photometric == "rgb" else UNIT[..., np.newaxis]
    stored = 1 - unit if photometric == "miniswhite" else unit
    stored = stored * alpha[..., np.newaxis] if kind == "assocalpha" else stored
    values = samples(np.concatenate([stored, alpha[..., np.newaxis]], axis=2), dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric=photometric, planarconfig="contig", extrasamples=[kind])
    picture = read_picture(tmp_path / "a.tif")
    close = 8 * precision(dtype) if kind == "assocalpha" else precision(dtype)  # rounded before it is divided
    np.testing.assert_allclose(picture.pixels, np.broadcast_to(unit, picture.pixels.shape), atol=close)
    if kind == "unspecified":
        assert picture.alpha is None
    else:
        assert picture.alpha is not None
        np.testing.assert_allclose(picture.alpha, alpha, atol=precision(dtype))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize(
    "tag",
    [(274, "s", 2, "6", True), (274, "H", 1, 9, True), (34675, "s", 4, "abc", True), (34675, "H", 1, 1, True)],
    ids=["text for the orientation", "no orientation", "text for the profile", "a number for the profile"],
)
def test_an_invalid_orientation_or_profile_is_ignored(tmp_path: Path, tag: tuple, dtype: str):
    tifffile.imwrite(tmp_path / "a.tif", samples(COLORS, dtype), photometric="rgb", extratags=[tag])
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels, COLORS, atol=precision(dtype))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_palettes(tmp_path: Path, dtype: str):
    colormap = np.random.default_rng(5).integers(0, 65536, (3, TOPS[dtype] + 1), dtype=np.uint16)
    levels = np.random.default_rng(6).integers(0, TOPS[dtype] + 1, (5, 7)).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", levels, photometric="palette", colormap=colormap)
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels, colormap.T[levels] / 65535, atol=1 / 255)


@pytest.mark.parametrize(
    ("values", "wanted", "expected"),
    [
        (255 * UNIT.astype("f4"), UNIT, "from 0 to 255: 255 was taken as white"),
        (65535 * UNIT, UNIT, "from 0 to 65535: 65535 was taken as white"),
        (UNIT * 1.2 - 0.1, np.clip(UNIT * 1.2 - 0.1, 0, 1), "from -0.1 to 1.1: values below 0 or above 1 were clipped"),
        (np.where(UNIT > 0.99, 30, UNIT), np.where(UNIT > 0.99, 1, UNIT), "to 30: values below 0 or above 1"),
        (2 * UNIT - 1, np.clip(2 * UNIT - 1, 0, 1), "from -1 to 1: values below 0"),
        ((255 * UNIT).round().astype("u4"), UNIT, "32 bits per sample and no value above 255: 255 was taken as white"),
        ((65535 * UNIT).round().astype("i4"), UNIT, "no value above 65535: 65535 was taken as white"),
        ((1023 * UNIT).round().astype("u2"), UNIT / 64, "no value above 1023: it is dark, or has fewer bits than it states"),
        (
            (UNIT * 32767 - 100).astype("i2"),
            np.clip(UNIT - 100 / 32767, 0, 1),
            "values below 0, down to -100, were taken as black",
        ),
    ],
)
def test_assumptions_are_reported(tmp_path: Path, values: np.ndarray, wanted: np.ndarray, expected: str):
    for photometric in ("minisblack", "rgb"):
        stored = values if photometric == "minisblack" else values[..., np.newaxis].repeat(3, 2)
        tifffile.imwrite(tmp_path / "a.tif", stored, photometric=photometric)
        picture = read_picture(tmp_path / "a.tif")
        np.testing.assert_allclose(picture.pixels[..., 2], wanted, atol=0.5 / 255)
        (note,) = picture.notes
        assert note.startswith(str(tmp_path / "a.tif")) and expected in note


def test_floating_point_above_65535_is_rejected(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", UNIT * 1e6, photometric="minisblack")
    with pytest.raises(ImageError, match=r"values from 0 to 1e\+06; save it with values from 0 to 1"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize(("mode", "factor"), [("I;16", 65535), ("I", 255), ("I", 65535), ("F", 1), ("F", 255)])
def test_gray_pillow_images_of_every_mode(mode: str, factor: float):
    dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    image = Image.fromarray((factor * UNIT).round(0 if factor > 1 else 9).astype(dtype))
    assert image.mode == mode
    picture = to_picture(image)
    np.testing.assert_allclose(picture.pixels[..., 0], UNIT, atol=0.5 / 255)
    assert bool(picture.notes) == (mode == "I" or factor == 255)
