"""Whether this process lives, and whether it is ready for work: for service managers and load balancers.

Both are answered before anything else looks at the request, under any name and to anybody: they tell nothing but yes
or no and why not. `/health/live` never asks the database, so that a database that is gone restarts nobody.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from openami.headend.kit.database import Database
from openami.headend.kit.errors import StoreError

LIVE: Final = "/health/live"
READY: Final = "/health/ready"
UNAVAILABLE = 503
PATIENCE_S = 4.0
"""A database that does not answer within this is not ready; those who ask give up soon after."""

Blocked = Callable[[], str | None]


class Health:
    """Answers the two addresses, and leaves all others to the application."""

    def __init__(self, app: ASGIApp, database: Database, blocked: Blocked = lambda: None) -> None:
        self.app = app
        self.database = database
        self.blocked = blocked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        path = scope.get("path") if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} else None
        if path == LIVE:
            await JSONResponse({"status": "live"})(scope, receive, send)
        elif path == READY:
            reason = await self.not_ready()
            answer = {"status": "not ready", "reason": reason} if reason else {"status": "ready"}
            await JSONResponse(answer, UNAVAILABLE if reason else 200)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def not_ready(self) -> str | None:
        """Say why no work can be taken; None when it can."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.to_thread(self._ask)
        except TimeoutError:
            return "the database does not answer in time"
        except StoreError as error:
            return str(error)
        return self.blocked()

    def _ask(self) -> None:
        with self.database.read() as unit:
            unit.value("SELECT version_num FROM alembic_version")
