"""Soft proofing, and errors for files that are not the profile of a printer."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stylejax
from stylejax.errors import ImageError
from stylejax.images.icc import SRGB_PROFILE
from stylejax.images.io.read import read_picture
from stylejax.images.picture import unit_values
from stylejax.images.proof import soft_proof

PRESS = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")
real_profile = pytest.mark.skipif(not PRESS.exists(), reason=f"no CMYK profile at {PRESS} (Debian's libgs-common)")
IDENTITY = b"".join(struct.pack(">i", 65536 * one) for one in (1, 0, 0, 0, 1, 0, 0, 0, 1))


def table(inputs: int, outputs: int, of_corner) -> bytes:
    """An 8-bit table that is linear between the corners of its inputs."""
    corners = np.indices((2,) * inputs).reshape(inputs, -1).T
    values = b"".join(bytes(of_corner(*corner)) for corner in corners.tolist())
    ramp = bytes(range(256))
    return b"mft1" + bytes(4) + bytes([inputs, outputs, 2, 0]) + IDENTITY + ramp * inputs + values + ramp * outputs


def profile_of(tags: dict[bytes, bytes], space: bytes = b"CMYK") -> bytes:
    """An ICC version 2 profile of a printer."""
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    tags = {**tags, b"wtpt": white, b"cprt": b"text" + bytes(4) + b"made for a test\0"}
    index, data = b"", b""
    for name, content in tags.items():
        index += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    header = struct.pack(">8xI4s4s4s12x4s", 0x02400000, b"prtr", space, b"Lab ", b"acsp").ljust(68, b"\0")
    body = (header + white[8:]).ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + data
    return struct.pack(">I", len(body)) + body[4:]


LOOKS = table(4, 3, lambda c, m, y, k: (255 * (1 - k), 128, 128))  # only black ink shows, however much there is of others
MIXES = table(3, 4, lambda lightness, a, b: (0, 0, 0, 255 * (1 - lightness)))


@pytest.fixture
def black_ink(tmp_path) -> str:
    """The profile of a printer with only black ink, which prints only grays."""
    path = tmp_path / "black.icc"
    path.write_bytes(profile_of({b"A2B0": LOOKS, b"B2A0": MIXES}))
    return str(path)


def lightness(pixels: np.ndarray) -> np.ndarray:
    """L* of sRGB, 0 to 1."""
    linear = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2225, 0.7169, 0.0606]  # the middle row of sRGB's matrix to XYZ under D50
    return np.where(y > 0.008856, 1.16 * np.cbrt(y) - 0.16, 9.033 * y)


def test_a_printer_without_colors_prints_lightness(black_ink):
    colors = np.random.default_rng(0).random((8, 8, 3), np.float32)
    printed = unit_values(soft_proof(colors, black_ink))
    assert np.ptp(printed, axis=2).max() <= 2 / 255
    np.testing.assert_allclose(lightness(printed), lightness(colors), atol=0.02)
    ends = soft_proof(np.stack([np.zeros((1, 3)), np.ones((1, 3))]).astype(np.float32), black_ink)
    np.testing.assert_allclose(unit_values(ends)[:, 0], [[0, 0, 0], [1, 1, 1]], atol=1.5 / 255)


@pytest.mark.slow
def test_a_run_with_a_proof_equals_a_run_with_proofed_pictures(tiny_model, pictures, black_ink):
    content, style = pictures
    options = {"model": tiny_model, "size": 32, "smallest_size": 32, "octaves": 1, "iterations": 3}
    proofed = stylejax.stylize(content, style, proof=black_ink, **options)
    by_hand = stylejax.stylize(soft_proof(content, black_ink), soft_proof(style, black_ink), **options)
    np.testing.assert_array_equal(proofed.image, by_hand.image)
    plain = stylejax.stylize(content, style, **options)
    assert np.abs(proofed.image - plain.image).mean() > 0.05


def test_a_file_that_is_not_the_profile_of_a_printer_is_rejected(tmp_path, pictures):
    files = {
        "is not an ICC profile": b"\x89PNG not a profile",
        "is a profile for RGB colors": SRGB_PROFILE,
        "has no conversion from colors to inks": profile_of({b"A2B0": LOOKS}),
        "cannot be read": None,
    }
    for number, (words, content) in enumerate(files.items()):
        path = tmp_path / f"{number}.icc"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ImageError, match=f"{words}.*wanted the ICC profile of a CMYK printer") as error:
            soft_proof(pictures[0], path)
        assert str(path) in str(error.value) and "\n" not in str(error.value)


@real_profile
def test_a_real_profile_changes_only_colors_outside_its_gamut():
    blue, gray, white = np.array([[[0, 0, 1.0]]]), np.full((1, 1, 3), 0.5), np.ones((1, 1, 3))
    assert np.ptp(unit_values(soft_proof(blue.astype(np.float32), PRESS))) < 0.6
    np.testing.assert_allclose(unit_values(soft_proof(gray.astype(np.float32), PRESS)), gray, atol=0.03)
    np.testing.assert_allclose(unit_values(soft_proof(white.astype(np.float32), PRESS)), white, atol=0.01)


@real_profile
def test_a_cmyk_picture_is_read_through_a_real_profile(tmp_path):
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    cyan.save(tmp_path / "plain.tiff")
    cyan.save(tmp_path / "press.tiff", icc_profile=PRESS.read_bytes())
    by_formula, by_profile = (read_picture(tmp_path / name).pixels[0, 0] for name in ("plain.tiff", "press.tiff"))
    np.testing.assert_allclose(by_formula, [0, 1, 1], atol=0.01)
    np.testing.assert_allclose(by_profile, [0, 174 / 255, 239 / 255], atol=0.05)  # cyan ink on coated paper
