"""Meters without sockets: arrays that answer as a CompactIQ does, and the faults one may ask of them."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from headend import stores
from openami.core.errors import AccessError, AssociationError, ConnectionLost
from openami.core.stamps import encode_stamps
from openami.core.time import CET
from openami.dlms.data import Tag
from openami.dlms.profile import Table
from openami.headend.collection.reader import Ask, Target
from openami.headend.collection.tables import open_database
from openami.headend.keys.service import KeyStore
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone
from openami.headend.registry.models import Item, Kind
from openami.headend.registry.shipment import import_shipment

ZONE = "Europe/Amsterdam"
QUARTER = 900
HEADER = "serial,product,address,port,system_title,encryption_key,authentication_key,master_key\n"


def serial_of(index: int) -> str:
    return f"OAMSIM{index:011d}"


def shipment_line(index: int) -> str:
    key = f"{index:032x}"
    host = f"127.16.{index >> 8}.{index & 255}"
    return f"{serial_of(index)},compactiq,{host},4059,{index + 1:016x},{key},{key[::-1]},{key}"


def shipment(path: Path, count: int) -> Path:
    path.write_text(HEADER + "\n".join(shipment_line(index) for index in range(count)) + "\n")
    return path


def installation(folder: Path, count: int, **settings: object) -> Settings:
    """A head-end with that many meters registered."""
    quick = {"database_url": stores.current.url(), "poll_s": 0.02, "group_s": 0.01}
    chosen = Settings.model_validate({"data": folder / "data", **quick, **settings})
    database = open_database(chosen)
    with database.write() as unit:
        store = KeyStore.open(unit, chosen.kek)
        outcome = import_shipment(unit, shipment(folder / "meters.csv", count), store, default_zone=ZONE, at=0)
    assert not outcome.faults
    database.close()
    return chosen


class ManualClock:
    """Business time that stands until it is moved."""

    def __init__(self, now: float, speed: float = 1.0) -> None:
        self.at = float(now)
        self.speed = speed

    def now(self) -> float:
        return self.at

    def until(self, at: float) -> float:
        return max(0.0, at - self.at) / self.speed


def energy_wh(serial: str, quarters: np.ndarray) -> np.ndarray:
    """Import of each quarter of an hour, the same whenever it is asked for. [n] -> [n]."""
    mixed = (quarters.astype(np.uint64) * np.uint64(2654435761) + np.uint64(zlib.crc32(serial.encode()))) >> np.uint64(
        7
    )
    return (mixed % np.uint64(500)).astype(np.int64)


class FakeMeter:
    """One meter with history from `since` on, complete but for `lost` stamps."""

    def __init__(self, serial: str, since: int, now: ManualClock, lost: frozenset[int] = frozenset()) -> None:
        self.serial = serial
        self.now = now
        self.lost = lost
        self.since = since - since % QUARTER
        self.events: list[tuple[int, int]] = [(self.since + 60, 2)]

    def readings(self, ends: np.ndarray) -> np.ndarray:
        """Import register at each stamp, exact. [n] -> [n]."""
        if not len(ends):
            return np.empty(0, np.int64)
        quarters = np.arange(self.since // QUARTER, int(ends[-1]) // QUARTER)
        total = np.concatenate([[0], np.cumsum(energy_wh(self.serial, quarters))])
        return total[(ends - self.since) // QUARTER]

    def rows(self, item: Item, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Stamps and values of what the meter has in [first, last]. -> [n], [n, columns]."""
        last = min(last, int(self.now.at))
        if item.kind is Kind.PROFILE:
            oldest = max(first, self.since + QUARTER, int(self.now.at) - 960 * QUARTER + 1)
            ends = np.arange(-(-oldest // QUARTER) * QUARTER, last + 1, QUARTER)
            ends = ends[~np.isin(ends, list(self.lost))] if self.lost else ends
            return ends, np.stack([np.zeros(len(ends), int), self.readings(ends), np.zeros(len(ends), int)], axis=1)
        if item.kind is Kind.CLOSING:
            local = zone(ZONE)
            days = local.midnights
            if item.name == "monthly":
                days = np.array([local.month(self.since, ahead) for ahead in range(1, 40)])
            ends = days[(days >= max(first, self.since)) & (days <= last)]
            import_wh = self.readings(ends)
            zeros = np.zeros(len(ends), int)
            return ends, np.stack([zeros, import_wh // 3, import_wh - import_wh // 3, zeros, zeros], axis=1)
        if item.name != "standard":
            return np.empty(0, np.int64), np.empty((0, len(item.columns) - 1), np.int64)
        chosen = [event for event in self.events if first <= event[0] <= last]
        return np.array([at for at, _ in chosen], np.int64), np.array([[code] for _, code in chosen]).reshape(-1, 1)


TAGS = {"unsigned": (Tag.UNSIGNED, np.uint8), "double-long-unsigned": (Tag.DOUBLE_LONG_UNSIGNED, np.uint32)}


def table(item: Item, ends: np.ndarray, values: np.ndarray) -> Table:
    """What a meter would send."""
    if not len(ends):
        return Table([], [])
    deviation, dst = CET.offsets(ends)
    columns: list[np.ndarray] = [encode_stamps(ends, deviation, dst)]
    tags = [Tag.OCTET_STRING]
    for column, cells in zip(item.columns[1:], values.T, strict=True):
        tag, dtype = TAGS[column.type]
        columns.append(cells.astype(dtype))
        tags.append(tag)
    return Table(columns, tags)


class FakeAssociation:
    def __init__(self, reader: "FakeReader", meter: FakeMeter) -> None:
        self.reader = reader
        self.meter = meter

    async def foresee(self, asks: Sequence[Ask]) -> None:
        del asks

    async def profile(self, ask: Ask) -> Table:
        item, first, last = ask
        await asyncio.sleep(self.reader.delay_s)
        self.reader.asked.append((self.meter.serial, item.name, first, last))
        if (self.meter.serial, item.name) in self.reader.refused_items:
            raise AccessError(4, item.logical_name)
        if self.meter.serial in self.reader.gone_in_mid_block:
            raise ConnectionLost(f"{self.meter.serial} closed the connection")
        return table(item, *self.meter.rows(item, first, last))

    async def clock(self, ask: Ask) -> float:
        return self.meter.now.at + 2.0


class FakeReader:
    """A `Reader` over fake meters, which notes what it was asked."""

    def __init__(self, clock: ManualClock, since: int, count: int, *, delay_s: float = 0.0) -> None:
        self.clock = clock
        self.delay_s = delay_s
        self.meters = {serial_of(index): FakeMeter(serial_of(index), since, clock) for index in range(count)}
        self.asked: list[tuple[str, str, int, int]] = []
        self.counters: list[tuple[str, int]] = []
        self.unreachable: set[str] = set()
        self.wrong_keys: set[str] = set()
        self.gone_in_mid_block: set[str] = set()
        self.refused_items: set[tuple[str, str]] = set()
        self.counter_ahead: dict[str, int] = {}

    @asynccontextmanager
    async def associate(self, target: Target) -> AsyncIterator[FakeAssociation]:
        value = target.counter.take()
        self.counters.append((target.serial, value))
        if target.serial in self.unreachable:
            raise ConnectionRefusedError(111, "connection refused")
        if target.serial in self.wrong_keys or value <= self.counter_ahead.get(target.serial, -1):
            raise AssociationError("association refused", hint="check the keys of the meter")
        yield FakeAssociation(self, self.meters[target.serial])

    async def invocation_counter(self, target: Target) -> int:
        return self.counter_ahead.get(target.serial, 0)
