"""The server of the live page: who may look, who may act, what the stream contains, how runs end."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import requests
from objectives import SHALLOW_FLAGS, SHALLOW_GRAMS
from PIL import Image
from processes import PROGRAM, STEPWISE, interruptible_process, rest_of_output

import stylejax
import stylejax.preview.connections as connections
from stylejax.cli.main import main
from stylejax.images.io.metadata import KEY
from stylejax.images.io.read import read_picture, to_picture
from stylejax.images.io.write import write_picture
from stylejax.preview.live import MAX_TILES, Live
from stylejax.preview.server import Server
from stylejax.preview.site import live_site
from stylejax.run.progress import Clock
from stylejax.run.result import StylizeInterrupted
from stylejax.weights.weight_set import write_weights

FAST = {**SHALLOW_GRAMS, "restart": False, "size": 48, "smallest_size": 24, "iterations": 12}
"""Paints pictures smooth enough for a JPEG to be near them."""
ENDS = ("finished", "stopped", "failed")


@pytest.fixture
def live(pictures) -> Live:
    content, style = (to_picture(picture) for picture in pictures)
    return Live("content in the style of style", content, [style], {"program": "stylejax"})


@contextmanager
def served(live: Live, **options) -> Iterator[Server]:
    server = Server(live_site(live), **options)
    try:
        yield server
    finally:
        server.close()


def visit(url: str) -> tuple[requests.Session, str]:
    """A visitor who has opened the address, token and all, and the address without it."""
    visitor = requests.Session()
    visitor.headers["Origin"] = url.partition("/?")[0]
    return visitor, visitor.get(url, timeout=10).url


def get(url: str, path: str, **options) -> requests.Response:
    visitor, address = visit(url)
    return visitor.get(f"{address}{path}", **({"timeout": 10} | options))


def press(url: str, button: str, **headers: str | None) -> int:
    visitor, address = visit(url)
    return visitor.post(f"{address}{button}", headers=headers, timeout=10).status_code


@contextmanager
def watched(url: str) -> Iterator[Iterator[dict]]:
    """The states that the stream sends."""
    with closing(get(url, "events", stream=True, timeout=30)) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines(chunk_size=1)
        yield (json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def until(states: Iterator[dict], *statuses: str) -> list[dict]:
    seen = []
    for state in states:
        seen.append(state)
        if state["status"] in statuses:
            break
    return seen


def in_thread(work, *arguments) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


@pytest.mark.slow
def test_a_client_sees_the_whole_run(live, tiny_model, pictures):
    with served(live) as server, watched(server.url) as states:
        first = next(states)
        assert (first["status"], first["progress"], first["tiles"]) == ("starting", None, [])
        painting = stylejax.stylize(*pictures, model=tiny_model, observe=live.show, **FAST)
        end = in_thread(lambda: live.end("finished", message="all is well"))
        *_, last = until(states, *ENDS)
        number = last["tiles"][0]["number"]
        picture = Image.open(BytesIO(get(server.url, f"picture/{number}").content))
        whole = Image.open(BytesIO(get(server.url, "copy").content))
    end.join()
    assert (last["status"], last["message"], last["progress"]["fraction"]) == ("finished", "all is well", 1)
    assert last["losses"]["total"] == f"{painting.trace[-1]['total']:.4g}"
    wanted = np.rint(painting.image * 255)
    assert np.array_equal(np.asarray(whole), wanted)
    assert json.loads(whole.info[KEY])["program"] == "stylejax"
    assert np.abs(np.asarray(picture, float) - wanted).mean() < 6  # the thumbnail of the very end; JPEG


@pytest.mark.slow
def test_a_late_client_gets_the_history_and_thumbnails_are_made_on_demand(live, tiny_model, pictures):
    painting = stylejax.stylize(*pictures, model=tiny_model, observe=live.show, **FAST)
    with served(live) as server, watched(server.url) as states:
        state = next(states)
        assert state["losses"]["style"] == f"{painting.trace[-1]['style']:.4g}"
        assert state["tiles"][0]["version"] == 0
        assert get(server.url, "picture/1").status_code == 404
        curves = get(server.url, "curves").text
    assert f"{len(painting.trace)} steps" in curves


@pytest.mark.slow
def test_stop_keeps_the_picture(live, tiny_model, pictures):
    with served(live) as server:

        def observe(progress):
            if progress.scale == 2:
                assert press(server.url, "stop") == 204
            live.show(progress)

        with pytest.raises(StylizeInterrupted) as stopped:
            stylejax.stylize(*pictures, model=tiny_model, observe=observe, **FAST)
    assert stopped.value.results[0].image.shape == (36, 48, 3)
    assert stopped.value.results[0].trace[-1]["step"] < 11


@pytest.mark.slow
def test_pause_holds_until_resume(live, tiny_model, pictures):
    with served(live) as server, watched(server.url) as states:
        assert press(server.url, "pause") == 204
        run = in_thread(lambda: stylejax.stylize(*pictures, model=tiny_model, observe=live.show, **FAST))
        while (state := next(states))["progress"] is None:
            assert state["status"] in ("starting", "paused")
        time.sleep(0.5)
        assert live.state()["progress"]["step"] == 10
        assert get(server.url, "picture/1").status_code == 200  # a paused run can be looked at
        assert press(server.url, "resume") == 204
        run.join(60)
        assert live.state()["progress"]["fraction"] == 1


def test_a_pause_does_not_count_as_time(monkeypatch):
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    clock = Clock([(10, 10)], [100])
    now = 10.0
    assert clock.tick(1, 10, share=0.1) == (0.1, pytest.approx(90), 1)
    now = 1000.0
    clock.resume()
    now = 1010.0
    assert clock.tick(1, 10, share=0.2) == (0.2, pytest.approx(80), 1)


def test_a_token_is_required_and_only_the_page_itself_acts(live):
    """Clients with the token may look, from any port of this machine; another site may neither look nor act."""
    with served(live) as server:
        address, _, token = server.url.partition("?token=")
        assert len(token) >= 32
        for wrong in ("", "?token=", f"?token={token[:-1]}", f"?token={token}x", "?token=é"):
            for path in ("", "events", "copy", "curves", "stream.js"):
                answer = requests.get(f"{address}{path}{wrong}", timeout=10)
                assert (answer.status_code, answer.headers["connection"]) == (403, "close")
        own = {"Origin": address.rstrip("/")}
        assert requests.post(f"{address}pause", headers=own, timeout=10).status_code == 403
        assert press(server.url, "pause") == 204
        assert press(server.url, "resume", Origin="https://elsewhere.example") == 403
        assert press(server.url, "resume", Origin="null") == 403
        assert press(server.url, "resume", Origin="http://[") == 403
        assert press(server.url, "resume", **{"Sec-Fetch-Site": "cross-site"}) == 403
        assert press(server.url, "resume", **{"Sec-Fetch-Site": "same-site"}) == 403
        assert press(server.url, "resume", Origin=None) == 403  # who sends it does not say
        assert get(server.url, "resume").status_code == 405
        assert get(server.url, "copy", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert live.state()["status"] == "paused"
        page = requests.get(server.url, timeout=10)
        assert (page.status_code, page.url) == (200, address)  # the token is out of sight
        assert "unsafe" not in page.text
        assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert page.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in page.headers
        assert "HttpOnly" in str(page.history[0].headers["set-cookie"])


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:1", "127.1.2.3", "[::1]:8000", "my.localhost:80"])
def test_a_port_that_is_forwarded_leads_to_the_page(live, host):
    """By `ssh -L`, or an editor: the browser calls it by another port than the one that is served."""
    with served(live) as server, requests.Session() as visitor:
        answer = visitor.get(server.url, headers={"Host": host}, timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "./")
        cookie = answer.headers["set-cookie"].partition(";")[0]
        headers = {"Host": host, "Cookie": cookie, "Origin": f"http://{host}"}
        address = server.url.partition("?")[0]
        assert requests.get(address, headers=headers, timeout=10).status_code == 200
        assert requests.post(f"{address}pause", headers=headers, timeout=10).status_code == 204
        # An editor's proxy on the web gives the page a name of its own; the browser's word holds.
        headers |= {"Origin": "https://abc-8000.app.example", "Sec-Fetch-Site": "same-origin"}
        assert requests.post(f"{address}resume", headers=headers, timeout=10).status_code == 204


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "elsewhere.example:{port}", "localhost.elsewhere.example:80", "10.0.0.1"]
)
def test_a_name_from_elsewhere_that_points_here_is_refused(live, host):
    """DNS rebinding; even with the token."""
    with served(live) as server:
        host = host.format(port=server.port)
        answer = requests.get(server.url, headers={"Host": host}, timeout=10)
        assert answer.status_code == 403
        assert "<html" not in answer.text
        assert press(server.url, "pause", Host=host, Origin=f"http://{host}") == 403
        for odd in ("[", "a b", "\x7f", "[::1]]", ""):  # which Python's own clients refuse to send
            with knock(server, f"GET / HTTP/1.1\r\nHost: {odd}\r\n\r\n".encode()) as connection:
                assert connection.recv(99).split()[1] in (b"403", b"400")
    assert live.state()["status"] == "starting"


def test_a_page_for_other_machines_is_reached_by_any_name(live):
    with served(live, host="0.0.0.0") as server:
        address = f"http://127.0.0.1:{server.port}/"
        token = server.url.partition("?token=")[2]
        assert requests.get(address, timeout=10).status_code == 403
        assert requests.get(f"{address}?token={token}", timeout=10).status_code == 200
        headers = {"Host": "gpu-7.example:80", "Origin": "http://gpu-7.example:80"}
        assert requests.post(f"{address}pause?token={token}", headers=headers, timeout=10).status_code == 204
        headers["Origin"] = "http://elsewhere.example"
        assert requests.post(f"{address}resume?token={token}", headers=headers, timeout=10).status_code == 403
    assert live.state()["status"] == "paused"


def knock(server: Server, data: bytes = b"GET / HTTP/1.1\r\nHost: ") -> socket.socket:
    """A connection whose request never ends."""
    knocking = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    knocking.sendall(data)
    return knocking


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return len(connection.recv(9999)) > 0 and is_open(connection)
    except TimeoutError:
        return True
    except ConnectionError:
        return False


@pytest.mark.slow
def test_many_idle_connections_are_limited_and_displace_no_client(live):
    """Each is a file descriptor, without which a run cannot write its picture."""
    with served(live) as server, ExitStack() as stack, watched(server.url) as states:
        assert next(states)["status"] == "starting"
        beginnings = [b"", b"GET / HTTP/1.1\r\nHost: ", b"POST /stop HTTP/1.1\r\nContent-Length: 99\r\n\r\n", b"nonsense"]
        crowd = [
            stack.enter_context(knock(server, beginnings[number % 4])) for number in range(4 * connections.MAX_CONNECTIONS)
        ]
        assert press(server.url, "pause") == 204  # a visitor comes through the crowd
        assert next(states)["status"] == "paused"  # and who was there before stays
        assert sum(map(is_open, crowd)) <= connections.MAX_CONNECTIONS


@pytest.mark.slow
def test_an_idle_connection_is_closed(live, monkeypatch):
    with served(live) as server, watched(server.url) as states, monkeypatch.context() as patient:
        next(states)
        patient.setattr(connections, "IDLE_SECONDS", 0.3)
        with knock(server) as slow, knock(server, b"") as silent:
            deadline = time.monotonic() + 20
            while is_open(slow) or is_open(silent):
                assert time.monotonic() < deadline
                time.sleep(0.1)
                with suppress(ConnectionError):
                    slow.sendall(b"x")  # a letter at a time is no request either
        patient.undo()
        press(server.url, "pause")
        assert next(states)["status"] == "paused"  # a stream may be silent


@pytest.mark.slow
def test_a_batch_shows_the_latest_pictures(tiny_model, pictures):
    wall = Live("a batch")
    with served(wall) as server, watched(server.url) as states:
        next(states)
        stylejax.stylize_batch(
            [pictures[0]] * 2,
            [pictures[1], pictures[0]],
            model=tiny_model,
            observe=lambda progress: wall.show(progress, names=["<b>a.png", "b.png"], counts=(3, 9)),
            **FAST,
        )
        state = next(states)
        assert state["counts"] == [3, 9]
        assert [tile["name"] for tile in state["tiles"]] == ["<b>a.png", "b.png"]
        first, second = (get(server.url, f"picture/{n}").content for n in (1, 2))
        assert first != second
    seen = []
    stylejax.stylize(*pictures, model=tiny_model, observe=seen.append, **FAST)
    for number in range(2 * MAX_TILES):
        wall.show(seen[0], names=[f"picture {number}"])
    names = [tile["name"] for tile in wall.state()["tiles"]]
    assert names == [f"picture {number}" for number in range(MAX_TILES, 2 * MAX_TILES)]


@pytest.fixture
def folder(tmp_path, pictures, tiny_weights, monkeypatch) -> Path:
    write_picture(tmp_path / "content.png", pictures[0])
    write_picture(tmp_path / "style.png", pictures[1])
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUICK = ["--model", "tiny.safetensors", "--size", "48", "--smallest-size", "48", *SHALLOW_FLAGS]
STYLIZE = ["stylize", "content.png", "style.png", "-o", "out.png", *QUICK, "--live"]


def test_a_port_in_use_is_one_clear_error(folder, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(SystemExit) as stopped:
        main([*STYLIZE, "--live-port", str(other.getsockname()[1])])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "in use" in error
    assert "--live-port" in error
    assert not Path("out.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["ctrl-c", "button", "to the end"])
def test_the_command_ends_while_a_client_watches(folder, how):
    steps = "40" if how == "to the end" else "1000000"
    command = [*STEPWISE, *STYLIZE, "--json", "--iterations", steps]
    with interruptible_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        rest = rest_of_output(process)
        with watched(url) as states:  # and never hangs up
            assert next(states)["status"] == "starting"
            process.stdin.close()
            first = next(state for state in states if state["progress"])
            if how == "ctrl-c":
                process.send_signal(signal.SIGINT)
            elif how == "button":
                assert press(url, "stop") == 204
            ended = until(chain([first], states), *ENDS)[-1]["status"]  # a short run may have ended by its first state
        assert process.wait(20) == (0 if how == "to the end" else 130)
    assert ended == ("finished" if how == "to the end" else "stopped")
    assert json.loads(rest.result().splitlines()[-1])["event"] == ("result" if how == "to the end" else "stopped")
    assert read_picture("out.png").pixels.shape == (36, 48, 3)


@pytest.mark.slow
def test_stop_on_the_page_of_a_batch_ends_it_gracefully(folder):
    write_picture(folder / "other.png", np.ones((48, 64, 3), np.float32) / 3)
    command = [*PROGRAM, "batch", "--content", "content.png", "other.png"]
    command += ["--style", "style.png", "-o", "painted", *QUICK, "--grace", "0"]
    command += ["--iterations", "1000000", "--live", "--json", "--batch-size", "2"]
    with interruptible_process(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        rest = rest_of_output(process)
        with watched(url) as states:
            while not (state := next(states))["tiles"]:
                pass
            assert state["counts"] == [0, 2]
            assert len(state["tiles"]) == 2
            assert "<h1>2 pictures</h1>" in get(url, "").text
            assert press(url, "stop") == 204
            rest.result()  # until it ends
        assert process.wait(30) == 130


@pytest.mark.slow
def test_stop_on_the_page_of_a_sweep_keeps_the_pictures(folder):
    command = [*PROGRAM, "sweep", "content.png", "style.png", "-o", "swept", *QUICK, "--style-weight", "1,2"]
    command += ["--report", "swept/all.html", "--iterations", "1000000", "--live", "--json"]
    with interruptible_process(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        rest = rest_of_output(process)
        with watched(url) as states:
            while not (state := next(states))["tiles"] or not state["tiles"][-1]["version"]:
                pass
            assert state["counts"] == [0, 2]
            assert [tile["name"] for tile in state["tiles"]] == ["001-style_weight=1.png", "002-style_weight=2.png"]
            assert "<h1>2 pictures</h1>" in get(url, "").text
            assert press(url, "stop") == 204
            assert until(states, *ENDS)[-1]["status"] == "stopped"
        assert process.wait(30) == 130
    assert json.loads(rest.result().splitlines()[-1])["event"] == "stopped"
    assert read_picture("swept/002-style_weight=2.png").pixels.shape == (36, 48, 3)
    assert Path("swept/all.html").read_text().count("<figure>") == 4  # two pictures, content and style
