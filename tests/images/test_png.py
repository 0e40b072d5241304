"""All color types and depths of PNG, plain and interlaced, with and without a transparent color."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylejax.images.io.read import read_picture, to_picture

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
DEPTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GRAY_ALPHA: (8, 16), RGBA: (8, 16)}
KINDS = [(color, depth) for color, depths in DEPTHS.items() for depth in depths]
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
HEIGHT, WIDTH = 9, 13
COLORS = np.random.default_rng(3).integers(0, 256, (256, 3), dtype=np.uint8)


def png(samples: np.ndarray, depth: int, color: int, *, interlaced: bool = False, **chunks: bytes) -> bytes:
    """A PNG file of integers `[height, width, channels]`, written according to the specification, unfiltered."""

    def rows(part: np.ndarray) -> bytes:
        bits = np.unpackbits(part.astype(">u2")[..., np.newaxis].view(np.uint8), axis=-1)[..., 16 - depth :]
        lines = np.packbits(bits.reshape(len(part), -1), axis=1)
        return b"".join(b"\0" + line.tobytes() for line in lines)

    def chunk(kind: str, data: bytes) -> bytes:
        body = kind.encode() + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    parts = [samples[y::down, x::across] for y, x, down, across in ADAM7] if interlaced else [samples]
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, color, 0, 0, interlaced)
    between = b"".join(chunk(kind, data) for kind, data in chunks.items())
    data = zlib.compress(b"".join(rows(part) for part in parts if part.size))
    return b"\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + between + chunk("IDAT", data) + chunk("IEND", b"")


def samples_of(color: int, depth: int) -> np.ndarray:
    return np.random.default_rng(10 * color + depth).integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[color]))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("color", "depth"), KINDS)
def test_every_kind_is_read_with_all_bits(tmp_path: Path, color: int, depth: int, interlaced: bool):
    samples, path = samples_of(color, depth), tmp_path / "a.png"
    palette = {"PLTE": COLORS[: 2**depth].tobytes()} if color == PALETTE else {}
    path.write_bytes(png(samples, depth, color, interlaced=interlaced, **palette))
    picture = read_picture(path)
    unit = COLORS[samples[..., 0]] / 255 if color == PALETTE else samples / (2**depth - 1)
    colors = unit if color in (RGB, PALETTE) else unit[..., :3] if color == RGBA else unit[..., [0, 0, 0]]
    np.testing.assert_allclose(picture.pixels, colors, rtol=0, atol=1e-7)
    if color in (GRAY_ALPHA, RGBA):
        assert picture.alpha is not None
        np.testing.assert_allclose(picture.alpha, unit[..., -1], rtol=0, atol=1e-7)
    else:
        assert picture.alpha is None


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("color", "depth"), [kind for kind in KINDS if kind[0] in (GRAY, RGB)])
@pytest.mark.parametrize("unused", [0, 1])
def test_a_transparent_color_is_compared_with_all_bits(tmp_path: Path, color: int, depth: int, unused: int, interlaced: bool):
    """Colors that differ by one level, or only in the low byte, are opaque; bits beyond the depth are ignored."""
    samples, path = samples_of(color, depth), tmp_path / "a.png"
    key = samples[4, 5] | (depth == 16)
    samples[2], samples[3] = key, key ^ 1
    written = key | (unused << depth) if 1 < depth < 16 else key
    path.write_bytes(png(samples, depth, color, interlaced=interlaced, tRNS=struct.pack(f">{len(key)}H", *written.tolist())))
    picture = read_picture(path)
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, (samples != key).any(2))
    np.testing.assert_allclose(picture.pixels, np.broadcast_to(samples / (2**depth - 1), picture.pixels.shape), atol=1e-7)


@pytest.mark.parametrize("depth", DEPTHS[PALETTE])
@pytest.mark.parametrize("opacities", [b"\0", b"\xff\0", b"\x80\x01", bytes(range(40, 56))])
def test_a_palette_has_an_opacity_for_each_of_its_colors(tmp_path: Path, depth: int, opacities: bytes):
    samples, path = samples_of(PALETTE, depth), tmp_path / "a.png"
    opacities = opacities[: 2**depth]
    path.write_bytes(png(samples, depth, PALETTE, PLTE=COLORS[: 2**depth].tobytes(), tRNS=opacities))
    picture = read_picture(path)
    assert picture.alpha is not None
    every = np.array([*opacities, *[255] * (256 - len(opacities))])
    np.testing.assert_allclose(picture.alpha, every[samples[..., 0]] / 255, atol=1e-7)
    np.testing.assert_allclose(picture.pixels, COLORS[samples[..., 0]] / 255, atol=1e-7)


def test_a_16_bit_color_is_also_transparent_in_a_pillow_image(tmp_path: Path):
    """Pillow has only the high bytes."""
    samples = np.full((2, 3, 3), 0x1234)
    samples[1] = 0xABCD
    (tmp_path / "a.png").write_bytes(png(samples, 16, RGB, tRNS=struct.pack(">3H", *[0xABCD] * 3)))
    for load in (False, True):
        with Image.open(tmp_path / "a.png") as image:
            if load:
                image.load()
            picture = to_picture(image)
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, [[1] * 3, [0] * 3])
