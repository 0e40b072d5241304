"""Unsupported files are identified, and the message contains a hint."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, features

from stylejax.errors import ImageError, StylejaxError
from stylejax.images.io.read import read_picture, read_shape

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
KNOWN = [
    (HEIC, "a HEIC picture", "heif-convert"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC picture", "JPEG"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw file", "darktable"),
    (b"\0\0\0\x18ftypisom\0\0\0\0isom", "a video", "frames"),
    (b"\xff\x0a\x12\x34", "a JPEG XL picture", "djxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture", "djxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture", "PNG"),
    (b"%PDF-1.7\n", "a PDF document", "pdftoppm"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript drawing", "PNG"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing", "PNG"),
    (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- by hand -->\n<svg/>", "an SVG drawing", "PNG"),
    (b"<!DOCTYPE html><title>404</title>", "a web page", "browser"),
    (b"\n  <HTML lang='en'>", "a web page", "browser"),
    (b"8BPS\0\1", "a Photoshop document", "PNG"),
    (b"FUJIFILMCCD-RAW 0201", "a camera's raw file", "RawTherapee"),
    (b"IIU\0\x18\0\0\0", "a camera's raw file", "RawTherapee"),
    (b"PK\3\4\x14\0", "a ZIP archive or a document", "take the picture out"),
    (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer", "git lfs pull"),
]


@pytest.mark.parametrize(("beginning", "name", "way"), KNOWN)
@pytest.mark.parametrize("read", [read_picture, read_shape])
def test_an_unsupported_format_is_named_with_a_hint(tmp_path: Path, read, beginning: bytes, name: str, way: str):
    (tmp_path / "photo.jpg").write_bytes(beginning + bytes(300))  # whatever it is called
    with pytest.raises(ImageError) as caught:
        read(tmp_path / "photo.jpg")
    assert f"photo.jpg is {name}" in (text := str(caught.value)) and way in text and "\n" not in text


def test_avif_is_named_if_pillow_has_no_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(300))
    with pytest.raises(ImageError, match=r"is not a picture|truncated or damaged"):
        read_picture(tmp_path / "a.avif")
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(ImageError, match="is AVIF, for which this build of Pillow has no decoder"):
        read_picture(tmp_path / "a.avif")


@pytest.mark.parametrize("read", [read_picture, read_shape])
def test_a_raw_file_is_not_read_as_its_preview(tmp_path: Path, read):
    """Such files begin like TIFF, with a preview of about 160 pixels."""
    preview = np.zeros((8, 12, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.NEF", preview, photometric="rgb")
    tifffile.imwrite(tmp_path / "dng.tif", preview, photometric="rgb", extratags=[(50706, "B", 4, b"\1\4\0\0", True)])
    with tifffile.TiffWriter(tmp_path / "preview.tif") as tiff:
        tiff.write(preview, photometric="rgb", subfiletype=1, subifds=1)
        tiff.write(np.zeros((80, 120), np.uint16), photometric="minisblack")
    for name in ("a.NEF", "dng.tif", "preview.tif"):
        with pytest.raises(ImageError, match=f"{name} is a camera's raw file.*darktable"):
            read(tmp_path / name)
    with tifffile.TiffWriter(tmp_path / "pyramid.tif") as tiff:  # the whole picture first, smaller ones below it
        tiff.write(preview, photometric="rgb", subifds=1)
        tiff.write(preview[::2, ::2], photometric="rgb", subfiletype=1)
    assert read_shape(tmp_path / "pyramid.tif") == (8, 12)


@pytest.mark.parametrize("as_path", [False, True])
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/town.jpg?width=9", "https://example.org/town.jpg?width=9 .* no web address: download the file"),
        ("http://example.org/town.jpg", "download the file"),
        ("file:///home/me/town.jpg", "file:///home/me/town.jpg .* give the path itself"),
        ("gopher://example.org/town.jpg", "gopher://example.org/town.jpg has the scheme 'gopher'; wanted a local path"),
    ],
)
def test_a_web_address_is_rejected_with_a_hint(url: str, expected: str, as_path: bool):
    """The command line converts arguments to paths, which removes one of the slashes."""
    with pytest.raises(StylejaxError, match=expected.replace("?", r"\?")):
        read_picture(Path(url) if as_path else url)


def test_a_folder_named_like_a_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "https:").mkdir()
    Image.new("RGB", (3, 2)).save(tmp_path / "https:" / "a.png")
    assert read_shape(Path("https:/a.png")) == (2, 3)


def test_buckets_are_read_by_path_too():
    import fsspec

    with fsspec.filesystem("memory").open("/pictures/a.bmp", "wb") as file:
        Image.new("RGB", (3, 2)).save(file, "BMP")
    for place in ("memory://pictures/a.bmp", Path("memory://pictures/a.bmp")):
        assert read_picture(place).pixels.shape == (2, 3, 3)
