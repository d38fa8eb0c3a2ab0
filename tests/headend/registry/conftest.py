"""A head-end of twelve meters behind its REST interface, on each kind of database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from headend import stores
from headend.fake_meters import ManualClock, installation
from openami.headend.app import rest
from openami.headend.collection.tables import open_database
from openami.headend.kit.database import Database

NOW = 1_795_000_000


@dataclass
class Desk:
    """Whoever sits at this machine, over REST; and the database behind it."""

    client: httpx.AsyncClient
    database: Database

    async def send(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
        answer = await self.client.request(method, path, json=body, params=query)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str, **query: Any) -> Any:
        return await self.send("GET", path, **query)

    async def serials(self, **query: Any) -> list[str]:
        """Walk every page of the list of meters."""
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            page = await self.get("/api/meters", limit=2, after=after, **query)
            found += [meter["serial"] for meter in page["items"]]
            after = page["next"]
        return found

    async def audited(self, action: str) -> list[str]:
        return [entry["subject"] for entry in (await self.get("/api/audit", action=action))["items"]]


@pytest.fixture
async def desk(place: stores.Place, tmp_path: Path) -> AsyncIterator[Desk]:
    settings = installation(tmp_path, 12)
    database = open_database(settings)
    transport = httpx.ASGITransport(rest(settings, ManualClock(NOW), database))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield Desk(client, database)
    database.close()
