"""Fetching from a real HTTP server on this machine that cuts, lies, redirects and fails."""

import hashlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import restore_signals
from weights_files import random_arrays
from weights_server import Behavior, serving
from weights_sources import QUICK, WIDE, assert_fetched, failure, oxford, torchvision

from stylejax.cli.weights import fetch_weights
from stylejax.errors import WeightsError
from stylejax.weights.fetch import fetch
from stylejax.weights.sources import SOURCES, VGG19_SLIM, WeightSource, resolve
from stylejax.weights.weight_set import read_weights

pytestmark = pytest.mark.usefixtures("cache")


def test_a_set_is_fetched_converted_and_then_found_without_the_network(keras: bytes, cache: Path) -> None:
    behavior, received = Behavior(keras), []
    with serving(behavior) as url:
        path = fetch(oxford(url, keras), on_progress=lambda done, total: received.append((done, total)))
        assert received[-1] == (len(keras), len(keras))
        assert received == sorted(received)
        assert_fetched(path, cache)
        fetch(oxford(url, keras))
    assert len(behavior.requests) == 1
    assert resolve("vgg19") == path
    assert read_weights(path).provenance["source"] == url


def test_a_cut_connection_is_resumed_where_it_broke(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, cut_after=[100_000, 100_000])
    with serving(behavior) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)
    starts = [int(wanted[6:-1]) if wanted else 0 for wanted, _ in behavior.requests]
    assert len(starts) == 3
    assert starts[0] == 0 < 80_000 < starts[1] < starts[2]
    assert behavior.requests[1][1] == '"one"'
    assert behavior.sent < len(keras) + 100_000


def test_more_cuts_than_tries_are_survived_as_long_as_bytes_arrive(keras: bytes, cache: Path) -> None:
    with serving(Behavior(keras, cut_after=[60_000] * 6)) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)


def test_a_server_without_ranges_starts_anew(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, cut_after=[100_000], ranges=False)
    with serving(behavior) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)
    assert len(behavior.requests) == 2


def test_a_server_that_always_cuts_at_the_same_place_is_given_up(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, cut_after=[100_000] * 20, ranges=False)
    with serving(behavior) as url:
        assert "tried 3 times" in failure(oxford(url, keras))
    assert len(behavior.requests) <= 4
    assert (cache / "vgg19.part").exists()


def test_a_later_fetch_goes_on_with_the_part(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, cut_after=[100_000, 0, 0])
    with serving(behavior) as url:
        failure(oxford(url, keras))
        kept = (cache / "vgg19.part").stat().st_size
        assert 80_000 < kept < len(keras)
        assert_fetched(fetch(oxford(url, keras)), cache)
    assert behavior.requests[-1][0] == f"bytes={kept}-"


def test_a_complete_part_is_not_fetched_again(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, cut_after=[100_000, 0, 0])
    with serving(behavior) as url:
        failure(oxford(url, keras))
        (cache / "vgg19.part").write_bytes(keras)
        assert_fetched(fetch(oxford(url, keras)), cache)
    assert behavior.requests[-1][0] == f"bytes={len(keras)}-"


def test_a_file_that_changed_since_the_cut_comes_whole(keras: bytes, cache: Path) -> None:
    behavior = Behavior(b"x" * len(keras), cut_after=[100_000, 0, 0], tag='"old"')
    with serving(behavior) as url:
        failure(oxford(url, keras))
        behavior.content, behavior.tag = keras, '"new"'
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)
    assert behavior.requests[-1][1] == '"old"'


def test_resuming_works_without_a_validator_when_a_checksum_will_tell(keras: bytes, cache: Path) -> None:
    behavior = Behavior(keras, cut_after=[100_000], tag="")
    with serving(behavior) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)
    assert behavior.requests[1][0] is not None


def test_a_wrong_file_of_the_right_length_is_deleted(keras: bytes, cache: Path) -> None:
    wrong = bytes([keras[0] ^ 1]) + keras[1:]
    with serving(Behavior(wrong)) as url:
        reported = failure(oxford(url, keras))
    assert hashlib.md5(wrong).hexdigest() in reported
    assert hashlib.md5(keras).hexdigest() in reported
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


