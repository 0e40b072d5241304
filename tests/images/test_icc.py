"""Embedded ICC profiles are applied: the result is sRGB."""

import struct
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from stylejax.images.icc import SRGB_PROFILE, to_srgb
from stylejax.images.io.read import read_picture

RAMP = np.dstack([*np.meshgrid(np.arange(0, 256, 5), np.arange(0, 256, 17)), np.full((16, 52), 77)]).astype(np.uint8)


def swapped_profile() -> bytes:
    """A profile whose red primary is sRGB's blue and whose blue is its red."""
    return SRGB_PROFILE.replace(b"rXYZ", b"temp").replace(b"bXYZ", b"rXYZ").replace(b"temp", b"bXYZ")


def table_profile(space: bytes, inputs: int, lab_of_corner: dict[tuple[int, ...], tuple[int, int, int]]) -> bytes:
    """An ICC version 2 profile with one 8-bit table from a device's corners to Lab (L 0-255, a and b about 128)."""
    ramp = bytes(range(256))
    corners = np.indices((2,) * inputs).reshape(inputs, -1).T
    table = b"".join(bytes(lab_of_corner[tuple(int(bit) for bit in corner)]) for corner in corners)
    identity = b"".join(struct.pack(">i", 65536 * one) for one in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft1" + bytes(4) + bytes([inputs, 3, 2, 0]) + identity + ramp * inputs + table + ramp * 3
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"made for a test\0"
    tags, data = b"", b""
    for name, content in ((b"A2B0", lut), (b"wtpt", white), (b"cprt", text)):
        content += bytes(-len(content) % 4)
        tags += name + struct.pack(">II", 128 + 4 + 3 * 12 + len(data), len(content))
        data += content
    header = struct.pack(">8xI4s4s4s12x4s", 0x02400000, b"prtr", space, b"Lab ", b"acsp").ljust(68, b"\0")
    body = (header + white[8:]).ljust(128, b"\0") + struct.pack(">I", 3) + tags + data
    return struct.pack(">I", len(body)) + body[4:]


def cmyk_profile() -> bytes:
    """Inks that differ from Pillow's formula: any black ink is black, magenta alone is a muted green."""
    colors = {}
    for corner in np.ndindex(2, 2, 2, 2):
        cyan, magenta, yellow, black = corner
        light = 0 if black else 255 - 60 * (cyan + magenta + yellow)
        colors[corner] = (light, 128, 128) if black else (light, 128 - 60 * magenta, 128 + 20 * yellow)
    return table_profile(b"CMYK", 4, colors)


@pytest.mark.slow
def test_the_embedded_profile_is_srgb_and_reproducible():
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert [i for i in range(len(made)) if made[i] != SRGB_PROFILE[i] and not 24 <= i < 36] == []
    time.sleep(1.1)
    again = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert again[24:36] != SRGB_PROFILE[24:36]  # the date is what has to be frozen
    assert to_srgb(Image.fromarray(RAMP), SRGB_PROFILE) is None


def test_srgb_with_its_own_profile_is_unchanged(tmp_path: Path):
    for mode in ("RGB", "RGBA", "L"):
        image = Image.fromarray(RAMP).convert(mode)
        image.save(tmp_path / "a.png", icc_profile=SRGB_PROFILE)
        wanted = np.asarray(image.convert("RGB"), np.float32) / 255
        np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, wanted)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_another_profile_is_converted(tmp_path: Path, mode: str):
    Image.new("RGB", (4, 4), (255, 0, 0)).convert(mode).save(tmp_path / "a.png", icc_profile=swapped_profile())
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_allclose(picture.pixels[0, 0], [0, 0, 1], atol=0.02)
    assert (picture.alpha is None) == (mode != "RGBA")


@pytest.mark.parametrize("suffix", ["jpg", "webp", "tiff", "avif"])
def test_profiles_in_every_format_are_converted(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (16, 16), (255, 0, 0)).save(path, icc_profile=swapped_profile())
    np.testing.assert_allclose(read_picture(path).pixels[8, 8], [0, 0, 1], atol=0.05)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_profiles_of_deep_tiff_are_converted(tmp_path: Path, dtype: type):
    red = np.zeros((4, 6, 3), dtype)
    red[..., 0] = 1 if dtype is np.float32 else 65535
    tifffile.imwrite(tmp_path / "a.tif", red, photometric="rgb", iccprofile=swapped_profile())
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif").pixels[0, 0], [0, 0, 1], atol=0.02)


def test_cmyk_without_a_profile_is_converted_by_formula(tmp_path: Path):
    for suffix in ("jpg", "tiff"):
        Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / f"a.{suffix}")
        np.testing.assert_allclose(read_picture(tmp_path / f"a.{suffix}").pixels[8, 8], [1, 0, 0], atol=0.02)


@pytest.mark.parametrize("suffix", ["jpg", "tiff"])
def test_cmyk_is_converted_through_its_profile(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    for ink, check in (
        ((0, 0, 0, 0), lambda rgb: rgb.min() > 0.97),
        ((0, 0, 0, 255), lambda rgb: rgb.max() < 0.03),
        ((0, 255, 0, 0), lambda rgb: rgb[1] > rgb[0] + 0.2 and rgb[1] > rgb[2] + 0.1),
    ):
        Image.new("CMYK", (16, 16), ink).save(path, icc_profile=cmyk_profile())
        assert check(read_picture(path).pixels[8, 8]), (ink, read_picture(path).pixels[8, 8])


def test_a_gray_profile_is_converted(tmp_path: Path):
    linear = table_profile(b"GRAY", 1, {(0,): (0, 128, 128), (1,): (255, 128, 128)})  # L* proportional to the value
    Image.new("L", (4, 4), 128).save(tmp_path / "a.png", icc_profile=linear)
    lightness = 128 / 255 * 100
    luminance = ((lightness + 16) / 116) ** 3
    wanted = 1.055 * luminance ** (1 / 2.4) - 0.055
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").pixels[0, 0], wanted, atol=0.01)
    deep = np.full((4, 4, 1), 128 * 257, np.uint16)
    Image.fromarray(deep[..., 0]).save(tmp_path / "b.png", icc_profile=linear)
    tifffile.imwrite(tmp_path / "c.tif", deep, photometric="minisblack", iccprofile=linear)
    tifffile.imwrite(
        tmp_path / "d.tif", deep.repeat(2, 2), photometric="minisblack", extrasamples=["unassalpha"], iccprofile=linear
    )
    tifffile.imwrite(tmp_path / "e.tif", (deep / 65535).astype(np.float32), photometric="minisblack", iccprofile=linear)
    for name in ("b.png", "c.tif", "d.tif", "e.tif"):
        np.testing.assert_allclose(read_picture(tmp_path / name).pixels[0, 0], [wanted] * 3, atol=0.01, err_msg=name)


def test_lab_tiff_is_converted(tmp_path: Path):
    Image.new("LAB", (4, 4), (255, 128, 128)).save(tmp_path / "white.tiff")
    np.testing.assert_allclose(read_picture(tmp_path / "white.tiff").pixels[0, 0], [1, 1, 1], atol=0.02)


@pytest.mark.parametrize("profile", [b"not a profile", SRGB_PROFILE[:200], cmyk_profile()])
def test_a_profile_for_another_kind_of_image_is_ignored(tmp_path: Path, profile: bytes):
    Image.fromarray(RAMP).save(tmp_path / "a.png", icc_profile=profile)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, RAMP.astype(np.float32) / 255)
