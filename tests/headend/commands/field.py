"""Virtual meters on sockets of their own, an installation that knows them, its staff, and a collector."""

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import httpx

from headend import stores
from headend.accounts.office import START, Office, Wall, hire
from headend.fake_meters import ZONE, ManualClock
from meters.small_fleet import Steady
from openami.aio.server import FleetListener
from openami.headend.app import rest
from openami.headend.collection.dlms_reader import DlmsReader
from openami.headend.collection.reader import Reader
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import run
from openami.headend.keys.service import KeyStore
from openami.headend.kit.settings import Settings
from openami.headend.orders import switch
from openami.headend.registry.shipment import import_shipment
from openami.metering.load import Load
from openami.meters import product
from openami.meters.build import Product
from openami.meters.fleet import Fleet

COUNT = 4
PATIENCE_S = 60


@cache
def built(slug: str) -> Product:
    """A product, loaded once."""
    return product.load(slug)


@dataclass
class Field:
    """Meters in service, and the office that runs them."""

    fleet: Fleet
    office: Office
    clock: ManualClock
    """Ours: what the head-end takes for the time."""
    meters_clock: ManualClock
    serials: list[str]

    @property
    def settings(self) -> Settings:
        return self.office.settings

    @contextlib.asynccontextmanager
    async def collecting(self, reader: Reader | None = None) -> AsyncIterator[None]:
        """A collector at work, as `openami headend worker` is."""
        chosen = reader or DlmsReader(timeout_s=self.settings.timeout_s)
        task = asyncio.create_task(run(self.settings, self.clock, reader=chosen))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def state(self, meter: int = 0) -> str:
        """What the relay of a meter really is."""
        return str(self.thing("disconnect_control", meter).control_state.name.lower())

    def thing(self, name: str, meter: int = 0) -> Any:
        """An object of a meter, as it is."""
        return self.fleet.holding.objects(meter)[self.fleet.product.by_name[name].key]

    def live(self, seconds: int) -> None:
        """Let time go on, for the meters and for us."""
        self.clock.at += seconds
        self.meters_clock.at += seconds
        self.fleet.advance_to(int(self.meters_clock.at))

    async def tell(self, login: str, command: str, meters: object = None, wait_s: float = 60, **given: Any) -> Any:
        """Give a command by REST; a proposal is approved. -> the order, or the job, at its end."""
        async with self.office.browser(login) as browser:
            chosen = meters if isinstance(meters, dict) else {"serials": [self.serials[0]]}
            body = {"command": command, "meters": chosen, "parameters": given}
            answer = await browser.post("/api/commands", json=body, params={"wait_s": wait_s})
            if answer.status_code >= 400:
                return answer.json()
            made = answer.json()
            if made["proposal"] is None:
                return made["order"] or made["job"]
            kind, number = (await self.approve(made["proposal"]["id"]))["outcome"].split()
            return (await browser.get(f"/api/{kind}s/{number}", params={"wait_s": wait_s})).json()

    async def approve(self, number: int, login: str = "ann") -> dict[str, Any]:
        """Agree to a proposal as another person."""
        async with self.office.browser(login) as browser:
            shown = (await browser.get(f"/api/proposals/{number}")).json()
            answer = await browser.post(f"/api/proposals/{number}/approve", json={"digest": shown["digest"]})
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

    async def job(self, browser: httpx.AsyncClient, number: int, until: Callable[[dict[str, Any]], bool]) -> Any:
        """Wait until a job is so far."""
        async with asyncio.timeout(PATIENCE_S):
            while not until(found := (await browser.get(f"/api/jobs/{number}")).json()):
                await asyncio.sleep(0.05)
        return found


@contextlib.asynccontextmanager
async def opened(
    folder: Path, *, slug: str = "ad11a", count: int = COUNT, is_commissioned: bool = True, load: Load | None = None,
    **settings: object,
) -> AsyncIterator[Field]:  # fmt: skip
    """Meters with addresses of their own, registered, and people who may run them."""
    clock, meters_clock = ManualClock(START), ManualClock(START)
    fleet = Fleet.create(
        built(slug), count, start_utc=START - 3_600, load=load or Steady(meters=count), now=meters_clock.now,
        random=Random(1).randbytes,
    )  # fmt: skip
    fleet.advance_to(START)
    chosen = Settings.model_validate({
        "data": folder / "data", "database_url": stores.current.url(), "poll_s": 0.02, "group_s": 0.01,
        "backoff_s": 0.05, "backoff_max_s": 0.2, "timeout_s": 10, **settings,
    })  # fmt: skip
    database = open_database(chosen)
    with contextlib.closing(database):
        async with FleetListener(fleet, port=0, host="127.0.0.1", stand_ins=fleet.addresses, login_delay_s=0) as on:
            serials = register(fleet, chosen, database, [address.port for address in on.addresses], folder)
            app = rest(chosen, clock, database)
            office = Office(chosen, database, app, Wall())
            office.accounts.wall = office.accounts.gate.wall = office.wall
            hire(office)
            if is_commissioned:
                office.system(switch.commission)
            yield Field(fleet, office, clock, meters_clock, serials)


def register(fleet: Fleet, settings: Settings, database: Any, ports: list[int], folder: Path) -> list[str]:
    """Bring the shipment of the fleet in; the head-end reads nothing of this model on its own."""
    rows = list(csv.DictReader(io.StringIO(fleet.shipment(0, host="127.0.0.1").decode())))
    text = io.StringIO()
    names = ["serial", "product", "address", "port", "system_title", "encryption_key", "authentication_key"]
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    for row, port in zip(rows, ports, strict=True):
        writer.writerow({**row, "product": "compactiq", "port": port})
    (folder / "fleet.csv").write_text(text.getvalue())
    with database.write() as unit:
        store = KeyStore.open(unit, settings.kek)
        faults = import_shipment(unit, folder / "fleet.csv", store, default_zone=ZONE, at=0).faults
        assert not faults, faults
        unit.run("UPDATE meter SET product = ?, area = '/north/'", (fleet.product.slug,))
    return [row["serial"] for row in rows]
