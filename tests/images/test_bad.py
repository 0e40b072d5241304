"""Every problem with a picture is an ImageError with a message of one line."""

import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from places import ROOT

from stylejax.errors import ImageError
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.open_image import PIXEL_LIMIT
from stylejax.images.io.read import read_picture, to_picture
from stylejax.images.io.write import write_picture

SUFFIXES = ("png", "jpg", "webp", "tif", "avif")
NOISE = np.random.default_rng(0).random((40, 56, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One picture in every format, and with 16 bits."""
    folder = tmp_path_factory.mktemp("whole")
    for suffix in SUFFIXES:
        write_picture(folder / f"8.{suffix}", NOISE, metadata={"seed": 0})
    for suffix in ("png", "tif"):
        write_picture(folder / f"16.{suffix}", NOISE, bits=16)
    tifffile.imwrite(folder / "float.tif", NOISE, photometric="rgb")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def message(path: Path | str) -> str:
    """The message of the error that reading this file raises."""
    with pytest.raises(ImageError) as caught:
        read_picture(path)
    text = str(caught.value)
    assert "\n" not in text and str(path) in text
    return text


def test_missing_file(tmp_path: Path):
    assert "does not exist" in message(tmp_path / "nowhere.png")
    assert "does not exist" in message(tmp_path / "no" / "folder.png")


def test_a_folder(tmp_path: Path):
    assert "is a folder; wanted a picture" in message(tmp_path)


def test_a_file_in_place_of_a_folder(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"x")
    assert "picture.png" in message(tmp_path / "file" / "picture.png")


def test_names_that_no_file_system_allows():
    assert "cannot be read" in message("n" * 300 + ".png")
    assert "nul" in message("nul\0.png")


def test_an_empty_file(tmp_path: Path):
    (tmp_path / "empty.jpg").touch()
    assert "is empty" in message(tmp_path / "empty.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes as POSIX has them")
def test_a_pipe_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "device or a pipe" in message(tmp_path / "pipe.png")


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_a_file_without_permission():
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "closed.png"
        path.write_bytes(b"x")
        path.chmod(0)
        Path(name).chmod(0o755)
        root = os.geteuid() == 0  # root may read anything
        if root:
            os.seteuid(65534)
        try:
            assert "Permission denied" in message(path)
        finally:
            if root:
                os.seteuid(0)


@pytest.mark.parametrize("content", [b"hello, I am a text", b"<!-- nothing -->", bytes(5000), b"\xff" * 9])
def test_a_file_that_is_not_a_picture(tmp_path: Path, content: bytes):
    (tmp_path / "a.png").write_bytes(content)
    assert "is not a picture" in message(tmp_path / "a.png")


@pytest.mark.parametrize("name", [*(f"8.{suffix}" for suffix in SUFFIXES), "16.png", "16.tif", "float.tif"])
def test_truncated_files(tmp_path: Path, files: dict[str, bytes], name: str, capfd: pytest.CaptureFixture[str]):
    whole = files[name]
    for share in (0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97):
        (tmp_path / name).write_bytes(whole[: max(1, int(len(whole) * share))])
        assert "is not a picture" in (text := message(tmp_path / name)) or "truncated or damaged" in text
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@given(st.data())
@settings(max_examples=120)
def test_damaged_files_are_read_or_rejected(files: dict[str, bytes], data: st.DataObject):
    """Flipped bytes give a picture or ImageError, never another exception."""
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 8))):
        near = data.draw(st.sampled_from((64, 1000, len(content))))
        content[data.draw(st.integers(0, min(near, len(content)) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        for read in (read_picture, read_metadata):
            try:
                read(path)
            except ImageError as problem:
                assert "\n" not in str(problem)


@pytest.mark.slow
def test_programs_can_silence_the_decoders(tmp_path: Path, files: dict[str, bytes]):
    (tmp_path / "a.tif").write_bytes(files["float.tif"][:120])
    program = (
        "from stylejax.errors import ImageError\n"
        "from stylejax.images.io.read import read_picture, silence_decoders\n"
        "silence_decoders()\n"
        "try: read_picture('a.tif')\n"
        "except ImageError as problem: print(problem)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("a.tif is ") and done.stdout.count("\n") == 1


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("limit", [Image.MAX_IMAGE_PIXELS, None])
@pytest.mark.parametrize("size", [(60_000, 60_000), (2_000_000, 200), (PIXEL_LIMIT // 1000 + 1, 1000)])
def test_a_decompression_bomb_is_rejected_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int | None, size: tuple[int, int]
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    (tmp_path / "bomb.png").write_bytes(png_header(*size))
    text = message(tmp_path / "bomb.png")
    assert str(PIXEL_LIMIT) in text.replace(",", "") and "make it smaller" in text


def test_a_floating_point_bomb_is_rejected_by_its_header(tmp_path: Path):
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, NOISE, photometric="rgb", rowsperstrip=40)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages.first.tags["ImageWidth"].overwrite(60_000)
        tiff.pages.first.tags["ImageLength"].overwrite(60_000)
    assert "has 60000x60000 pixels; wanted at most" in message(path)


def test_floating_point_pictures_with_nan_are_rejected(tmp_path: Path):
    holed = NOISE.copy()
    holed[3, 4] = np.nan
    tifffile.imwrite(tmp_path / "rgb.tif", holed, photometric="rgb")
    tifffile.imwrite(tmp_path / "gray.tif", holed[..., 0], photometric="minisblack")
    for name in ("rgb.tif", "gray.tif"):
        assert "NaN" in message(tmp_path / name)


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.zeros((3, 40, 50)), r"shape \(3, 40, 50\).*channels last with array.transpose\(1, 2, 0\)"),
        (np.zeros((2, 40, 50, 3)), "a batch.*one by one"),
        (np.zeros(7), r"shape \(7,\); wanted \[height, width\]"),
        (np.zeros((5, 6, 2)), r"shape \(5, 6, 2\); wanted .* 1, 3 or 4 channels"),
        (np.zeros((0, 6, 3)), "which has no pixels"),
        (np.full((5, 6, 3), 200.0), "values from 200 to 200.*divide it by 255"),
        (np.full((5, 6, 3), -0.5), r"values from -0.5 to -0.5; .* in \[0, 1\]"),
        (np.full((5, 6, 3), np.nan), "NaN"),
        (np.full((5, 6, 3), np.inf), "infinite"),
        (np.zeros((5, 6, 3), np.int64), "dtype int64; wanted uint8, uint16"),
        (np.zeros((5, 6, 3), bool), "dtype bool"),
        (np.zeros((5, 6, 3), complex), "dtype complex128"),
    ],
)
def test_arrays_that_are_not_pictures(array: np.ndarray, wanted: str):
    with pytest.raises(ImageError, match=wanted):
        to_picture(array)


@pytest.mark.parametrize("thing", [None, 3, [[1, 2], [3, 4]], {"a": 1}])
def test_objects_that_are_not_pictures(thing: object):
    with pytest.raises(ImageError, match=f"cannot use a {type(thing).__name__} as a picture"):
        to_picture(thing)


def test_a_pillow_image_whose_file_is_truncated(tmp_path: Path, files: dict[str, bytes]):
    (tmp_path / "a.jpg").write_bytes(files["8.jpg"][:2000])
    with Image.open(tmp_path / "a.jpg") as image, pytest.raises(ImageError, match=r"a\.jpg cannot be decoded"):
        to_picture(image)
