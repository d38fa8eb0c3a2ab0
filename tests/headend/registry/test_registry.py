import pytest

from headend.fake_meters import ZONE, serial_of
from openami.core.errors import LocalProtocolError
from openami.headend.kit.database import Database
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.registry import finding, service
from openami.headend.registry.finding import Wanted
from openami.headend.registry.schemas import Contact, Lifecycle

METER = (
    "INSERT INTO meter (serial, product, state, address, port, system_title, node, zone, added)"
    " VALUES (?, 'compactiq', 'installed', '127.0.0.1', 4059, '', 1, ?, 0)"
)


@pytest.fixture
def registered(database: Database) -> Database:
    with database.write() as unit:
        service.node(unit, "neighbourhood")
        unit.run_many(METER, [(serial_of(index), ZONE) for index in range(25)] + [("ZZ%_1", ZONE)])
    return database


def test_pages_follow_each_other_to_the_end(registered: Database) -> None:
    found: list[str] = []
    after: str | None = ""
    with registered.read() as unit:
        while after is not None:
            page = service.search(unit, "OAM", after, limit=7)
            found += [meter.serial for meter in page.meters]
            after = page.after
    assert found == [serial_of(index) for index in range(25)]


@pytest.mark.parametrize(
    ("prefix", "hits"), [("ZZ", 1), ("%", 0), ("ZZ%", 1), ("' OR 1=1 --", 0), ("OAMSIM0000000002", 5)]
)
def test_a_prefix_means_itself(registered: Database, prefix: str, hits: int) -> None:
    with registered.read() as unit:
        assert len(service.search(unit, prefix).meters) == hits


def test_a_meter_that_is_not_there_is_named(registered: Database) -> None:
    with registered.read() as unit, pytest.raises(UnknownMeterError, match="nobody"):
        service.meter(unit, "nobody")


def test_life_goes_its_way(registered: Database) -> None:
    serial = serial_of(1)
    with registered.write() as unit:
        number = service.meter(unit, serial).id
        service.contacted(unit, [Contact(number, 100, False, 2.0, "no answer", is_reached=False)])
        assert service.meter(unit, serial).state is Lifecycle.INSTALLED
        service.contacted(unit, [Contact(number, 200, True, None, None)])
        meter = service.meter(unit, serial)
        assert (meter.state, meter.last_contact, meter.last_read) == (Lifecycle.IN_USE, 200, 200)
        assert (meter.clock_offset_s, meter.reason) == (2.0, None)
        service.move(unit, serial, Lifecycle.RETIRED)
        with pytest.raises(LocalProtocolError, match="retired"):
            service.move(unit, serial, Lifecycle.IN_USE)
        assert service.count(unit) == {Lifecycle.RETIRED: 1, Lifecycle.INSTALLED: 25}


def test_whoever_sees_an_area_pages_through_it_in_order(registered: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Areas are walked one by one and laid together; more than `MOST_AREAS` of them as one list."""
    with registered.write() as unit:
        for number in range(25):
            area = f"/north/{number % 5}/" if number % 2 else "/south/"
            unit.run("UPDATE meter SET area = ? WHERE serial = ?", (area, serial_of(number)))
        expected = [serial_of(number) for number in range(1, 25, 2)]
        for most in (40, 2):
            monkeypatch.setattr(finding, "MOST_AREAS", most)
            found: list[str] = []
            after = ""
            while page := finding.find(unit, Wanted(area="/north/"), after, 4):
                found += [serial for serial, _ in page]
                after = page[-1][0]
            assert found == expected
        assert finding.find(unit, Wanted(area="/nort/"), "", 4) == []
