"""Access control of a page: who may view it, and who may press its buttons.

A request needs the page's token, first in the address, then in a cookie, which keeps out other users of this machine. A page
that only this machine can reach must also be requested by a loopback name, at any port, since ports are forwarded: this rejects
DNS rebinding. Only the page itself may act: browsers mark requests from other sites in their headers.
"""

import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Default headers of each response."""


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback name or address, which only programs on this machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Access:
    """ASGI middleware that passes only authorized requests on."""

    def __init__(self, app: ASGIApp, *, host: str, token: str):
        """Protect `app`, which is served at the address `host`, with `token`."""
        self._app, self._token, self._only_here = app, token, is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject the request or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.append("Content-Security-Policy", "frame-ancestors 'none'")  # the page sets the rest
            await send(message)

        request = Request(scope)
        answer = self._refusal(request) or self._entrance(request) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        if self._only_here and not is_loopback(_name(request)):
            return _refused("this page is for this machine alone, at the address that stylejax printed")
        if not self._knows_token(request):
            return _refused("this page needs its token: open the whole address that stylejax printed")
        if not _from_the_page(request):
            return _refused("only the page itself may ask for this")
        return None

    def _knows_token(self, request: Request) -> bool:
        given = request.query_params.get("token") or request.cookies.get(_cookie(request), "")
        return secrets.compare_digest(given.encode(), self._token.encode())

    def _entrance(self, request: Request) -> Response | None:
        """Redirect an address with the token to one without it, since addresses are copied, displayed and logged."""
        if "token" not in request.query_params or request.method != "GET":
            return None
        # A relative address, because a proxy may serve this page below a path.
        answer = RedirectResponse("./" + request.scope["path"].rpartition("/")[2], 303)
        # Lax, so that links on other pages, such as a terminal in the browser, work; `_from_the_page` does the rest.
        answer.set_cookie(_cookie(request), self._token, httponly=True, samesite="lax")
        return answer


def _refused(why: str) -> Response:
    return PlainTextResponse(why, 403, {"Connection": "close"})


def _name(request: Request) -> str:
    """The host in the request, without its port."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _cookie(request: Request) -> str:
    """Name of the cookie, which contains the port that the browser uses: browsers share cookies among ports."""
    return "stylejax-" + re.sub(r"[^0-9a-z]", "", request.headers.get("host", "").rpartition(":")[2])


def _from_the_page(request: Request) -> bool:
    """Whether the request comes from the page itself, by its headers; without them a client may view but not act."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None:  # an old browser, or an untrusted address: neither https nor loopback
        if origin is not None and _netloc(origin) != request.headers.get("host"):
            return False
        return request.method in ("GET", "HEAD") or origin is not None
    if request.method in ("GET", "HEAD"):
        return site in ("same-origin", "none") or request.headers.get("sec-fetch-mode") == "navigate"
    return site == "same-origin"


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