def test_a_file_of_another_length_is_refused_before_it_is_taken(keras: bytes, cache: Path) -> None:
    behavior = Behavior(b"<html>sign in</html>" * 1000)
    with serving(behavior) as url:
        assert f"not {len(keras)}" in failure(oxford(url, keras))
    assert [file.name for file in cache.iterdir()] == ["vgg19.lock"]


@pytest.mark.parametrize("lie", [-1000, 1000])
def test_a_wrong_content_length_is_an_error(keras: bytes, cache: Path, lie: int) -> None:
    with serving(Behavior(keras, length=len(keras) + lie)) as url:
        assert "not the published file" in failure(oxford(url, keras))
        unchecked = WeightSource("vgg19", "", "oxford", "free", url)
        failure(unchecked)
    assert not (cache / "vgg19.safetensors").exists()


def test_redirects_are_followed(keras: bytes, cache: Path) -> None:
    with serving(Behavior(keras, redirects=1, cut_after=[100_000])) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)


def test_an_endless_redirect_is_an_error(keras: bytes) -> None:
    with serving(Behavior(keras, redirects=1000)) as url:
        assert "redirect" in failure(oxford(url, keras))


def test_a_missing_file_is_told_at_once(keras: bytes) -> None:
    behavior = Behavior(keras, statuses=[404])
    with serving(behavior) as url:
        reported = failure(oxford(url, keras))
    assert f"{url} answers 404" in reported
    assert "stylejax weights convert" in reported
    assert len(behavior.requests) == 1


def test_a_server_error_is_tried_again(keras: bytes, cache: Path) -> None:
    with serving(Behavior(keras, statuses=[500, 503])) as url:
        assert_fetched(fetch(oxford(url, keras), retries=QUICK), cache)


def test_a_server_that_stays_out_of_order_is_given_up(keras: bytes) -> None:
    with serving(Behavior(keras, statuses=[500] * 9)) as url:
        assert "the server answers 500" in failure(oxford(url, keras))


def test_no_server_at_all_is_one_line(keras: bytes) -> None:
    with serving(Behavior(keras)) as url:
        pass
    assert "check the network" in failure(oxford(url, keras))


def test_a_damaged_file_in_the_cache_is_fetched_again(keras: bytes, cache: Path) -> None:
    with serving(Behavior(keras)) as url:
        path = fetch(oxford(url, keras))
        path.write_bytes(path.read_bytes()[:5000])
        lines: list[str] = []
        assert_fetched(fetch(oxford(url, keras), on_message=lines.append), cache)
    assert "fetching again" in lines[0]


def test_the_file_that_keras_downloaded_is_used(keras: bytes, cache: Path, tmp_path: Path) -> None:
    own = tmp_path / "home" / ".keras" / "models" / "vgg19_notop.h5"
    own.parent.mkdir(parents=True)
    own.write_bytes(keras)
    behavior = Behavior(keras)
    with serving(behavior) as url:
        assert_fetched(fetch(oxford(url, keras)), cache)
    assert behavior.requests == []
    assert own.read_bytes() == keras


def test_a_damaged_file_of_keras_is_left_alone(keras: bytes, cache: Path, tmp_path: Path) -> None:
    own = tmp_path / "home" / ".keras" / "models" / "vgg19_notop.h5"
    own.parent.mkdir(parents=True)
    own.write_bytes(keras[:1000])
    with serving(Behavior(keras)) as url:
        assert_fetched(fetch(oxford(url, keras)), cache)
    assert own.read_bytes() == keras[:1000]


def test_of_a_large_file_only_the_convolutions_are_fetched(timm: bytes, cache: Path) -> None:
    behavior = Behavior(timm, cut_after=[8, 100, 5000, 100_000])
    with serving(behavior) as url:
        path = fetch(torchvision(url), retries=QUICK)
        assert_fetched(path, cache, "vgg19-torchvision")
    assert read_weights(path).preprocessing.name == "torchvision"
    features = sum(array.nbytes for array in random_arrays(WIDE).values())
    assert len(behavior.requests) == 5
    assert behavior.sent < features + 30_000 < len(timm) / 2


def test_a_large_file_comes_even_from_a_server_without_ranges(timm: bytes, cache: Path) -> None:
    with serving(Behavior(timm, ranges=False)) as url:
        assert_fetched(fetch(torchvision(url), retries=QUICK), cache, "vgg19-torchvision")


