"""The flags of the live page, and the page around a run."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from stylejax.errors import StylejaxError

if TYPE_CHECKING:
    from rich.console import Console

    from stylejax.batch.events import Event
    from stylejax.batch.execute.shutdown import Shutdown
    from stylejax.images.picture import Picture
    from stylejax.preview.live import Live
    from stylejax.preview.server import Server


@dataclass(frozen=True)
class LiveOptions:
    """Watch the run in a browser."""

    live: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Open a page in the browser that shows what is painted as it develops; stop and keep it from there."""

    live_host: str = "127.0.0.1"
    """Address of the live page; others than this machine reach it at 0.0.0.0. The printed address contains its token."""

    live_port: int = 0
    """Port of the live page; 0 for any that is free."""

    no_browser: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """With --live, only print the page's address."""

    @contextmanager
    def page(
        self,
        console: "Console",
        title: str,
        content: "Picture | None" = None,
        styles: "Sequence[Picture]" = (),
        *,
        record: dict[str, Any] | None = None,
        quiet: bool = False,
        as_json: bool = False,
    ) -> "Iterator[Live | None]":
        """The live page around a run, None where nobody asked for it; call its `end` when the results are saved.

        Raises:
            StylejaxError: the port is taken.
        """
        if not self.live:
            yield None
            return
        from stylejax.preview.live import Live
        from stylejax.preview.server import Server
        from stylejax.preview.site import live_site

        live = Live(title, content, styles, record or {})
        server = Server(live_site(live), host=self.live_host, port=self.live_port)
        try:
            self._tell(server, console, quiet, as_json)
            yield live
        except StylejaxError as error:
            live.end("failed", str(error))
            raise
        finally:
            server.close()

    def _tell(self, server: "Server", console: "Console", quiet: bool, as_json: bool) -> None:
        import webbrowser

        from stylejax.preview.access import is_loopback

        here = is_loopback(self.live_host)
        opened = not self.no_browser and here and has_display() and webbrowser.open(server.url)
        if as_json:
            print(json.dumps({"event": "live", "url": server.url}), flush=True)
        elif not (quiet and opened):
            print_address(f"watch it at {server.url}", server.port if here else None, console)


def showing_live(live: "Live | None", observe: "Callable[[Event], None]", stop: "Shutdown") -> "Callable[[Event], None]":
    """`observe`, and each batch's pictures on the live page, whose stop button asks for what Ctrl-C asks for."""
    from stylejax.batch.events import BatchProgress
    from stylejax.preview.live import StopPressed

    def show(event: "Event") -> None:
        observe(event)
        if live and isinstance(event, BatchProgress):
            tally = event.tally
            try:
                live.show(event.progress, [row.output for row in event.minibatch.rows], (tally.total - tally.left, tally.total))
            except StopPressed:
                stop.request()

    return show


def print_address(told: str, port: int | None, console: "Console") -> None:
    """Print where a page is; to who works here from another computer also how to reach a `port` of this machine alone."""
    import getpass
    import socket

    console.print(told, soft_wrap=True)
    if port and os.environ.get("SSH_CONNECTION"):
        tunnel = f"ssh -N -L {port}:localhost:{port} {getpass.getuser()}@{socket.gethostname()}"
        console.print(f"from your own computer, after: {tunnel}", soft_wrap=True)


def has_display() -> bool:
    """Whether a browser would open a window, rather than take over the terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
