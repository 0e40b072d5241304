"""Servers that mix versions of a file, never end, send next to nothing, or answer with nonsense."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from weights_server import Behavior, serving
from weights_sources import QUICK, assert_fetched, failure, oxford, torchvision

from stylejax.errors import WeightsError
from stylejax.weights.download import resume as download
from stylejax.weights.download.http import Retries
from stylejax.weights.fetch import fetch
from stylejax.weights.sources import WeightSource

pytestmark = pytest.mark.usefixtures("cache")

IMPATIENT = Retries(tries=2, pause=0.01, window=0.3)
DIGITS = ["²³", "1²", "9" * 5000, "9" * 400, "-5", "+5", "0x10", "1_0", "1e3", "", " ", "5, 6", "\xb9", "null"]


def changed(content: bytes) -> bytes:
    """Another version: of the same header and length, every value another."""
    data = 8 + int.from_bytes(content[:8], "little")
    return content[:data] + bytes(len(content) - data)


def unchecked(url: str) -> WeightSource:
    """A whole file without a checksum."""
    return WeightSource("vgg19", "", "oxford", "free", url)


@pytest.mark.parametrize("mark", ["ETag", "weak ETag", "Last-Modified"])
def test_a_server_that_ignores_if_range_brings_no_mixture(keras: bytes, cache: Path, mark: str) -> None:
    def marks(version: str) -> dict[str, str | None]:
        if mark == "ETag":
            return {"ETag": f'"{version}"'}
        date = f"Tue, 25 Nov 2025 00:00:0{version} GMT"
        return (
            {"ETag": None, "Last-Modified": date}
            if mark == "Last-Modified"
            else {"ETag": f'W/"{version}"', "Last-Modified": date}
        )

    behavior = Behavior(bytes(len(keras)), cut_after=[100_000, 0, 0], conditions=False, headers=marks("1"))
    with serving(behavior) as url:
        failure(unchecked(url))
        assert (cache / "vgg19.part").stat().st_size > 80_000
        behavior.content, behavior.headers = keras, marks("2")
        assert_fetched(fetch(unchecked(url), retries=QUICK), cache)
    assert behavior.requests[-1][0] is None


def test_a_part_is_not_gone_on_with_when_the_server_no_longer_says_of_what(keras: bytes, cache: Path) -> None:
    behavior = Behavior(bytes(len(keras)), cut_after=[100_000, 0, 0], conditions=False)
    with serving(behavior) as url:
        failure(unchecked(url))
        behavior.content, behavior.tag = keras, ""
        assert_fetched(fetch(unchecked(url), retries=QUICK), cache)


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("ranges", [True, False])
def test_the_header_and_the_data_of_a_large_file_are_of_one_version(
    timm: bytes,
    cache: Path,
    after: int,
    ranges: bool,
) -> None:
    old = Behavior(changed(timm), tag='"old"', ranges=ranges)
    old.later = [(old.content, old.tag)] * after + [(timm, '"new"')]
    with serving(old) as url:
        if after < 2:
            assert "changed while it was being fetched" in failure(torchvision(url))
        else:
            fetch(torchvision(url), retries=QUICK)
            (cache / "vgg19-torchvision.safetensors").unlink()
        assert_fetched(fetch(torchvision(url), retries=QUICK), cache, "vgg19-torchvision")


def test_a_large_file_of_which_no_version_is_told_is_refused(timm: bytes) -> None:
    with serving(Behavior(timm, tag="")) as url:
        assert "neither ETag nor Last-Modified" in failure(torchvision(url))


def test_the_mark_of_a_redirect_tells_versions_apart_where_the_file_has_none(timm: bytes, cache: Path) -> None:
    behavior = Behavior(changed(timm), tag="", linked='"old"', cut_after=[9, 100_000, 100_000, 0, 0])
    with serving(behavior) as url:
        failure(torchvision(url))
        assert (cache / "vgg19-torchvision.part").stat().st_size > 80_000
        behavior.content, behavior.linked = timm, '"new"'
        assert_fetched(fetch(torchvision(url), retries=QUICK), cache, "vgg19-torchvision")
        behavior.cut_after = [9, 100_000, 100_000]
        (cache / "vgg19-torchvision.safetensors").unlink()
        behavior.requests.clear()
        assert_fetched(fetch(torchvision(url), retries=QUICK), cache, "vgg19-torchvision")
    starts = [int((wanted or "bytes=0-")[6:].partition("-")[0]) for wanted, _ in behavior.requests]
    assert starts == sorted(starts)  # resumed
    assert len(set(starts)) == len(starts) == 4


def test_an_endless_body_ends_where_the_file_does(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, endless="bodies")
    with serving(behavior) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)
    assert behavior.sent < 200 * len(keras)  # what stood in buffers


def test_an_endless_body_of_unknown_size_ends_at_a_limit(
    keras: bytes,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download, "MAX_FILE_SIZE", 10**6)
    with serving(Behavior(keras, endless="bodies")) as url:
        assert "more than 1000000 bytes" in failure(unchecked(url))
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


def test_the_endless_body_of_a_redirect_is_not_read(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, redirects=1, endless="redirects")
    with serving(behavior) as url:
        assert_fetched(fetch(oxford(url, keras), retries=Retries(tries=1)), cache)


@pytest.mark.slow
def test_a_body_that_drips_is_given_up(keras: bytes, timm: bytes, cache: Path) -> None:
    begun = time.monotonic()
    with serving(Behavior(keras, drip=0.02)) as url, pytest.raises(WeightsError, match=r"came within 0\.3 seconds"):
        fetch(oxford(url, keras), retries=IMPATIENT)
    with serving(Behavior(timm, drip=0.1)) as url, pytest.raises(WeightsError, match=r"came within 0\.3 seconds"):
        fetch(torchvision(url), retries=IMPATIENT)
    assert time.monotonic() - begun < 10


def test_a_byte_a_request_is_given_up(keras: bytes) -> None:
    behavior = Behavior(keras, cut_after=[1] * 100)
    with serving(behavior) as url:
        assert "tried 3 times" in failure(oxford(url, keras))
    assert len(behavior.requests) == 3


@contextmanager
def raw_server(answer: bytes, *, drip: float = 0.0) -> Iterator[str]:
    """A server that reads a request and sends these bytes, whatever was asked; it closes, unless it drips."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(10_000)
                    connection.sendall(answer)
                    while drip and not over.wait(drip):
                        connection.sendall(b"x")
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/file"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_headers_that_drip_are_given_up() -> None:
    wanted = r"tried 2 times: 0 bytes came within 0\.3 seconds"
    with raw_server(b"HTTP/1.1 200 OK\r\nX: ", drip=0.05) as url, pytest.raises(WeightsError, match=wanted):
        fetch(unchecked(url), retries=IMPATIENT)


