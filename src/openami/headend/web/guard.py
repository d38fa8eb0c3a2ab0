"""Who may ask, as long as there are no accounts: programs and browsers of this machine, and no page of others.

A browser carries requests of any page it shows to us, by our own name (DNS rebinding) or by its (a form that
posts here); both are refused.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from openami.headend.web.rest import problem

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY_VIOLATION = 1008


class LocalOnly:
    """Lets through what was asked for under a name of this machine, and changes only from our own pages."""

    def __init__(self, app: ASGIApp, who: str = "this head-end") -> None:
        self.app = app
        self.who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        refusal = None if scope["type"] == "lifespan" else refused(scope, self.who)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await problem(403, refusal)(scope, receive, send)


def refused(scope: Scope, who: str) -> str | None:
    """Say why a request is refused; None when it is not."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if _name(f"//{host}") not in LOCAL:
        return f"{who} answers on this machine only, as localhost"
    origin = headers.get("origin")
    is_change = scope["type"] == "websocket" or scope["method"] not in HARMLESS
    if is_change and origin is not None and urlsplit(origin).netloc != host:
        return "this came from a page of another site"
    return None


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
