"""Clock: attributes and the methods that set it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from openami.core.errors import ActionError
from openami.core.time import CET, ClockStatus, CosemDateTime
from openami.cosem.clock import Clock, PresetTime
from openami.cosem.objects import Live
from openami.dlms.data import INT16

LN = "0.0.1.0.0.255"


def at(hour: int, minute: int, second: int = 0, day: int = 4) -> CosemDateTime:
    zone = ZoneInfo("Europe/Amsterdam")
    return CosemDateTime.from_datetime(datetime(2026, 5, day, hour, minute, second, tzinfo=zone))


def clock(time: CosemDateTime) -> Clock:
    return Clock(LN, time=time, time_zone=-60)


def test_time_is_an_octet_string_with_deviation_and_dst_bit() -> None:
    assert clock(at(12, 30)).read(2).hex() == "090c07ea0504010c1e0000ff8880"
    assert clock(at(12, 30)).read(4) == bytes((17, ClockStatus.DST))
    assert Clock(LN).read(4) == b"\x11\x00"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (at(12, 7, 29), at(12, 0)),
        (at(12, 7, 30), at(12, 15)),
        (at(23, 55), at(0, 0, day=5)),
        (at(1, 0), at(1, 0)),
    ],
)
def test_adjust_to_quarter(before: CosemDateTime, after: CosemDateTime) -> None:
    thing = clock(before)
    thing.invoke(1)
    assert thing.time == after


@pytest.mark.parametrize(("before", "after"), [(at(12, 7, 29), at(12, 7)), (at(12, 7, 30), at(12, 8))])
def test_adjust_to_minute(before: CosemDateTime, after: CosemDateTime) -> None:
    thing = clock(before)
    thing.invoke(3)
    assert thing.time == after


def test_shift_time_within_900_seconds() -> None:
    thing = clock(at(12, 0))
    thing.invoke(6, INT16.encode(-900))
    assert thing.time == at(11, 45)
    thing.shift_time(900)
    assert thing.time == at(12, 0)
    with pytest.raises(ActionError, match="scope-of-access-violated"):
        thing.shift_time(901)


def test_a_clock_without_deviation_keeps_it_open() -> None:
    thing = clock(CosemDateTime(2026, 5, 4, 1, 23, 59, 50, 0))
    thing.shift_time(20)
    assert (thing.time.day, thing.time.hour, thing.time.second) == (5, 0, 10)
    assert thing.time.deviation == -0x8000


def test_a_running_clock_is_set_through_its_writer() -> None:
    set_to: list[CosemDateTime] = []
    thing = Clock(LN, time=Live(lambda: at(12, 7), set_to.append))
    thing.adjust_to_quarter(0)
    assert set_to == [at(12, 0)]


def test_a_preset_time_is_set_while_it_is_valid() -> None:
    thing = clock(at(12, 10))
    with pytest.raises(ActionError, match="other-reason"):
        thing.adjust_to_preset_time(0)
    thing.preset_adjusting_time(PresetTime(at(13, 0), at(12, 0), at(12, 5)))
    with pytest.raises(ActionError, match="other-reason"):
        thing.adjust_to_preset_time(0)
    thing.preset_adjusting_time(PresetTime(at(13, 0), at(12, 0), at(12, 30)))
    thing.adjust_to_preset_time(0)
    assert thing.time == at(13, 0)
    with pytest.raises(ActionError, match="type-unmatched"):
        thing.preset_adjusting_time(PresetTime(CosemDateTime(), at(12, 0), at(12, 5)))


def test_the_rule_of_daylight_saving() -> None:
    thing = Clock(
        LN,
        time_zone=-60,
        daylight_savings_begin=CET.begin,
        daylight_savings_end=CET.end,
        daylight_savings_deviation=60,
        daylight_savings_enabled=True,
    )
    assert thing.dst_rule() == CET
