"""The flags of the live page, and the live page during a run."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

import tyro

from stylejax.errors import StylejaxError
from stylejax.extras import require_extra

if TYPE_CHECKING:
    from rich.console import Console

    from stylejax.batch.events import Event
    from stylejax.batch.execute.shutdown import Shutdown
    from stylejax.preview.live import Live
    from stylejax.preview.live_run import LiveRun
    from stylejax.preview.server import Server

Page = TypeVar("Page", bound="LiveRun")
"""A kind of live page."""


@dataclass(frozen=True)
class LiveOptions:
    """Whether and where a run can be watched."""

    about_live_page: ClassVar = "Watch the run in a browser."

    live: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Open a page in the browser that shows what is painted as it develops; stop and keep it from there."""

    live_host: str = "127.0.0.1"
    """Address of the live page; with 0.0.0.0 other machines reach it, too. The printed address contains its token."""

    live_port: int = 0
    """Port of the live page; 0 for any that is free."""

    no_browser: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """With --live, only print the page's address."""

    def check(self) -> None:
        """Raise MissingExtraError if the page is requested and its packages are not installed."""
        if self.live:
            require_extra("live", "--live")

    @contextmanager
    def page(self, console: "Console", live: "Page", *, quiet: bool = False, as_json: bool = False) -> "Iterator[Page | None]":
        """Serve the live page during the block, which calls its `end` when the results are saved.

        Args:
            console: for the address of the page.
            live: the state of the page.
            quiet: print the address only if no browser opens it.
            as_json: print the address as a JSON line.

        Yields:
            The state of the page; None without `--live`.

        Raises:
            StylejaxError: the port is not available.
        """
        if not self.live:
            yield None
            return
        from stylejax.preview.server import Server
        from stylejax.preview.site import live_site

        server = Server(live_site(live), host=self.live_host, port=self.live_port)
        try:
            self._announce(server, console, quiet, as_json)
            yield live
        except StylejaxError as error:
            live.end("failed", message=str(error))
            raise
        finally:
            server.close()

    def _announce(self, server: "Server", console: "Console", quiet: bool, as_json: bool) -> None:
        import webbrowser

        from stylejax.preview.access import is_loopback

        here = is_loopback(self.live_host)
        opened = not self.no_browser and here and has_display() and webbrowser.open(server.url)
        if as_json:
            print(json.dumps({"event": "live", "url": server.url}), flush=True)
        elif not (quiet and opened):
            print_address(f"watch it at {server.url}", server.port if here else None, console)


def showing_live(live: "Live | None", observe: "Callable[[Event], None]", stop: "Shutdown") -> "Callable[[Event], None]":
    """An observer that also updates the live page, whose stop button requests a graceful stop."""
    from stylejax.batch.events import BatchProgress
    from stylejax.preview.live_run import StopPressed

    def show(event: "Event") -> None:
        observe(event)
        if live and isinstance(event, BatchProgress):
            tally = event.tally
            try:
                names = [row.output for row in event.minibatch.rows]
                live.show(event.progress, names=names, counts=(tally.total - tally.left, tally.total))
            except StopPressed:
                stop.request()

    return show


def print_address(message: str, port: int | None, console: "Console") -> None:
    """Print the address of a page, and in an SSH session how to reach a `port` that only this machine can reach."""
    import getpass
    import socket

    console.print(message, soft_wrap=True)
    if port and os.environ.get("SSH_CONNECTION"):
        tunnel = f"ssh -N -L {port}:localhost:{port} {getpass.getuser()}@{socket.gethostname()}"
        console.print(f"from your own computer, after: {tunnel}", soft_wrap=True)


def has_display() -> bool:
    """Whether a browser would open a window and not run in the terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