RAW = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "status ²": "HTTP/1.1 2²0 OK\r\n\r\n".encode("latin-1"),
    "status 999": b"HTTP/1.1 999 \x1b[31m\r\n\r\n",
    "no end of line": b"HTTP/1.1 200 OK" + b"x" * 100_000,
    "a thousand headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    "chunk sizes": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "206 without range": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc",
    "416 without range": b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
}


@pytest.mark.parametrize("answer", RAW.values(), ids=RAW)
def test_an_answer_that_is_no_http_is_one_line(answer: bytes) -> None:
    with raw_server(answer) as url:
        for source in (unchecked(url), torchvision(url)):
            assert failure(source).isprintable()


@pytest.mark.slow
@pytest.mark.parametrize("digits", DIGITS)
def test_a_number_that_is_none_is_one_line_or_passed_over(timm: bytes, digits: str) -> None:
    for header in (
        {"Content-Range": f"bytes {digits}-7/{len(timm)}"},
        {"Content-Range": f"bytes 0-7/{digits}"},
        {"Content-Range": digits},
        {"Content-Length": digits},
    ):
        with serving(Behavior(timm, headers=dict(header))) as url:
            try:
                path = fetch(torchvision(url), retries=QUICK)
            except WeightsError as error:
                assert str(error).isprintable()
            else:
                assert "Content-Length" in header
                path.unlink()


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1",
        "http://a..b/",
        f"http://{'a' * 300}/",
        "http://h:99999/",
        "http://%zz/",
        "http://ex ample/",
        "http://*.x/",
        "http:///",
        "//",
        "http://127.0.0.1:x/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://\x1b[31m/",
        "\xff\xfe",
    ],
)
def test_a_redirect_to_an_impossible_place_is_one_line(keras: bytes, location: str) -> None:
    with serving(Behavior(keras, redirects=99, location=location)) as url:
        assert failure(oxford(url, keras)).isprintable()


HEADERS = {
    "offsets as strings": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": ["0", "4"]}},
    "offsets as one string": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": "04"}},
    "offsets as floats": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0.0, 4.0]}},
    "offsets backwards": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
    "offsets below zero": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 4]}},
    "three offsets": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2, 4]}},
    "no offsets": {"features.0.weight": {"dtype": "F32", "shape": [1]}},
    "no entry": {"features.0.weight": 4},
    "a list": [1, 2],
    "a number": 7,
    "an enormous tensor": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 1 << 62]}},
    "an enormous gap": {"features.0.weight": {"dtype": "F32", "shape": [1], "data_offsets": [1 << 62, (1 << 62) + 4]}},
    "types that are none": {"features.0.weight": {"dtype": 7, "shape": "x", "data_offsets": [0, 4]}},
    "a gap": {
        name: {"dtype": "F32", "shape": [1], "data_offsets": [at, at + 4]}
        for name, at in (("features.a", 0), ("features.b", 9))
    },
}
TEXTS = {name: json.dumps(header).encode() for name, header in HEADERS.items()}
TEXTS |= {
    "nested": b'{"a":' * 100_000,
    "nested lists": b"[" * 100_000,
    "a number of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("ranges", [True, False])
def test_a_header_that_makes_no_sense_is_one_line(text: bytes, ranges: bool, cache: Path) -> None:
    content = len(text).to_bytes(8, "little") + text + bytes(13)
    with serving(Behavior(content, ranges=ranges)) as url:
        assert failure(torchvision(url)).isprintable()
    assert [file.name for file in cache.iterdir()] == ["vgg19-torchvision.lock"]


@pytest.mark.parametrize(
    "note", [b"", b"7", b"[1]", b"{}", b'{"version": 7}', b'{"version": [1, 2, "x"]}', b"\xff", b"[" * 100_000]
)
def test_a_damaged_note_beside_a_part_starts_anew(keras: bytes, cache: Path, note: bytes) -> None:
    behavior = Behavior(keras, cut_after=[100_000, 0, 0])
    with serving(behavior) as url:
        failure(oxford(url, keras))
        (cache / "vgg19.part.json").write_bytes(note)
        assert_fetched(fetch(oxford(url, keras)), cache)
    assert behavior.requests[-1][0] is None


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_missing_certificates_are_called_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "absent.pem"))
    reported = failure(unchecked("https://127.0.0.1:9/file"))
    assert f"correct or unset {variable}" in reported
    assert str(tmp_path / "absent.pem") in reported
    assert "make room" not in reported


def test_a_full_disk_is_called_so(keras: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("this system has no /dev/full")
    cache.mkdir(parents=True)
    (cache / "vgg19.part").symlink_to("/dev/full")
    with serving(Behavior(keras)) as url:
        assert "make room" in failure(oxford(url, keras))
