"""Intake of what was heard: intervals at their true times, readings, midnight, events; the same twice is once."""

import random
from typing import Any

import numpy as np
import pytest

from headend.ert.hearing import SERIAL, START, Counting, owned
from openami.headend.curves.schemas import Curve
from openami.headend.curves.service import curve
from openami.headend.ert.endpoints import of_meter
from openami.headend.ert.intake import Taken, take
from openami.headend.ert.overheard import Overheard
from openami.headend.ert.readings import readings
from openami.headend.events import service as events
from openami.headend.kit.database import Database
from openami.headend.registers.service import billing
from openami.headend.registry.service import meter

DAY_S = 86_400
REGISTER = "1.0.1.8.0.255"


def kept(database: Database, heard: list[Overheard], receiver: str = "roof") -> Taken:
    with database.write() as unit:
        return take(unit, heard, receiver)


def stored(database: Database, serial: str = SERIAL) -> Curve:
    with database.read() as unit:
        return curve(unit, serial, START - DAY_S, START + 2 * DAY_S)


def everything(database: Database) -> list[Any]:
    """All that an intake may change."""
    names = ("hot", "block", "rollup", "closing", "event", "ert_reading", "ert_endpoint", "meter")
    with database.read() as unit:
        return [sorted(unit.rows(f"SELECT * FROM {name}"), key=repr) for name in names]


def test_a_day_of_messages_becomes_its_intervals_to_the_watt_hour(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    found = kept(database, endpoint.day())
    assert (found.messages, found.meters, found.discovered, found.events) == (140, 1, 0, 0)
    held = stored(database)
    ends = (held.starts + 300).tolist()
    assert set(np.diff(ends).tolist()) == {300}, "no gap"
    registers = dict(zip(ends, held.registers[REGISTER].tolist(), strict=True))
    inside = {end: wh for end, wh in endpoint.wh.items() if START <= end <= START + DAY_S}
    assert {end: registers[end] for end in inside} == inside
    is_filled = (held.status & 0x40) != 0
    assert found.filled == int(is_filled.sum())
    assert int((~is_filled).sum()) == 70, "one interval for each message that was heard"


def test_the_same_again_in_any_order_from_any_receiver_changes_nothing(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    heard = endpoint.day()
    kept(database, heard)
    before = everything(database)
    again = [kept(database, part) for part in (heard, heard[40:90], heard[::-1])]
    assert {(found.intervals, found.filled, found.events, found.discovered) for found in again} == {(0, 0, 0, 0)}
    assert everything(database) == before


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_arrival_makes_no_difference_to_intervals_and_readings(database: Database, seed: int) -> None:
    straight, shuffled = Counting(66_000_001), Counting(66_000_002)
    serials = ("OAMSIM00000000226", "OAMSIM00000000326")
    owned(database, [straight, shuffled], serials=serials)
    kept(database, straight.day())
    pieces = [shuffled.day()[first : first + 9] for first in range(0, 140, 9)]
    random.Random(seed).shuffle(pieces)
    for piece in pieces:
        kept(database, piece)
    one, other = (stored(database, serial) for serial in serials)
    assert np.array_equal(one.starts, other.starts)
    assert np.array_equal(one.registers[REGISTER], other.registers[REGISTER])
    assert np.array_equal(one.status, other.status)
    with database.read() as unit:
        assert len({tuple((r.at, r.energy_wh) for r in readings(unit, serial, limit=200)) for serial in serials}) == 1


def test_a_lost_stretch_is_filled_when_a_later_message_reaches_back(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    kept(database, [endpoint.idm(3_010.0), endpoint.idm(30_010.0)])
    starts = stored(database).starts
    assert np.diff(starts).max() > 300, "27,000 s are 90 intervals, of which a message tells 47"
    kept(database, [endpoint.idm(16_510.0)])
    held = stored(database)
    assert np.diff(held.starts).max() == 300
    wh = endpoint.wh
    late = held.starts >= START
    assert held.registers[REGISTER][late].tolist() == [wh[int(start) + 300] for start in held.starts[late]]


def test_what_was_filled_is_heard_later_and_says_so(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    kept(database, [endpoint.idm(6_010.0)])
    assert kept(database, [endpoint.idm(5_710.0)]).intervals == 1, "the one before all others"
    held = stored(database)
    status = dict(zip((held.starts + 300 - START).tolist(), held.status.tolist(), strict=True))
    assert (status[6_000], status[5_700], status[5_400]) == (0, 0, 0x40)


def test_midnight_makes_a_closing_and_quarters_make_readings(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    kept(database, endpoint.day())
    with database.read() as unit:
        closings = {closing.at: closing.readings[0].value for closing in billing(unit, SERIAL, "daily")}
        told = readings(unit, SERIAL, limit=200)
    assert closings[START + DAY_S] == endpoint.wh[START + DAY_S]
    assert len(told) == len({int(each.at) // 900 for each in told}), "one for each quarter of an hour"
    assert all(each.energy_wh % 10 == 0 and each.receiver == "roof" for each in told)
    assert [each.energy_wh for each in told] == sorted((each.energy_wh for each in told), reverse=True)


def test_counters_that_move_are_events_once(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    heard = [endpoint.scm(100.0), endpoint.idm(101.0)]
    endpoint.tampers[1] = 1  # removed
    heard += [endpoint.scm(700.0), endpoint.idm(701.0)]
    endpoint.tampers[2] = 3  # reset by its button
    heard += [endpoint.idm(1_001.0)]
    assert kept(database, heard).events == 3
    assert kept(database, heard).events == 0
    with database.read() as unit:
        found = [(e.at - START, e.code, e.meaning, e.detail) for e in events.of(unit, SERIAL).events]
    assert found == [
        (1_001, 3, "demand reset by its button", {"count": 3}),
        (701, 2, "removed", {"count": 1}),
        (700, 11, "physical tamper counter moved", {"count": 1}),
    ]


def test_the_meter_is_known_to_have_been_heard(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    with database.read() as unit:
        assert meter(unit, SERIAL).state == "installed"
    kept(database, [endpoint.idm(4_000.0), endpoint.scm(3_000.0)])
    with database.read() as unit:
        known, held = of_meter(unit, SERIAL), meter(unit, SERIAL)
    assert (held.state, held.last_contact) == ("in use", START + 4_000)
    assert known is not None
    assert (known.first_at, known.last_at, known.commodity) == (START + 3_000, START + 4_000, "electricity")
    assert known.energy_wh == int(endpoint.totals[13]) * 10


def test_a_register_that_rolls_over_goes_on(database: Database) -> None:
    endpoint = Counting(steps=[100] * 300)
    endpoint.totals = endpoint.totals + (1 << 24) - 5_000
    owned(database, [endpoint])
    kept(database, [endpoint.scm(3_000.0), endpoint.scm(30_000.0), endpoint.idm(30_001.0)])
    with database.read() as unit:
        told = readings(unit, SERIAL)
    assert told[0].energy_wh == int(endpoint.totals[100]) * 10 > 10 << 24
    assert told[0].energy_wh - told[1].energy_wh == 90 * 100 * 10


def test_intervals_of_a_house_roll_up_into_its_node(database: Database) -> None:
    endpoint = Counting()
    owned(database, [endpoint])
    kept(database, endpoint.day())
    with database.read() as unit:
        imported = unit.value("SELECT sum(imported) FROM rollup WHERE length_s = 300 AND at >= ? AND at < ?",
                              (START, START + DAY_S))  # fmt: skip
    assert imported == (endpoint.wh[START + DAY_S] - endpoint.wh[START])
