"""The live page as an ASGI application: the page, a stream of states, pictures, curves and buttons."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from typing import get_args

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from stylejax.preview.embed import encode
from stylejax.preview.live_run import Button, LiveRun
from stylejax.preview.template import page_text, render_page

POLL_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 10
INPUT_LONG_SIDE = 640


def live_site(live: LiveRun) -> Starlette:
    """The application that serves `live`, without access control."""
    run = secrets.token_hex(8)  # so that tabs of this run share a stream, and not with tabs of an earlier run at the same port

    def page(request: Request) -> Response:
        html = render_page(
            f"live-{live.kind}.html",
            style="look.css,curves.css,live.css",
            script=f"live.js,live-{live.kind}.js",
            images="'self' blob: data:",
            own="'self'",
            run=run,
            title=live.title,
            given=[picture.source for picture in live.given],
            losses=live.losses,
        )
        return HTMLResponse(html)

    def given(request: Request) -> Response:
        number = request.path_params["number"]
        if number >= len(live.given):
            return Response(status_code=404)
        picture = live.given[number]
        kind, data = encode(picture.samples, alpha=picture.alpha, long_side=INPUT_LONG_SIDE)
        return Response(data, media_type=kind)

    def stream(request: Request) -> Response:
        return Response(page_text("stream.js"), media_type="text/javascript")

    async def events(request: Request) -> Response:
        return StreamingResponse(_events(live), media_type="text/event-stream")

    def jpeg(path: str, find: Callable[[int], bytes | None]) -> Route:
        def picture(request: Request) -> Response:
            data = find(request.path_params["number"])
            return Response(status_code=404) if data is None else Response(data, media_type="image/jpeg")

        return Route(f"/{path}/{{number:int}}", picture)

    def curves(request: Request) -> Response:
        return Response(live.curves(), media_type="image/svg+xml")

    def copy(request: Request) -> Response:
        data = live.copy()
        return Response(status_code=404) if data is None else Response(data, media_type="image/png")

    def button(name: Button) -> Route:
        def press(request: Request) -> Response:
            live.press(name)
            return Response(status_code=204)

        return Route(f"/{name}", press, methods=["POST"])

    return Starlette(
        routes=[
            Route("/", page),
            Route("/stream.js", stream),
            Route("/events", events),
            Route("/given/{number:int}", given),
            jpeg("picture", live.picture),
            jpeg("original", live.original),
            Route("/curves", curves),
            Route("/copy", copy),
            *map(button, get_args(Button)),
        ]
    )


async def _events(live: LiveRun) -> AsyncIterator[str]:
    """States as server-sent events: the current one at once, then each new one."""
    seen, quiet = -1, 0.0
    await run_in_threadpool(live.watch, 1)
    try:
        while True:
            if live.version != seen:
                seen, quiet = live.version, 0.0
                yield f"data: {json.dumps(await run_in_threadpool(live.state))}\n\n"
            elif quiet >= KEEP_ALIVE_SECONDS:
                quiet = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(POLL_SECONDS)
            quiet += POLL_SECONDS
    finally:
        live.watch(-1)
