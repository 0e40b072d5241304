"""`stylejax app`: the browser app."""

import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from stylejax.cli.flags.shared import CompileCache
from stylejax.cli.live import has_display, print_address
from stylejax.extras import require_extra

if TYPE_CHECKING:
    from rich.console import Console

    from stylejax.preview.server import Server


@dataclass(frozen=True)
class App:
    """Paint in the browser: drop a photograph and styles, choose, watch, download. Only this machine reaches the page.

    Example: stylejax app
    """

    port: int = 7860
    """Port of the page; 0 for any that is free."""

    no_browser: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Only print the page's address."""

    compile_cache: CompileCache = True

    def run(self, console: "Console") -> int:
        """Serve until a signal ends the process."""
        require_extra("app", "the app")
        from stylejax.preview.app.serve import serve

        def announce(server: "Server") -> None:
            print_address(f"stylejax is at {server.url} (Ctrl-C ends it)", server.port, console)
            if not self.no_browser and has_display():
                webbrowser.open(server.url)

        serve(port=self.port, on_start=announce)
        return 0