def test_a_large_file_that_changed_since_the_cut_comes_whole(timm: bytes, cache: Path) -> None:
    data = 8 + int.from_bytes(timm[:8], "little")
    old = timm[:data] + bytes(len(timm) - data)
    behavior = Behavior(old, tag='"old"')
    with serving(behavior) as url:
        behavior.cut_after = [9, 100_000, 100_000, 0, 0]
        failure(torchvision(url))
        behavior.content, behavior.tag, behavior.cut_after = timm, '"new"', []
        assert_fetched(fetch(torchvision(url), retries=QUICK), cache, "vgg19-torchvision")


@pytest.mark.parametrize("content", [b"<html>" * 100, b"\x10" + bytes(7) + b"{not json}......", b"\x02" + bytes(7) + b"{}"])
def test_a_large_file_of_another_format_is_refused(content: bytes, cache: Path) -> None:
    with serving(Behavior(content)) as url:
        assert "not a safetensors file" in failure(torchvision(url))
    assert [file.name for file in cache.iterdir()] == ["vgg19-torchvision.lock"]


def test_a_large_file_with_bytes_missing_is_refused(timm: bytes) -> None:
    with serving(Behavior(timm[:-10])) as url:
        assert "it is damaged" in failure(torchvision(url))


SCRIPT = """
import sys
from stylejax.cli import weights
from stylejax.weights import sources
sources.SOURCES["vgg19"] = sources.WeightSource("vgg19", "", "oxford", "free", sys.argv[1], int(sys.argv[2]), sys.argv[3])
print("ready", flush=True)
weights.fetch_weights("vgg19")
"""


@pytest.fixture
def fetching(started: Callable[..., subprocess.Popen[str]]) -> Callable[[str, bytes], subprocess.Popen[str]]:
    """Starts a fetch in a process of its own."""

    def start(url: str, content: bytes) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SCRIPT, url, str(len(content)), hashlib.md5(content).hexdigest()]
        return started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=restore_signals)

    return start


def wait_until(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_two_at_once_download_once(keras: bytes, cache: Path, fetching) -> None:
    gate = threading.Event()
    behavior = Behavior(keras, slow=gate)
    with serving(behavior) as url:
        first = threading.Thread(target=fetch, args=(oxford(url, keras),), daemon=True)
        first.start()
        wait_until(lambda: behavior.requests)
        second = fetching(url, keras)
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
        gate.set()
        _, errors = second.communicate(timeout=30)
        first.join(timeout=30)
    assert second.returncode == 0, errors
    assert "already" in errors
    assert len(behavior.requests) == 1
    assert_fetched(cache / "vgg19.safetensors", cache)


@pytest.mark.slow
def test_ctrl_c_keeps_the_part_and_the_next_run_goes_on(keras: bytes, cache: Path, fetching) -> None:
    gate = threading.Event()
    behavior = Behavior(keras, slow=gate)
    with serving(behavior) as url:
        process = fetching(url, keras)
        part = cache / "vgg19.part"
        wait_until(lambda: part.exists() and part.stat().st_size > 100_000)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "the same command resumes" in errors
        assert "Traceback" not in errors
        kept = part.stat().st_size
        assert not (cache / "vgg19.safetensors").exists()
        behavior.slow = None
        gate.set()
        fetch(oxford(url, keras))
    assert behavior.requests[-1] == (f"bytes={kept}-", '"one"')
    assert_fetched(cache / "vgg19.safetensors", cache)


def test_progress_is_plain_lines_away_from_a_terminal(
    keras: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Behavior(keras)) as url:
        monkeypatch.setitem(SOURCES, "vgg19", oxford(url, keras))
        fetch_weights("vgg19")
    reported = capsys.readouterr()
    assert 3 < reported.err.count("vgg19: ") <= 11
    assert "\x1b" not in reported.err + reported.out
    assert "vgg19.safetensors" in reported.out


def test_an_unwritable_cache_is_one_line(keras: bytes, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with serving(Behavior(keras)) as url, pytest.raises(Exception, match="set STYLEJAX_CACHE"):
        fetch(oxford(url, keras))


def test_the_embedded_set_is_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylejax.weights.sources.packaged_path", lambda: tmp_path / "absent.safetensors")
    with pytest.raises(WeightsError, match="install stylejax again"):
        fetch(VGG19_SLIM)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(WeightsError, match="did you mean 'vgg19'"):
        fetch("vgg91")
