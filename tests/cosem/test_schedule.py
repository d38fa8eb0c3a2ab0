"""Schedule: ranges of entries are enabled, disabled and deleted; one entry is inserted."""

import pytest

from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemTime
from openami.cosem.schedule import (
    ENABLE_DISABLE,
    INDEX_RANGE,
    SCHEDULE_TABLE_ENTRY,
    EnableDisable,
    IndexRange,
    Schedule,
    ScheduleTableEntry,
)
from openami.dlms.data import BitString

LN = "0.0.12.0.0.255"
SCRIPTS = OBIS.parse("0.0.10.0.100.255")
WORKDAYS = BitString.parse("1111100")


def entry(index: int, *, enable: bool = True, selector: int = 1) -> ScheduleTableEntry:
    return ScheduleTableEntry(
        index,
        enable,
        SCRIPTS,
        selector,
        CosemTime(7, 0, 0, 0),
        60,
        WORKDAYS,
        BitString(0, b""),
        CosemDate(),
        CosemDate(),
    )


def schedule(*indexes: int, enable: bool = True) -> Schedule:
    return Schedule(LN, entries=[entry(index, enable=enable) for index in indexes])


def enabled(table: Schedule) -> list[int]:
    return [held.entry_index for held in table.entries if held.enable]


@pytest.mark.parametrize(
    ("ranges", "left"),
    [
        (EnableDisable(1, 2, 0, 0), [3, 9]),  # A is disabled
        (EnableDisable(3, 3, 1, 0), [1, 2, 9]),  # one entry; first above last: nothing
        (EnableDisable(1, 9, 2, 3), [2, 3]),  # B comes last
        (EnableDisable(10_000, 10_000, 10_000, 10_000), [1, 2, 3, 9]),
    ],
)
def test_range_a_is_disabled_then_range_b_enabled(ranges: EnableDisable, left: list[int]) -> None:
    table = schedule(1, 2, 3, 9)
    table.invoke(1, ENABLE_DISABLE.encode(ranges))
    assert enabled(table) == left


def test_a_range_is_enabled() -> None:
    table = schedule(1, 2, 3, enable=False)
    table.enable_disable(EnableDisable(0, 0, 2, 9999))
    assert enabled(table) == [2, 3]


def test_an_entry_is_inserted_in_order_and_overwrites_its_index() -> None:
    table = schedule(1, 5)
    table.invoke(2, SCHEDULE_TABLE_ENTRY.encode(entry(3)))
    table.insert(entry(5, selector=8))
    assert [(held.entry_index, held.script_selector) for held in table.entries] == [(1, 1), (3, 1), (5, 8)]


@pytest.mark.parametrize(
    ("indexes", "left"),
    [(IndexRange(2, 3), [1, 9]), (IndexRange(9, 9), [1, 2, 3]), (IndexRange(3, 2), [1, 2, 3, 9])],
)
def test_a_range_is_deleted(indexes: IndexRange, left: list[int]) -> None:
    table = schedule(1, 2, 3, 9)
    table.invoke(3, INDEX_RANGE.encode(indexes))
    assert [held.entry_index for held in table.entries] == left
