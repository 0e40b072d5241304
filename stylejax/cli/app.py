"""`stylejax app`: the page where everything is done with the mouse."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from stylejax.cli.live import has_screen
from stylejax.errors import MissingExtraError
from stylejax.files.interrupts import raising

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class App:
    """Paint in the browser: drop a photograph and styles, choose, watch, download. Only this machine reaches the page.

    Example: stylejax app
    """

    port: int = 7860
    """Port of the page."""

    no_browser: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Only print the page's address."""

    compile_cache: bool = True
    """Keep compiled programs in the cache folder, so that the same shape and kind of run starts at once the next time."""

    def run(self, console: "Console") -> int:
        """Serve until Ctrl-C; returns the exit code."""
        try:
            import gradio  # noqa: F401
        except ImportError:
            raise MissingExtraError("the app needs Gradio; install it with: pip install 'stylejax[app]'") from None
        from stylejax.preview.app.form import serve

        with raising():
            serve(port=self.port, browser=not self.no_browser and has_screen())
        return 0
