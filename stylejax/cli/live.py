"""The flags of the live page, and the page around a run."""

import json
import os
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import tyro
from rich.console import Console

from stylejax.batch.events import Event, Observer, Painting
from stylejax.batch.stop import Stop
from stylejax.errors import StylejaxError
from stylejax.images.picture import Picture
from stylejax.preview.access import is_loopback
from stylejax.preview.live import Live, StopPressed


@dataclass(frozen=True)
class LiveOptions:
    """Watch the run in a browser."""

    live: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Open a page in the browser that shows what is painted as it develops; stop and keep it from there."""

    live_host: str = "127.0.0.1"
    """Address of the live page. Any but this machine's own demands a token, which is part of the address that is printed."""

    live_port: int = 0
    """Port of the live page; 0 for any that is free."""

    no_browser: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """With --live, only print the page's address."""

    @contextmanager
    def page(
        self,
        console: Console,
        title: str,
        content: Picture | None = None,
        styles: Sequence[Picture] = (),
        *,
        record: dict[str, Any] | None = None,
        quiet: bool = False,
        as_json: bool = False,
    ) -> Iterator[Live | None]:
        """The live page around a run, None where nobody asked for it; call its `end` when the results are saved.

        Raises:
            StylejaxError: the port is taken.
        """
        if not self.live:
            yield None
            return
        from stylejax.preview.server import Server  # uvicorn takes time to import

        live = Live(title, content, styles, record or {})
        server = Server(live, host=self.live_host, port=self.live_port)
        try:
            self._tell(server.url, console, quiet, as_json)
            yield live
        except StylejaxError as error:
            live.end("failed", str(error))
            raise
        finally:
            server.close()

    def _tell(self, url: str, console: Console, quiet: bool, as_json: bool) -> None:
        opened = not self.no_browser and is_loopback(self.live_host) and has_screen() and webbrowser.open(url)
        if as_json:
            print(json.dumps({"event": "live", "url": url}), flush=True)
        elif not (quiet and opened):
            console.print(f"watch it at {url}", highlight=False, soft_wrap=True)


def on_the_wall(live: Live | None, observe: Observer, stop: Stop) -> Observer:
    """`observe`, and each batch's pictures on the live page, whose stop button asks for what Ctrl-C asks for."""

    def show(event: Event) -> None:
        observe(event)
        if live and isinstance(event, Painting):
            tally = event.tally
            try:
                live.show(event.progress, [row.output for row in event.unit.rows], (tally.total - tally.left, tally.total))
            except StopPressed:
                stop.request()

    return show


def has_screen() -> bool:
    """Whether a browser would open a window, rather than take over the terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
