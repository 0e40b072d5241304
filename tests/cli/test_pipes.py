"""The result without a name, and pictures through pipes."""

import json
import os
import pty
import re
import subprocess
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from objectives import SHALLOW_FLAGS
from PIL import Image
from processes import PROGRAM

from stylejax.cli.default_output import claimed_place, free_place, places_beside
from stylejax.errors import ImageError
from stylejax.images.io import stream
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights

FAST = ["--model", "tiny.safetensors", "--size", "32", "--smallest-size", "32", "--iterations", "2", *SHALLOW_FLAGS]


@pytest.fixture
def folder(tmp_path, monkeypatch, pictures, tiny_weights) -> Path:
    """The current folder, with two pictures and a network."""
    (tmp_path / "photos").mkdir()
    write_picture(tmp_path / "photos" / "town.png", pictures[0])
    write_picture(tmp_path / "wave.png", pictures[1])
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder, run):
    """Runs the command in the folder."""
    return run


@pytest.mark.slow
def test_a_result_without_a_name_is_beside_the_content_and_replaces_nothing(run, folder):
    first, second = Path("photos/town-wave.png"), Path("photos/town-wave-2.webp")
    code, out, _ = run("stylize", "photos/town.png", "wave.png", *FAST)
    assert code == 0
    assert out.splitlines()[-1].startswith(f"the picture is in {first}  32×24  ")
    before = first.read_bytes()
    Path("photos/town-wave.webp").symlink_to("nowhere.webp")  # a link to nothing is not free, either
    code, out, _ = run("stylize", "photos/town.png", "wave.png", *FAST, "--format", "webp", "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["output"] == str(second)
    assert Image.open(second).format == "WEBP"
    assert first.read_bytes() == before and not Path("photos/nowhere.webp").exists()
    assert sorted(path.name for path in Path("photos").iterdir()) == [
        "town-wave-2.webp",
        "town-wave.png",
        "town-wave.webp",
        "town.png",
    ]


def test_a_result_that_fails_leaves_no_empty_file(run, folder):
    assert run("stylize", "photos/town.png", "nowhere.png", *FAST)[0] == 2
    assert [path.name for path in Path("photos").iterdir()] == ["town.png"]


@pytest.mark.parametrize("stem", ["a" * 250, "ö" * 125, "a" * 199 + "ö" * 25, "-", "50%", "x.y", os.fsdecode(b"\xff" * 100)])
def test_a_free_name_can_be_written_whatever_the_names_are(tmp_path, stem):
    places = [claimed_place(places_beside(tmp_path / f"{stem}.jpg", [Path(f"{stem}.png")], ".png")) for _ in range(3)]
    assert len(set(places)) == 3
    assert all(place.is_file() and place.parent == tmp_path for place in places)
    for place in places:
        place.name.encode()  # whole characters
    assert free_place(places_beside(tmp_path / f"{stem}.jpg", [Path(f"{stem}.png")], ".png")) not in places


def pipe(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*PROGRAM, *arguments], input=given, capture_output=True, timeout=240)


@pytest.mark.slow
def test_a_picture_is_read_from_a_pipe_and_written_to_one(run, folder):
    content = Path("photos/town.png").read_bytes()
    result = pipe("stylize", "-", "wave.png", *FAST, "-o", "-", "--report", "page.html", given=content)
    assert result.returncode == 0, result.stderr
    assert b"the picture is on standard output" in result.stderr
    Path("piped.png").write_bytes(result.stdout)  # nothing but the picture
    assert run("stylize", "photos/town.png", "wave.png", *FAST, "-o", "named.png", "--quiet") == (0, "", "")
    assert np.array_equal(read_picture("piped.png").pixels, read_picture("named.png").pixels)
    record, named = read_metadata("piped.png"), read_metadata("named.png")
    assert record == {**(named or {}), "content": "standard input"}
    page = re.sub(r"</?span>", "", Path("page.html").read_text())
    assert "stylejax stylize - wave.png -o - " in page


