"""A virtual meter on a bench, served on loopback, and a head-end that takes its pushes and reads it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from headend import stores
from headend.fake_meters import HEADER, ZONE
from openami.aio.server import FleetListener
from openami.cosem.push import Destination, TransportService
from openami.dlms.xdlms import DataAccessResult
from openami.headend.app import rest
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import run
from openami.headend.events.watch import Watch
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings
from openami.headend.orders import switch
from openami.headend.registry.shipment import import_shipment
from products.standing import HOUR_S, Standing

WAIT_S = 30.0


@dataclass
class MeterClock:
    """Business time is the time of the bench."""

    one: Standing
    speed: float = 1.0

    def now(self) -> float:
        return float(self.one.clock.utc)

    def until(self, at: float) -> float:
        return max(0.0, at - self.now())


@dataclass
class Bench:
    """All of it."""

    one: Standing
    settings: Settings
    clock: MeterClock
    database: Database
    watch: Watch
    client: httpx.AsyncClient

    @property
    def serial(self) -> str:
        return self.one.fleet.holding.identity.serial(0)

    def send_to(self, setup: str, *, udp: bool = False) -> None:
        """Let a push setup send to the head-end."""
        assert self.watch.intake is not None
        address = self.watch.intake.listening.addresses[int(udp)]
        where = Destination(TransportService.UDP if udp else TransportService.TCP, str(address).encode(), 0)
        assert self.one.write(f"{setup}.send_destination_and_method", where) is DataAccessResult.SUCCESS

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/api{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.client.post(f"/api{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def alarms(self, query: str = "") -> dict[str, Any]:
        """Alarms by name, those that were acknowledged too."""
        items = (await self.get(f"/alarms?open=false&suppressed=true{query}"))["items"]
        return {item["name"]: item for item in reversed(items)}

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for what comes by itself."""
        async with asyncio.timeout(WAIT_S):
            while not (found := await condition()):
                await asyncio.sleep(0.02)
        return found

    async def read(self) -> None:
        """Hold a session: orders and the clock."""
        await self.watch.once()
        outcome = await run(self.settings, self.clock, once=True)
        assert outcome.failures == 0

    def commission(self) -> None:
        with self.database.write() as unit:
            switch.commission(unit)


@asynccontextmanager
async def bench(folder: Path, slug: str, **settings: Any) -> AsyncGenerator[Bench]:
    """Serve a meter of a product, register it, and listen for its pushes over TCP and UDP."""
    one = Standing(slug).live(HOUR_S)
    clock = MeterClock(one)
    listener = FleetListener(one.fleet, port=0, host="127.0.0.1", stand_ins=one.fleet.addresses, login_delay_s=0)
    watch = {"listen": ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], "tick_s": 0.05, **settings.pop("watch", {})}
    chosen = Settings.model_validate(
        {"data": folder / "data", "database_url": stores.current.url(), "poll_s": 0.02, "group_s": 0.01,
         "backoff_s": 0.05, "items": ["clock"], "watch": watch, **settings}
    )  # fmt: skip
    async with listener:
        register(one, chosen, folder, listener.port)
        with contextlib.closing(open_database(chosen)) as database:
            watching = Watch(chosen, clock, database)
            transport = httpx.ASGITransport(rest(chosen, clock, database))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                tasks = [asyncio.create_task(one.fleet.run()), asyncio.create_task(watching.run())]
                try:
                    made = Bench(one, chosen, clock, database, watching, client)
                    await made.until(lambda: _open(watching))
                    yield made
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)


async def _open(watching: Watch) -> bool:
    assert watching.intake is not None
    return len(watching.intake.listening.addresses) == 2


def register(one: Standing, settings: Settings, folder: Path, port: int) -> None:
    """Bring the meter in, as its shipment would."""
    identity, keys = one.fleet.holding.identity, one.fleet.keys.of(0)
    assert keys.authentication is not None
    line = (
        f"{identity.serial(0)},{one.product.slug},127.0.0.1,{port},{identity.system_title(0).hex()},"
        f"{keys.encryption.hex()},{keys.authentication.hex()},{(keys.master or b'').hex()}\n"
    )
    (folder / "meters.csv").write_text(HEADER + line)
    with contextlib.closing(open_database(settings)) as database, database.write() as unit:
        store = KeyStore.open(unit, settings)
        outcome = import_shipment(unit, folder / "meters.csv", store, default_zone=ZONE, at=0)
    assert not outcome.faults
