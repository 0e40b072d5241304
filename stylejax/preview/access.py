"""Who may look at a page, and who may press its buttons.

A page wants its token: first in the address, then in a cookie, so that other users of this machine are kept out, too. What
only this machine reaches must also be called by one of its names, at any port, since ports are forwarded: a page from elsewhere
whose name was made to point here (DNS rebinding) is refused. And only the page itself may act: a request that another site
had the browser send says so in its headers.
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
"""What each answer says, unless the page knows better."""


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine, so that only programs on it can reach what is there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Access:
    """Middleware that lets only those requests through that may do what they ask for."""

    def __init__(self, app: ASGIApp, *, host: str, token: str):
        """Guard `app`, which is served at the address `host`, for those who know `token`."""
        self._app, self._token, self._only_here = app, token, is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.append("Content-Security-Policy", "frame-ancestors 'none'")  # the rest is the page's
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
        """With the token in its address, a page is opened anew without it: addresses are copied, shown and logged."""
        if "token" not in request.query_params or request.method != "GET":
            return None
        # A relative address, since there may be a proxy before this one that serves it below a path.
        answer = RedirectResponse("./" + request.scope["path"].rpartition("/")[2], 303)
        # Lax, so that a link in a page, such as a terminal in the browser, leads here; `_from_the_page` does the rest.
        answer.set_cookie(_cookie(request), self._token, httponly=True, samesite="lax")
        return answer


def _refused(why: str) -> Response:
    return PlainTextResponse(why, 403, {"Connection": "close"})


def _name(request: Request) -> str:
    """The host that the request names, without its port."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _cookie(request: Request) -> str:
    """Name of the cookie. Browsers keep one jar for all ports, so it holds the one that the browser sees."""
    return "stylejax-" + re.sub(r"[^0-9a-z]", "", request.headers.get("host", "").rpartition(":")[2])


def _from_the_page(request: Request) -> bool:
    """Whether a browser says that the page itself asks; without a browser's word for it, one may look but not act."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None:  # an old browser, or an address that it does not trust: neither https nor this machine's own
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
