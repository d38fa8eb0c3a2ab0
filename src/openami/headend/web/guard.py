"""Under which names this head-end may be asked, and from which pages: its own. Who it is that asks, the door says.

A browser carries requests of any page it shows to us, by our own name (DNS rebinding) or by its (a form that
posts here); both are refused.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from openami.headend.web.rest import problem

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY_VIOLATION = 1008


class LocalOnly:
    """Lets through what was asked for under a name of this machine, and changes only from our own pages."""

    def __init__(self, app: ASGIApp, who: str = "this head-end", names: Collection[str] = LOCAL) -> None:
        self.app = app
        self.who = who
        self.names = {name.lower() for name in names} | LOCAL

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        refusal = None if scope["type"] == "lifespan" else refused(scope, self.who, self.names)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await problem(403, refusal)(scope, receive, send)


def refused(scope: Scope, who: str, names: Collection[str] = LOCAL) -> str | None:
    """Say why a request is refused; None when it is not."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if _name(f"//{host}") not in names:
        return f"{who} answers on this machine only, as localhost"
    origin = headers.get("origin")
    is_change = scope["type"] == "websocket" or scope["method"] not in HARMLESS
    if is_change and origin is not None and urlsplit(origin).netloc != host:
        return "this came from a page of another site"
    return None


def is_local(scope: Scope) -> bool:
    """Whether it came from this machine, under a name of this machine."""
    peer = scope.get("client")
    try:
        is_near = peer is not None and ip_address(peer[0]).is_loopback
    except ValueError:
        is_near = False
    return is_near and _name(f"//{Headers(scope=scope).get('host', '')}") in LOCAL


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
