"""The door: finds out who sends a request, by cookie or API key, before anything else looks at it.

What needs nobody is public; everything else is for those who are known. What they may do is asked later, where it is
done. Changes by cookie need a token that only our own pages can read (CSRF); programs send a key and no cookie.
"""

import asyncio
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openami.headend.accounts.passwords import fingerprint, is_same
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.sign_in import FULL, Known
from openami.headend.kit.access import LOCAL, NOBODY, Actor, Means
from openami.headend.kit.errors import StoreError
from openami.headend.web.guard import HARMLESS, POLICY_VIOLATION, is_local
from openami.headend.web.rest import problem

COOKIE = "openami_sign_in"
UNKNOWN = Known(NOBODY, FULL, must_act=False)
CSRF = "x-openami-csrf"
BEARER = "bearer "
PUBLIC = frozenset({"/sign-in", "/sign-in/code", "/sign-in/link", "/sign-in/openid", "/sign-in/openid/back"})
PUBLIC_API = frozenset({"/api/sign-in", "/api/sign-in/code", "/api/openapi.json"})
HEALTH = ("/health", "/healthz", "/livez", "/readyz")
OWN = ("/account", "/api/me", "/_nicegui", "/sign-out", "/api/sign-out")
"""What is left to somebody who has to set a password or a second factor first."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
PRIVATE = (b"cache-control", b"no-store")
"""Of pages and answers: what somebody saw is not there for who sits down after them."""


class Door:
    """Puts whoever sends a request into its state, or turns them away."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self.app = app
        self.accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        secret = cookie(headers)
        refused: ASGIApp | None
        try:
            found = await asyncio.to_thread(self._find, scope, headers, secret)
        except StoreError as error:
            found, refused = UNKNOWN, problem(503, str(error))
        else:
            refused = self._refused(scope, headers, secret, found)
        scope.setdefault("state", {})["actor"] = found.actor
        if refused is None:
            await self.app(scope, receive, guarded(send, scope["path"]))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await refused(scope, receive, guarded(send, scope["path"]))

    def _find(self, scope: Scope, headers: Headers, secret: str) -> Known:
        """Find out who it is. A key counts before a cookie."""
        authorization = headers.get("authorization", "")
        if authorization.lower().startswith(BEARER):
            known = self.accounts.key_holder(authorization[len(BEARER) :].strip())
        else:
            known = self.accounts.known(secret) if secret else None
        found = known or UNKNOWN
        if found.actor.means is Means.NOBODY and not authorization and is_local(scope) and self.accounts.is_open:
            return Known(LOCAL, FULL, must_act=False)
        if found.level != FULL:
            return Known(NOBODY, found.level, must_act=False)
        if found.is_stale and not scope["path"].startswith("/_nicegui"):
            self.accounts.seen(found.actor)
        return found

    def _refused(self, scope: Scope, headers: Headers, secret: str, found: Known) -> ASGIApp | None:
        path = scope["path"]
        if is_public(path):
            return None
        if found.actor.means is Means.NOBODY:
            return away(path)
        if found.must_act and not path.startswith(OWN):
            if path.startswith("/api/"):
                return problem(403, "set a password and second factor of your own first, at /account")
            return RedirectResponse("/account", 303)
        is_change = scope["type"] == "http" and scope["method"] not in HARMLESS
        by_cookie = found.actor.means is Means.SIGN_IN and path.startswith("/api/")
        if is_change and by_cookie and not is_same(headers.get(CSRF, ""), csrf_token(secret)):
            return problem(403, f"a change by cookie needs the header {CSRF}; GET /api/me tells its value")
        return None


def is_public(path: str) -> bool:
    """Whether something needs nobody to be known."""
    return path in PUBLIC or path in PUBLIC_API or path in HEALTH or path.startswith("/sign-in/assets/")


def away(path: str) -> ASGIApp:
    """Send somebody who is not known to the sign-in, or tell their program."""
    if path.startswith(("/api/", "/metrics")):
        return problem(401, "sign in first, or send an API key")
    if path.startswith("/_nicegui"):
        return problem(401, "sign in first")
    return RedirectResponse(f"/sign-in?next={quote(path, safe='/')}" if path != "/" else "/sign-in", 303)


def cookie(headers: Headers, name: str = COOKIE) -> str:
    """Take a cookie out of a request."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def csrf_token(secret: str) -> str:
    """Token that goes with a sign-in: only who can read our answers knows it."""
    return fingerprint(f"csrf {secret}")


def guarded(send: Send, path: str) -> Send:
    """Send answers with what keeps browsers from being clever; nothing of ours is kept by caches in between."""
    wanted = HEADERS if path.startswith("/_nicegui") else (*HEADERS, PRIVATE)

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", [])}
            message["headers"] = [*message.get("headers", []), *(h for h in wanted if h[0] not in known)]
        await send(message)

    return sent


def actor_of(scope: Scope) -> Actor:
    """Whoever sends a request."""
    found = scope.get("state", {}).get("actor", NOBODY)
    assert isinstance(found, Actor)
    return found
