"""The server of the app: the page, with the access control of the live page, and a temporary folder for its files."""

import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylejax.preview.app.examples import write_examples
from stylejax.preview.server import Server
from stylejax.preview.template import page_text
from stylejax.signals import handling_signals

LARGEST_FILE = "100mb"

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; base-uri 'self'; form-action 'self'; object-src 'none'"
)
"""Gradio needs inline scripts; nothing may be loaded from, or sent to, another address."""


def serve(
    *, host: str = "127.0.0.1", port: int = 7860, open_to_all: bool = False, on_start: Callable[[Server], None] | None = None
) -> None:
    """Serve the page until a signal ends the process; uploads and results lie in a folder that is removed at the end.

    Args:
        host: address to bind.
        port: 0 for any free port.
        open_to_all: require no token, for a page behind another authentication.
        on_start: called when the page is served.

    Raises:
        StylejaxError: the address or the port is not available.
    """
    folder = Path(tempfile.gettempdir()) / f"stylejax-app-{secrets.token_hex(8)}"
    visitors: list[Any] = []
    try:
        with handling_signals(lambda _: None, on_early_exit=lambda: _clear(folder, visitors)):
            folder.mkdir(mode=0o700)
            os.environ["GRADIO_TEMP_DIR"] = str(folder)  # also read when Gradio is imported
            from stylejax.preview.app.form import tabs

            visitors += tabs()
            site = _site(visitors, folder)
            server = Server(site, host=host, port=port, flag="--port", open_to_all=open_to_all, lifespan=True)
            if on_start:
                on_start(server)
            threading.Event().wait()
    finally:
        _clear(folder, visitors)


def _site(visitors: Sequence[Any], folder: Path) -> ASGIApp:
    import gradio as gr
    from fastapi import FastAPI

    from stylejax.preview.app.form import build, theme

    site = gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        build(visitors, write_examples(folder / "examples")),
        "/",
        max_file_size=LARGEST_FILE,
        theme=theme(),
        css=page_text("app.css") + page_text("curves.css"),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
    )
    return Policy(site)


def _clear(folder: Path, visitors: Sequence[Any]) -> None:
    """Remove all uploads and results, also while runs and uploads are in progress."""
    for each in visitors:
        each.dismiss()
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


class Policy:
    """ASGI middleware that sets the Content-Security-Policy: browsers exchange data with this address alone."""

    def __init__(self, app: ASGIApp):
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", _POLICY.encode()),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_policy)
