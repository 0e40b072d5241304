"""Measure the overhead of the live page: the time of a run with and without a client, alternately.

    python scripts/benchmark_live.py --rounds 3

Stylizes one picture with the small network. A client in a separate process follows the event stream, and fetches the picture
and the curves at every update, like a browser. Prints the seconds of each run and the difference of the medians. Programs are
compiled before the first round. Takes about 80 seconds on two idle cores.
"""

import contextlib
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import requests
import tyro

import stylejax
from stylejax.images.io.read import to_picture
from stylejax.preview.live import Live
from stylejax.preview.server import Server
from stylejax.preview.site import live_site
from stylejax.samples import PAINTINGS, demo_photograph


@dataclass(frozen=True)
class Arguments:
    """Options of the benchmark."""

    size: int = 384
    """Long side of the picture."""
    iterations: int = 30
    """Steps at each of two scales."""
    rounds: int = 3
    """Number of runs with and without the client."""
    watch: str = ""
    """Run only the client, for the page at this address."""


def main() -> None:
    arguments = tyro.cli(Arguments, description=__doc__)
    if arguments.watch:
        watch(arguments.watch)
        return
    photograph, style = demo_photograph(), next(iter(PAINTINGS.values()))(512, 512)
    options: dict[str, Any] = {"size": arguments.size, "smallest_size": arguments.size // 2, "iterations": arguments.iterations}
    model = stylejax.load_model("vgg19-slim")

    def paint(live: Live | None) -> float:
        began = time.perf_counter()
        stylejax.stylize(photograph, style, model=model, observe=live.show if live else None, **options)
        return time.perf_counter() - began

    def paint_watched() -> float:
        live = Live("benchmark", to_picture(photograph), [to_picture(style)])
        server = Server(live_site(live))
        command = [sys.executable, __file__, "--watch", server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            client.stdout.readline()  # it has received the first update
            seconds = paint(live)
            live.end("finished")
            print(f"watched {seconds:6.2f} s  the client fetched {client.stdout.readline().strip()}", flush=True)
        server.close()
        return seconds

    paint_watched()  # compiles the steps and the thumbnails
    alone, watched = [], []
    for _ in range(arguments.rounds):
        alone.append(paint(None))
        print(f"alone   {alone[-1]:6.2f} s", flush=True)
        watched.append(paint_watched())
    cost = statistics.median(watched) / statistics.median(alone) - 1
    print(f"overhead {cost:+.1%} (medians of {arguments.rounds})")


def watch(url: str) -> None:
    """Follow the event stream and fetch each new picture and the curves, like the page."""
    pictures, visitor = 0, requests.Session()
    url = visitor.get(url, timeout=60).url  # redirects after setting the cookie
    with visitor.get(f"{url}events", stream=True, timeout=60) as stream, contextlib.suppress(requests.ConnectionError):
        for line in stream.iter_lines(chunk_size=1):
            if not line.startswith(b"data: "):
                continue
            if pictures == 0:
                print("watching", flush=True)
            pictures += 1
            visitor.get(f"{url}picture/1", timeout=60)
            visitor.get(f"{url}curves", timeout=60)
            if b'"finished"' in line:
                break
    print(f"{pictures} pictures", flush=True)


if __name__ == "__main__":
    main()
