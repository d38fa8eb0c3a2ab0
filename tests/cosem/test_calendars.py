"""Special days, activity calendar, register activation, SAP assignment, monitor: logic inside the objects."""

from typing import Any

import pytest

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.cosem.calendars import (
    DAYS,
    NOT_SPECIFIED,
    SEASONS,
    SPECIAL_DAY,
    WEEKS,
    ActivityCalendar,
    DayProfile,
    DayProfileAction,
    SeasonProfile,
    SpecialDay,
    SpecialDaysTable,
    WeekProfile,
)
from openami.cosem.elements import ObjectDefinition, ScriptReference
from openami.cosem.internet import IPv4Setup
from openami.cosem.register_activation import RegisterActivation, RegisterMask
from openami.cosem.register_monitor import ActionSet, RegisterMonitor
from openami.cosem.sap_assignment import Assignment, SAPAssignment

SCRIPTS = OBIS.parse("0.0.10.0.100.255")
LN = "0.0.1.2.3.255"


def day(index: int, date: CosemDate, day_id: int = 1) -> SpecialDay:
    return SpecialDay(index, date, day_id)


NEW_YEAR, KINGS_DAY = CosemDate(month=1, day=1), CosemDate(month=4, day=27)


def test_a_special_day_is_inserted_and_overwrites_its_index_or_date() -> None:
    table = SpecialDaysTable(LN, entries=[day(2, KINGS_DAY)])
    table.invoke(1, SPECIAL_DAY.encode(day(1, NEW_YEAR)))
    assert table.entries == [day(1, NEW_YEAR), day(2, KINGS_DAY)]
    table.insert(day(1, CosemDate(month=1, day=6), 2))
    assert [held.specialday_date.day for held in table.entries] == [6, 27]
    table.insert(day(9, KINGS_DAY, 3))
    assert [held.specialday_index for held in table.entries] == [1, 9]


def test_a_special_day_is_deleted_by_index() -> None:
    table = SpecialDaysTable(LN, entries=[day(2, KINGS_DAY)])
    with pytest.raises(ActionError, match="object-undefined"):
        table.invoke(2, b"\x12\x00\x03")
    table.invoke(2, b"\x12\x00\x02")
    assert table.entries == []


def test_the_passive_calendar_is_copied_over_the_active_one() -> None:
    seasons = [SeasonProfile(b"S", NOT_SPECIFIED, b"W")]
    weeks = [WeekProfile(b"W", 1, 1, 1, 1, 1, 2, 2)]
    days = [DayProfile(1, [DayProfileAction(CosemTime(7, 0, 0, 0), SCRIPTS, 1)])]
    calendar = ActivityCalendar(
        LN,
        calendar_name_passive=b"2027",
        season_profile_passive=seasons,
        week_profile_table_passive=weeks,
        day_profile_table_passive=days,
    )
    calendar.invoke(1)
    assert calendar.calendar_name_active == b"2027"
    assert calendar.season_profile_active == seasons
    assert calendar.week_profile_table_active == weeks
    assert calendar.day_profile_table_active == days
    assert calendar.calendar_name_passive == b"2027"


def test_calendars_of_the_green_book(dlms_vectors: dict[str, Any]) -> None:
    """The ACCESS request of the Green Book writes seasons and weeks of an activity calendar."""
    octets = bytes.fromhex(dlms_vectors["access-request"]["hex"])
    start = octets.index(bytes.fromhex("010402030901"))
    seasons, end = SEASONS.decode(octets, start)
    assert [season.season_profile_name for season in seasons] == [b"\x00", b"\x01", b"\x02", b"\x03"]
    assert [season.week_name for season in seasons] == [b"\xff"] * 4
    weeks, last = WEEKS.decode(octets, end)
    assert last == len(octets)
    assert weeks[1] == WeekProfile(b"\x01", 2, 1, 1, 1, 1, 1, 1)
    assert SEASONS.encode(seasons) + WEEKS.encode(weeks) == octets[start:]
    assert DAYS.decode(b"\x01\x00") == ([], 2)


def test_registers_and_masks() -> None:
    activation = RegisterActivation(LN)
    for name in ("1.0.1.8.1.255", "1.0.1.8.2.255"):
        activation.add_register(ObjectDefinition(3, OBIS.parse(name)))
    activation.add_mask(RegisterMask(b"low", [1]))
    activation.add_mask(RegisterMask(b"normal", [2]))
    activation.add_mask(RegisterMask(b"low", [1, 2]))
    assert activation.mask_list == [RegisterMask(b"normal", [2]), RegisterMask(b"low", [1, 2])]
    with pytest.raises(ActionError, match="index without a register"):
        activation.add_mask(RegisterMask(b"none", [3]))
    activation.active_mask = b"normal"
    with pytest.raises(ActionError, match="read-write-denied"):
        activation.invoke(3, b"\x09\x06normal")
    activation.invoke(3, b"\x09\x03low")
    with pytest.raises(ActionError, match="object-undefined"):
        activation.invoke(3, b"\x09\x03low")
    assert len(activation.mask_list) == 1


def test_logical_devices_and_their_saps() -> None:
    setup = SAPAssignment(LN, sap_assignment_list=[Assignment(1, b"OAMSIM1")])
    setup.connect_logical_device(Assignment(2, b"OAMSIM2"))
    assert setup.sap_assignment_list == [Assignment(1, b"OAMSIM1"), Assignment(2, b"OAMSIM2")]
    setup.connect_logical_device(Assignment(1, b"OAMSIM2"))
    assert setup.sap_assignment_list == [Assignment(1, b"OAMSIM2")]
    setup.connect_logical_device(Assignment(0, b"OAMSIM2"))
    assert setup.sap_assignment_list == []


def test_thresholds_and_the_scripts_of_their_crossing() -> None:
    up, down = ScriptReference(SCRIPTS, 1), ScriptReference(SCRIPTS, 2)
    monitor = RegisterMonitor(LN, thresholds=[10, 20], actions=[ActionSet(up, down), ActionSet(down, up)])
    assert monitor.crossings(5, 15) == [up]
    assert monitor.crossings(5, 25) == [up, down]
    assert monitor.crossings(25, 15) == [up]
    assert monitor.crossings(15, 16) == []
    assert monitor.crossings(10, 10) == []


def test_multicast_addresses() -> None:
    setup = IPv4Setup(LN)
    for address in (1, 2, 1):
        setup.add_mc_ip_address(address)
    assert setup.multicast_ip_address == [2, 1]
    assert setup.invoke(3) == b"\x12\x00\x02"
    setup.delete_mc_ip_address(2)
    assert setup.multicast_ip_address == [1]


def test_not_specified_is_all_wildcards() -> None:
    assert CosemDateTime() == NOT_SPECIFIED
