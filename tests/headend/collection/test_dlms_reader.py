"""The collection over real TCP, HLS 5 and authenticated encryption, against our own server end."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from headend.fake_meters import HEADER, QUARTER, ZONE, FakeMeter, ManualClock, energy_wh, serial_of, table
from openami.aio.meter import Meter
from openami.aio.server import FleetListener
from openami.core.errors import ServiceError
from openami.core.obis import OBIS
from openami.core.time import CET
from openami.cosem.access import AccessTable, AttributeAccess, Rights
from openami.cosem.clock import Clock
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import CosemObject, Live
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.data import UINT32
from openami.dlms.security import Keys, Policy
from openami.dlms.server import Association, Server
from openami.dlms.xdlms import AttributeItem, CaptureObject, DataAccessResult
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import run
from openami.headend.curves import service as curves
from openami.headend.keys.service import KeyStore
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone
from openami.headend.registers import service as registers
from openami.headend.registry import service as registry
from openami.headend.registry.models import Item, Kind, Role, model
from openami.headend.registry.shipment import import_shipment
from small_meter import SmallMeter, SmallSession

AUTUMN = zone(ZONE).month(1_793_000_000) + 22 * 86_400  # two days before the clocks go back in 2026
NOW = AUTUMN + 4 * 86_400 + 1_234


def class_of(item_column_role: Role) -> int:
    return {Role.STAMP: 8, Role.STATUS: 1, Role.CODE: 1}.get(item_column_role, 3)


class Served(SmallMeter):
    """A fake meter behind real objects."""

    def __init__(self, index: int, clock: ManualClock) -> None:
        key = f"{index:032x}"
        keys = Keys(bytes.fromhex(key), bytes.fromhex(key[::-1]))
        hls5 = Association(1, Mechanism.HIGH_GMAC, Policy.AE, keys=keys, context=ApplicationContext.LN_CIPHERED)
        super().__init__((hls5, Association(16)))
        self.fake = FakeMeter(serial_of(index), AUTUMN, clock)
        self.system_title = (index + 1).to_bytes(8, "big")
        objects: list[CosemObject] = [
            Data("0.0.43.1.0.255", types={"value": UINT32}, value=Live(self.last_counter)),
            Clock("0.0.1.0.0.255", time=Live(lambda: CET.stamp(int(clock.at)))),
            *(self.profile(item, index) for item in model("compactiq").item if item.kind is not Kind.CLOCK),
        ]
        named = {(o.class_id, OBIS.of(o.state[1])): o for o in objects}
        everything = {key: Rights(dict.fromkeys(o.attributes, AttributeAccess.READ)) for key, o in named.items()}
        public = {key: rights for key, rights in everything.items() if key[0] != 7}
        association = self.objects[15, OBIS.parse("0.0.40.0.0.255")]
        self.device = LogicalDevice(
            {**named, (15, OBIS.parse("0.0.40.0.0.255")): association},
            AccessTable({1: everything, 16: public}),
            associations={1: association, 16: association},
            report=self.defect,
        )

    def profile(self, item: Item, index: int) -> ProfileGeneric:
        columns = [CaptureObject(class_of(c.role), OBIS.parse(c.logical_name), 2) for c in item.columns]
        return ProfileGeneric(
            item.logical_name,
            buffer=Live(lambda: table(item, *self.fake.rows(item, 0, 2**33))),
            capture_objects=columns,
            capture_period=item.period_s if item.kind is Kind.PROFILE else 0,
            null_columns=(0, 1) if index % 2 and item.kind is Kind.PROFILE else (),
            profile_entries=960,
        )


class Street:
    """Meters by the name of their socket."""

    def __init__(self, clock: ManualClock, count: int) -> None:
        self.meters = {str(index): Served(index, clock) for index in range(count)}

    def open(self, local_address: str) -> SmallSession:
        meter = self.meters[local_address]
        session = SmallSession(meter)
        session.endpoint = Server(
            associations=meter.associations, system_title=meter.system_title, counters=meter.counters,
            random=lambda n: bytes(range(n)), max_pdu=1_024,
        )  # fmt: skip
        return session


COUNT = 4


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[tuple[Settings, ManualClock, Street, FleetListener]]:
    clock = ManualClock(NOW)
    meters = Street(clock, COUNT)
    settings = Settings(data=tmp_path / "data", poll_s=0.02, group_s=0.01, backoff_s=0.05, attempts=2, timeout_s=2)
    async with FleetListener(meters, port=0, host="127.0.0.1", stand_ins=list(meters.meters), login_delay_s=0) as on:
        lines = []
        for index, address in enumerate(on.addresses):
            key = f"{index:032x}"
            lines.append(
                f"{serial_of(index)},compactiq,127.0.0.1,{address.port},{index + 1:016x},{key},{key[::-1]},{key}"
            )
        (tmp_path / "meters.csv").write_text(HEADER + "\n".join(lines))
        database = open_database(settings)
        with database.write() as unit:
            store = KeyStore.open(unit, settings.kek)
            assert not import_shipment(unit, tmp_path / "meters.csv", store, default_zone=ZONE, at=0).faults
        database.close()
        yield settings, clock, meters, on


def check(settings: Settings, serial: str, now: float) -> None:
    expected = np.arange(AUTUMN, int(now) - int(now) % QUARTER, QUARTER)
    database = open_database(settings)
    with database.read() as unit:
        curve = curves.curve(unit, serial, AUTUMN, int(now))
        assert curve.starts.tolist() == expected.tolist()
        assert curve.imported[1:].tolist() == energy_wh(serial, expected[1:] // QUARTER).tolist()
        assert registry.meter(unit, serial).clock_offset_s == pytest.approx(0.0, abs=1.0)
        assert registers.billing(unit, serial, "daily")
    database.close()


@pytest.mark.parametrize("with_list", [True, False])
async def test_meters_are_read_through_the_day_of_the_clock_change(
    street: tuple[Settings, ManualClock, Street, FleetListener], with_list: bool
) -> None:
    settings, clock, _, _ = street
    settings = settings.model_copy(update={"with_list": with_list})
    outcome = await run(settings, clock, once=True)
    assert (outcome.meters, outcome.failures) == (COUNT, 0)
    database = open_database(settings)
    with database.read() as unit:
        assert unit.rows("SELECT DISTINCT n FROM block WHERE missing = 0 ORDER BY n") == [(96,), (100,)]
    database.close()
    clock.at += 3_600
    outcome = await run(settings, clock, once=True)
    assert (outcome.intervals, outcome.failures) == (COUNT * 4, 0)
    for index in range(COUNT):
        check(settings, serial_of(index), clock.at)


async def test_a_meter_that_refuses_a_list_is_asked_one_by_one(
    street: tuple[Settings, ManualClock, Street, FleetListener], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, clock, _, _ = street
    whole = Meter.get_raw_many

    async def single(meter: Meter, items: Sequence[AttributeItem]) -> list[bytes | DataAccessResult]:
        if len(items) > 1:
            raise ServiceError("exception-response: service not supported")
        return await whole(meter, items)

    monkeypatch.setattr(Meter, "get_raw_many", single)
    outcome = await run(settings, clock, once=True)
    assert (outcome.meters, outcome.failures) == (COUNT, 0)


async def test_a_meter_that_took_higher_counters_is_followed(
    street: tuple[Settings, ManualClock, Street, FleetListener],
) -> None:
    settings, clock, meters, _ = street
    meters.meters["1"].counters.accept(1, "global", 70_000)
    outcome = await run(settings, clock, once=True)
    assert (outcome.meters, outcome.failures) == (COUNT, 0)
    assert meters.meters["1"].last_counter() > 70_000


async def test_wrong_keys_and_a_closed_port_leave_one_sentence_each(
    street: tuple[Settings, ManualClock, Street, FleetListener],
) -> None:
    settings, clock, _, _ = street
    database = open_database(settings)
    with database.write() as unit:
        unit.run("UPDATE meter SET port = 1 WHERE serial = ?", (serial_of(3),))
        unit.run("DELETE FROM sealed_key WHERE meter = ?", (serial_of(2),))
        store = KeyStore.open(unit, settings.kek)
        store.put(unit, serial_of(2), "encryption", b"wrong key of 16.")
        store.put(unit, serial_of(2), "authentication", b"wrong key of 16.")
    outcome = await run(settings, clock, once=True)
    assert (outcome.meters, outcome.failures) == (2, 2)
    with database.read() as unit:
        wrong, closed = (str(registry.meter(unit, serial_of(index)).reason) for index in (2, 3))
    database.close()
    assert "wrong key" not in wrong
    assert "\n" not in wrong + closed
    assert "refuse" in closed.lower()
    check(settings, serial_of(1), clock.at)
