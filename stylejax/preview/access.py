"""Who may look at a page, and who may press its buttons.

On this machine alone (`127.0.0.1`), requests must name it so in their `Host`: a page from elsewhere whose name was made to
point here (DNS rebinding) is refused. At any other address a token is demanded, first in the address, then in a cookie. In
both cases only the page itself may act: a request that another site had the browser send says so in its headers.
"""

import ipaddress
import secrets
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the rest is in the page
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Access:
    """Middleware that lets only those requests through that may do what they ask for."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, token: str | None):
        """Guard `app`, which is served at `host` and `port`; `token` is None on this machine alone."""
        self._app, self._token, self._cookie = app, token, f"stylejax-{port}"
        names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
        self._hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope)
        answer = self._refusal(request) or self._entrance(request) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        if self._token is None and request.headers.get("host") not in self._hosts:
            return PlainTextResponse("this page is for this machine alone, at the address that stylejax printed", 403)
        if self._token is not None and not self._knows_token(request):
            return PlainTextResponse("this page needs its token: open the whole address that stylejax printed", 403)
        if not _from_the_page(request):
            return PlainTextResponse("only the page itself may ask for this", 403)
        return None

    def _knows_token(self, request: Request) -> bool:
        given = request.query_params.get("token") or request.cookies.get(self._cookie, "")
        assert self._token is not None
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _entrance(self, request: Request) -> Response | None:
        """With the token in its address, a page is opened anew without it: addresses are copied, shown and logged."""
        if self._token is None or "token" not in request.query_params or request.method != "GET":
            return None
        answer = RedirectResponse(request.url.path, 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return answer


def _from_the_page(request: Request) -> bool:
    """Whether a browser says that the page itself asks; without a browser's word for it, one may look but not act."""
    headers: Mapping[str, str] = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{headers.get('host')}":
        return False
    if request.method in ("GET", "HEAD"):
        return site in (None, "same-origin", "none") or headers.get("sec-fetch-mode") == "navigate"
    return site in (None, "same-origin") and (site is not None or origin is not None)