@pytest.mark.slow
def test_a_style_comes_through_a_pipe_in_a_format_of_ones_own(folder):
    arguments = ["stylize", "photos/town.png", "-", *FAST, "-o", "-", "--format", "tiff", "--bits", "16", "--quiet"]
    result = pipe(*arguments, given=Path("wave.png").read_bytes())
    assert (result.returncode, result.stderr) == (0, b"")
    Path("piped.tiff").write_bytes(result.stdout)
    assert read_picture("piped.tiff").pixels.shape == (24, 32, 3)
    assert result.stdout[:2] in (b"II", b"MM")


BAD = {
    "two pictures": (["-", "-", "-o", "a.png"], "got - for 2 pictures"),
    "two styles": (["photos/town.png", "-", "-", "-o", "a.png"], "got - for 2 pictures"),
    "no name": (["-", "wave.png"], "standard input has no name"),
    "no name by a style": (["photos/town.png", "-"], "standard input has no name"),
    "JSON": (["photos/town.png", "wave.png", "-o", "-", "--json"], "standard output cannot take picture and JSON lines"),
    "in between": (["photos/town.png", "wave.png", "-o", "-", "--save-every", "1"], "save_every saves beside the output"),
    "two formats": (["photos/town.png", "wave.png", "-o", "a.png", "--format", "webp"], "a.png names its own"),
    "too deep": (["photos/town.png", "wave.png", "-o", "-", "--format", "jpg", "--bits", "16"], "JPEG holds 8"),
    "checkpoint": (["photos/town.png", "wave.png", "--checkpoint", "state"], "got checkpoint but no output"),
    "elsewhere": (["memory://town.png", "wave.png"], "is not on this machine"),
    "nothing": (["-", "wave.png", "-o", "a.png"], "standard input is empty"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_piped_is_one_line(folder, name):
    arguments, line = BAD[name]
    before = sorted(folder.rglob("*"))
    result = pipe("stylize", *arguments, *FAST, given=b"")
    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (2, b"", 1), result.stderr
    assert line in result.stderr.decode()
    assert sorted(folder.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-", "wave.png", "-o", "a.png"], "standard input is a terminal"),
        (["photos/town.png", "wave.png", "-o", "-"], "standard output is a terminal"),
    ],
)
def test_a_terminal_neither_gives_nor_takes_a_picture(folder, arguments, line):
    ours, terminal = pty.openpty()
    try:
        run = [*PROGRAM, "stylize", *arguments, *FAST]
        result = subprocess.run(run, stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, text=True, timeout=60)
    finally:
        os.close(ours)
        os.close(terminal)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert line in result.stderr


@pytest.mark.slow
def test_a_closed_pipe_is_reported_in_one_line(folder):
    reading, writing = os.pipe()
    os.close(reading)
    run = [*PROGRAM, "stylize", "photos/town.png", "wave.png", *FAST, "-o", "-", "--quiet"]
    result = subprocess.run(run, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=240)
    os.close(writing)
    lost = "stylejax: standard output did not take the picture: Broken pipe; it is lost\n"
    assert (result.returncode, result.stderr) == (2, lost)


def bomb() -> bytes:
    """A small PNG that claims more pixels than are read."""
    data = BytesIO()
    Image.new("1", (1, 1)).save(data, "PNG")
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x01\x00\x00\x00\x00"
    return data.getvalue()[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data.getvalue()[33:]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "the pipe is empty"),
        (b"words", "the pipe is not a picture"),
        (b"GIF89a", "the pipe is"),
        (bomb(), "the pipe .* pixels"),
        (bytes(3000), "the pipe has more than 2,000 bytes"),
    ],
)
def test_a_pipe_is_read_within_the_limits_of_files(monkeypatch, data, expected):
    monkeypatch.setattr(stream, "LIMIT", 2000)
    with pytest.raises(ImageError, match=expected):
        stream.read_stream(BytesIO(data), "the pipe")


def test_an_endless_pipe_is_read_no_further_than_the_limit(monkeypatch):
    class Endless:
        read_so_far = 0

        def read(self, size: int) -> bytes:
            self.read_so_far += size
            return bytes(size)

    monkeypatch.setattr(stream, "LIMIT", 10**6)
    endless = Endless()
    with pytest.raises(ImageError, match="more than 1,000,000 bytes"):
        stream.read_stream(endless, "the pipe")  # pyright: ignore[reportArgumentType]
    assert endless.read_so_far < 3 * 10**6
