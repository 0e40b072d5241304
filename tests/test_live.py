"""The live page's server as programs meet it: who may look, who may act, what a stream tells, how everything ends."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import requests
from objectives import GRAMS
from PIL import Image
from processes import heed_ctrl_c

import stylejax
from stylejax.cli.main import main
from stylejax.images.metadata import KEY
from stylejax.images.read import read_picture, to_picture
from stylejax.images.write import write_picture
from stylejax.model.store import write_weights
from stylejax.optimize.progress import Clock
from stylejax.optimize.stylize import PaintingInterrupted
from stylejax.preview.live import MOST_TILES, Live
from stylejax.preview.server import Server

FAST = {**GRAMS, "restart": False, "size": 48, "smallest_size": 24, "iterations": 12}
"""Paints pictures smooth enough for a JPEG to be near them."""
ENDS = ("finished", "stopped", "failed")


@pytest.fixture
def live(pictures) -> Live:
    content, style = (to_picture(picture) for picture in pictures)
    return Live("content in the style of style", content, [style], {"program": "stylejax"})


@contextmanager
def served(live: Live, **options) -> Iterator[Server]:
    server = Server(live, **options)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def watched(url: str) -> Iterator[Iterator[dict]]:
    """The states that a stream tells."""
    with closing(requests.get(f"{url}events", stream=True, timeout=30)) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines(chunk_size=1)
        yield (json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def until(states: Iterator[dict], *statuses: str) -> list[dict]:
    told = []
    for state in states:
        told.append(state)
        if state["status"] in statuses:
            break
    return told


def act(server: Server, button: str, **headers: str) -> int:
    own = {"Origin": server.url.rstrip("/")}
    return requests.post(f"{server.url}{button}", headers=own | headers, timeout=10).status_code


def in_thread(work, *arguments) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    return thread


def test_a_watcher_sees_it_all(live, tiny_model, pictures):
    with served(live) as server, watched(server.url) as states:
        first = next(states)
        assert (first["status"], first["progress"], first["tiles"]) == ("starting", None, [])
        painting = stylejax.stylize(*pictures, model=tiny_model, observe=live.show, **FAST)
        end = in_thread(live.end, "finished", "all is well")
        *_, last = until(states, *ENDS)
        number = last["tiles"][0]["number"]
        picture = Image.open(BytesIO(requests.get(f"{server.url}picture/{number}", timeout=10).content))
        whole = Image.open(BytesIO(requests.get(f"{server.url}copy", timeout=10).content))
    end.join()
    assert (last["status"], last["message"], last["progress"]["fraction"]) == ("finished", "all is well", 1)
    assert last["losses"]["total"] == f"{painting.trace[-1]['total']:.4g}"
    wanted = np.rint(painting.image * 255)
    assert np.array_equal(np.asarray(whole), wanted)
    assert json.loads(whole.info[KEY])["program"] == "stylejax"
    assert np.abs(np.asarray(picture, float) - wanted).mean() < 6  # the thumbnail of the very end; JPEG


def test_who_comes_late_gets_the_history_and_nothing_was_made_for_nobody(live, tiny_model, pictures):
    painting = stylejax.stylize(*pictures, model=tiny_model, observe=live.show, **FAST)
    with served(live) as server, watched(server.url) as states:
        state = next(states)
        assert state["losses"]["style"] == f"{painting.trace[-1]['style']:.4g}"
        assert state["tiles"][0]["version"] == 0
        assert requests.get(f"{server.url}picture/1", timeout=10).status_code == 404
        curves = requests.get(f"{server.url}curves", timeout=10).text
    assert f"{len(painting.trace)} steps" in curves


def test_stop_keeps_the_picture(live, tiny_model, pictures):
    with served(live) as server:

        def observe(progress):
            if progress.scale == 2:
                assert act(server, "stop") == 204
            live.show(progress)

        with pytest.raises(PaintingInterrupted) as stopped:
            stylejax.stylize(*pictures, model=tiny_model, observe=observe, **FAST)
    assert stopped.value.paintings[0].image.shape == (36, 48, 3)
    assert stopped.value.paintings[0].trace[-1]["step"] < 11


def test_pause_holds_until_resume(live, tiny_model, pictures):
    with served(live) as server, watched(server.url) as states:
        assert act(server, "pause") == 204
        run = in_thread(lambda: stylejax.stylize(*pictures, model=tiny_model, observe=live.show, **FAST))
        while (state := next(states))["progress"] is None:
            assert state["status"] in ("starting", "paused")
        time.sleep(0.5)
        assert live.state()["progress"]["step"] == 10
        assert requests.get(f"{server.url}picture/1", timeout=10).status_code == 200  # a paused run can be looked at
        assert act(server, "resume") == 204
        run.join(60)
        assert live.state()["progress"]["fraction"] == 1


def test_waiting_counts_as_no_time(monkeypatch):
    now = 0.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    clock = Clock([(10, 10)], [100])
    now = 10.0
    assert clock.tick(1, 10, share=0.1) == (0.1, pytest.approx(90), 1)
    now = 1000.0
    clock.resume()
    now = 1010.0
    assert clock.tick(1, 10, share=0.2) == (0.2, pytest.approx(80), 1)


def test_on_this_machine_only_its_own_page_acts(live):
    with served(live) as server:
        port = server.url.split(":")[-1].rstrip("/")
        assert act(server, "pause") == 204
        assert act(server, "resume", Origin="https://elsewhere.example") == 403
        assert act(server, "resume", Origin="null") == 403
        assert act(server, "resume", **{"Sec-Fetch-Site": "cross-site"}) == 403
        assert act(server, "resume", **{"Sec-Fetch-Site": "same-site"}) == 403
        assert requests.post(f"{server.url}resume", timeout=10).status_code == 403  # who sends it does not say
        assert requests.get(f"{server.url}resume", timeout=10).status_code == 405
        for host in ("elsewhere.example", f"elsewhere.example:{port}", "127.0.0.1:1"):  # DNS rebinding
            answer = requests.get(server.url, headers={"Host": host}, timeout=10)
            assert answer.status_code == 403
            assert "<html" not in answer.text
            assert act(server, "resume", Host=host, Origin=f"http://{host}") == 403
        assert live.state()["status"] == "paused"
        assert requests.get(f"{server.url}copy", headers={"Sec-Fetch-Site": "cross-site"}, timeout=10).status_code == 403
        page = requests.get(server.url, headers={"Host": f"localhost:{port}"}, timeout=10)
        assert page.status_code == 200
        assert "unsafe" not in page.text
        assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert page.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in page.headers


def test_elsewhere_a_token_is_demanded(live):
    with served(live, host="0.0.0.0") as server:
        token = server.url.partition("?token=")[2]
        port = server.url.partition("?")[0].split(":")[-1].rstrip("/")
        assert len(token) >= 32
        address = f"http://127.0.0.1:{port}/"
        for wrong in ("", "?token=", f"?token={token[:-1]}", f"?token={token}x", "?token=é"):
            for path in ("", "events", "copy", "curves"):
                assert requests.get(f"{address}{path}{wrong}", timeout=10).status_code == 403
        own = {"Origin": address.rstrip("/")}
        assert requests.post(f"{address}pause", headers=own, timeout=10).status_code == 403
        with requests.Session() as visitor:
            page = visitor.get(f"{address}?token={token}", timeout=10)
            assert (page.status_code, page.url) == (200, address)  # the token is out of sight
            assert visitor.post(f"{address}pause", headers=own, timeout=10).status_code == 204
            assert visitor.post(f"{address}resume", headers={"Origin": "http://a.b"}, timeout=10).status_code == 403
            assert "HttpOnly" in str(page.history[0].headers["set-cookie"])
    assert live.state()["status"] == "paused"


def test_a_wall_shows_the_latest_pictures(tiny_model, pictures):
    wall = Live("a batch")
    with served(wall) as server, watched(server.url) as states:
        next(states)
        stylejax.stylize_batch(
            [pictures[0]] * 2,
            [pictures[1], pictures[0]],
            model=tiny_model,
            observe=lambda progress: wall.show(progress, ["<b>a.png", "b.png"], (3, 9)),
            **FAST,
        )
        state = next(states)
        assert state["counts"] == [3, 9]
        assert [tile["name"] for tile in state["tiles"]] == ["<b>a.png", "b.png"]
        first, second = (requests.get(f"{server.url}picture/{n}", timeout=10).content for n in (1, 2))
        assert first != second
    seen = []
    stylejax.stylize(*pictures, model=tiny_model, observe=seen.append, **FAST)
    for number in range(2 * MOST_TILES):
        wall.show(seen[0], [f"picture {number}"])
    names = [tile["name"] for tile in wall.state()["tiles"]]
    assert names == [f"picture {number}" for number in range(MOST_TILES, 2 * MOST_TILES)]


@pytest.fixture
def folder(tmp_path, pictures, tiny_weights, monkeypatch) -> Path:
    write_picture(tmp_path / "content.png", pictures[0])
    write_picture(tmp_path / "style.png", pictures[1])
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    monkeypatch.chdir(tmp_path)
    return tmp_path


STYLIZE = ["stylize", "content.png", "style.png", "-o", "out.png", "--model", "tiny.safetensors", "--size", "48", "--live"]


def test_a_port_that_is_taken_is_one_clear_error(folder, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(SystemExit) as stopped:
        main([*STYLIZE, "--live-port", str(other.getsockname()[1])])
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "in use" in told
    assert "--live-port" in told
    assert not Path("out.png").exists()


@pytest.mark.parametrize("how", ["ctrl-c", "button", "to the end"])
def test_the_command_ends_whoever_watches(folder, how):
    steps = "40" if how == "to the end" else "1000000"
    command = [sys.executable, "-c", "from stylejax.cli.main import main; main()", *STYLIZE, "--json", "--iterations", steps]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with watched(url) as states:  # and never hangs up
            first = next(state for state in states if state["progress"])
            if how == "ctrl-c":
                process.send_signal(signal.SIGINT)
            elif how == "button":
                assert requests.post(f"{url}stop", headers={"Origin": url.rstrip("/")}, timeout=10).status_code == 204
            ended = until(chain([first], states), *ENDS)[-1]["status"]  # a short run may have ended by its first state
        rest = process.stdout.read()
        assert process.wait(20) == (0 if how == "to the end" else 130)
    assert ended == ("finished" if how == "to the end" else "stopped")
    assert json.loads(rest.splitlines()[-1])["event"] == ("result" if how == "to the end" else "stopped")
    assert read_picture("out.png").pixels.shape == (36, 48, 3)


def test_a_batch_is_a_wall_whose_stop_ends_it_politely(folder):
    write_picture(folder / "other.png", np.ones((48, 64, 3), np.float32) / 3)
    command = [
        sys.executable,
        "-c",
        "from stylejax.cli.main import main; main()",
        "batch",
        "--content",
        "content.png",
        "other.png",
    ]
    command += ["--style", "style.png", "-o", "painted", "--model", "tiny.safetensors", "--size", "48", "--grace", "0"]
    command += ["--iterations", "1000000", "--live", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with watched(url) as states:
            while not (state := next(states))["tiles"]:
                pass
            assert state["counts"] == [0, 2]
            assert len(state["tiles"]) == 2
            assert "<h1>2 pictures</h1>" in requests.get(url, timeout=10).text
            assert requests.post(f"{url}stop", headers={"Origin": url.rstrip("/")}, timeout=10).status_code == 204
            process.stdout.read()
        assert process.wait(30) == 130


def test_a_sweep_is_a_wall_whose_stop_keeps_what_there_is(folder):
    command = [sys.executable, "-c", "from stylejax.cli.main import main; main()", "sweep", "content.png", "style.png"]
    command += ["-o", "swept", "--model", "tiny.safetensors", "--size", "48", "--smallest-size", "48", "--style-weight", "1,2"]
    command += ["--content-layers", "relu2_1", "--style-layers", "relu1_1=1,relu2_1=1", "--report", "swept/all.html"]
    command += ["--iterations", "1000000", "--live", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with watched(url) as states:
            while not (state := next(states))["tiles"] or not state["tiles"][-1]["version"]:
                pass
            assert state["counts"] == [0, 2]
            assert [tile["name"] for tile in state["tiles"]] == ["001-style_weight=1.png", "002-style_weight=2.png"]
            assert "<h1>2 pictures</h1>" in requests.get(url, timeout=10).text
            assert requests.post(f"{url}stop", headers={"Origin": url.rstrip("/")}, timeout=10).status_code == 204
            assert until(states, *ENDS)[-1]["status"] == "stopped"
        rest = process.stdout.read()
        assert process.wait(30) == 130
    assert json.loads(rest.splitlines()[-1])["event"] == "stopped"
    assert read_picture("swept/002-style_weight=2.png").pixels.shape == (36, 48, 3)
    assert Path("swept/all.html").read_text().count("<figure>") == 4  # two pictures, content and style
