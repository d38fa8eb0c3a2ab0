"""Virtual meters whose keys the head-end may change, and a line to one of them that can be cut anywhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from headend import stores
from headend.accounts.office import START, Office, Wall, hire
from headend.fake_meters import ZONE, ManualClock
from meters.small_fleet import Steady
from openami.aio.server import FleetListener
from openami.headend.app import rest
from openami.headend.collection.dlms_reader import DlmsReader
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import run
from openami.headend.keys import performing
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings
from openami.headend.orders import switch
from openami.headend.orders.queue import Wish, enqueue
from openami.headend.registry.service import meters as meters_of
from openami.headend.registry.shipment import import_shipment
from openami.meters import product
from openami.meters.build import Product
from openami.meters.fleet import Fleet

PATIENCE_S = 90
HEADER_OCTETS = 8


@cache
def built() -> Product:
    return product.load("compactiq")


class Line:
    """Carries wrapper frames to a meter and back, and may drop the connection in the place of one of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cut_at: int | None = None
        self.carried = 0
        self.has_cut = False

    def arm(self, cut_at: int | None) -> None:
        self.cut_at, self.carried, self.has_cut = cut_at, 0, False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        ways = [
            asyncio.create_task(self._carry(reader, far_writer)), asyncio.create_task(self._carry(far_reader, writer)),
        ]  # fmt: skip
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, far_writer):
                each.close()
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                header = await source.readexactly(HEADER_OCTETS)
                body = await source.readexactly(int.from_bytes(header[6:], "big"))
                number, self.carried = self.carried, self.carried + 1
                if number == self.cut_at:
                    self.has_cut = True
                    return
                target.write(header + body)
                await target.drain()


@dataclass
class Stand:
    """The meters, and the office that runs them."""

    fleet: Fleet
    office: Office
    clock: ManualClock
    serials: list[str]
    line: Line

    @property
    def settings(self) -> Settings:
        return self.office.settings

    @property
    def database(self) -> Database:
        return self.office.database

    def store(self) -> KeyStore:
        with self.database.read() as unit:
            return KeyStore.open(unit, self.settings)

    @contextlib.asynccontextmanager
    async def collecting(self) -> AsyncIterator[None]:
        """A collector at work."""
        task = asyncio.create_task(run(self.settings, self.clock, reader=DlmsReader(timeout_s=10)))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def rotate(self, serial: str, *kinds: str) -> int:
        """Queue an order, as an approved proposal does."""
        with self.database.write() as unit:
            number = unit.value("SELECT id FROM meter WHERE serial = ?", (serial,))
            meter = meters_of(unit, [number])[number]
            wanted = performing.Rotate(kinds=kinds)  # type: ignore[arg-type]
            return enqueue(unit, meter, performing.ROTATE, wanted, Wish(self.clock.now()))

    def prove(self, serial: str) -> int:
        with self.database.write() as unit:
            number = unit.value("SELECT id FROM meter WHERE serial = ?", (serial,))
            meter = meters_of(unit, [number])[number]
            return enqueue(unit, meter, performing.PROVE, performing.Prove(), Wish(self.clock.now()))

    def open_orders(self) -> int:
        with self.database.read() as unit:
            return int(unit.value("SELECT count(*) FROM device_order WHERE ended IS NULL"))

    async def settled(self) -> None:
        """Wait until every order has come to its end."""
        async with asyncio.timeout(PATIENCE_S):
            while self.open_orders():
                await asyncio.sleep(0.02)

    def ends(self) -> list[tuple[str, str, str | None]]:
        with self.database.read() as unit:
            return [tuple(row) for row in unit.rows("SELECT kind, state, reason FROM device_order ORDER BY id")]  # type: ignore[misc]

    def states(self, serial: str) -> dict[tuple[str, int], str]:
        with self.database.read() as unit:
            rows = unit.rows("SELECT kind, version, state FROM key_state WHERE meter = ?", (serial,))
            return {(kind, version): state for kind, version, state in rows}

    def same_keys(self, meter: int = 0) -> bool:
        """Whether the head-end has in force what the meter has."""
        mine = self.fleet.keys.of(meter)
        with self.database.read() as unit:
            known = self.store().newest(unit, [self.serials[meter]])[self.serials[meter]]
        theirs = {"encryption": mine.encryption, "authentication": mine.authentication, "master": mine.master}
        return known == theirs | ({"broadcast": mine.broadcast} if mine.broadcast else {})


@contextlib.asynccontextmanager
async def opened(folder: Path, count: int = 2, **settings: object) -> AsyncIterator[Stand]:
    """Meters with addresses of their own, registered, and people who may run them; the first is behind the line."""
    clock = ManualClock(START)
    fleet = Fleet.create(
        built(), count, start_utc=START - 3_600, load=Steady(meters=count), now=clock.now, random=Random(1).randbytes
    )
    fleet.advance_to(START)
    chosen = Settings.model_validate({
        "data": folder / "data", "database_url": stores.current.url(), "poll_s": 0.02, "group_s": 0.01,
        "backoff_s": 0.02, "backoff_max_s": 0.1, "timeout_s": 10, "items": ("clock",), **settings,
    })  # fmt: skip
    database = open_database(chosen)
    with contextlib.closing(database):
        async with FleetListener(fleet, port=0, host="127.0.0.1", stand_ins=fleet.addresses, login_delay_s=0) as on:
            line = Line(on.addresses[0].port)
            server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
            ports = [server.sockets[0].getsockname()[1], *(address.port for address in on.addresses[1:])]
            try:
                serials = register(fleet, chosen, database, ports, folder)
                office = Office(chosen, database, rest(chosen, clock, database), Wall())
                office.accounts.wall = office.accounts.gate.wall = office.wall
                hire(office)
                office.system(switch.commission)
                yield Stand(fleet, office, clock, serials, line)
            finally:
                server.close()
                await server.wait_closed()


def register(fleet: Fleet, settings: Settings, database: Database, ports: list[int], folder: Path) -> list[str]:
    """Bring the shipment of the fleet in, with its master keys."""
    lines = fleet.shipment(0, host="127.0.0.1").decode().splitlines()
    rows = [line.split(",") for line in lines]
    place = rows[0].index("port")
    for row, port in zip(rows[1:], ports, strict=True):
        row[place] = str(port)
    (folder / "fleet.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")
    with database.write() as unit:
        faults = import_shipment(
            unit, folder / "fleet.csv", KeyStore.open(unit, settings), default_zone=ZONE, at=START
        ).faults
        assert not faults, faults
        unit.run("UPDATE meter SET area = '/north/'")
    return [row[rows[0].index("serial")] for row in rows[1:]]
