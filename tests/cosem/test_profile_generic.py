"""Profile generic: whole buffers, ranges and entries, both days of a clock change."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AccessError, ActionError
from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.cosem.objects import Live
from openami.cosem.profile_generic import BUFFER, ProfileGeneric, SortMethod, no_rows, table_of
from openami.cosem.selection import TableSource, local_resolver
from openami.dlms.data import DATE_TIME, ENUM, OCTET_STRING, UINT8, UINT32
from openami.dlms.profile import Table, decode_profile
from openami.dlms.xdlms import (
    CaptureObject,
    DataAccessResult,
    EntryDescriptor,
    GetRequestNormal,
    RangeDescriptor,
    Selection,
    decode,
)

LP1 = "1.0.99.1.0.255"
CLOCK = CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2, 0)
STATUS = CaptureObject(1, OBIS.parse("0.0.96.10.2.255"), 2, 0)
IMPORT = CaptureObject(3, OBIS.parse("1.0.1.8.0.255"), 2, 0)
EXPORT = CaptureObject(3, OBIS.parse("1.0.2.8.0.255"), 2, 0)
COLUMNS = [CLOCK, STATUS, IMPORT, EXPORT]
QUARTER = 900
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def utc(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp())


def rows(first: int, count: int) -> Table:
    """Rows of the CET clock, a quarter of an hour apart; the import counts the rows."""
    stamps = [CET.stamp(first + QUARTER * index) for index in range(count)]
    cells = [(stamp, 8 if stamp.status else 0, index, 0) for index, stamp in enumerate(stamps)]
    return table_of(cells, [DATE_TIME, UINT8, UINT32, UINT32])


def profile(table: Table, **values: Any) -> ProfileGeneric:
    values = {"resolver": local_resolver(CET), "capture_period": QUARTER, "profile_entries": 960} | values
    return ProfileGeneric(LP1, buffer=table, capture_objects=COLUMNS, **values)


def by_time(first: CosemDateTime | None, last: CosemDateTime | None, *wanted: CaptureObject) -> Selection:
    ends = [b"\x00" if end is None else DATE_TIME.encode(end) for end in (first, last)]
    return RangeDescriptor(CLOCK, *ends, wanted).encode()


def counts(thing: ProfileGeneric, selection: Selection | None = None) -> list[int]:
    """What the import column of the answer holds."""
    table = decode_profile(thing.read(2, selection))
    return [] if not len(table) else [int(cell) for cell in table.columns[2]]


def local(*fields: int, deviation: int = -0x8000) -> CosemDateTime:
    year, month, day, hour, minute = fields
    return CosemDateTime(year, month, day, 0xFF, hour, minute, 0, 0xFF, deviation, 0xFF)


DAY = utc(2026, 5, 3, 22)
"""Local midnight of 4 May 2026."""


def test_the_whole_buffer_goes_out_as_it_is() -> None:
    table = rows(DAY, 960)
    octets = profile(table).read(2)
    assert octets[:4] == b"\x01\x82\x03\xc0"
    back, end = BUFFER.decode(octets + b"tail")
    assert end == len(octets)
    assert all(map(np.array_equal, back.columns, table.columns))
    assert profile(table).entries_in_use == 960
    assert profile(table).read(7) == UINT32.encode(960)


def test_a_range_includes_both_ends_to_the_second() -> None:
    thing = profile(rows(DAY, 96))
    assert counts(thing, by_time(CET.stamp(DAY + 900), CET.stamp(DAY + 2700))) == [1, 2, 3]
    assert counts(thing, by_time(CET.stamp(DAY + 901), CET.stamp(DAY + 2699))) == [2]
    assert counts(thing, by_time(CET.stamp(DAY + 901), CET.stamp(DAY + 1799))) == []
    assert counts(thing, by_time(CET.stamp(DAY - 9000), CET.stamp(DAY - 900))) == []


def test_wildcards_and_null_leave_an_end_open() -> None:
    thing = profile(rows(DAY, 8))
    never = CosemDateTime()
    assert counts(thing, by_time(never, CET.stamp(DAY + 900))) == [0, 1]
    assert counts(thing, by_time(CET.stamp(DAY + 6 * 900), never)) == [6, 7]
    assert counts(thing, by_time(never, never)) == list(range(8))
    assert counts(thing, by_time(None, CET.stamp(DAY))) == [0]


def test_any_second_is_the_whole_minute() -> None:
    thing = profile(table_of([(CET.stamp(DAY + 30), 0, 7, 0)], [DATE_TIME, UINT8, UINT32, UINT32]))
    minute = CosemDateTime(2026, 5, 4, 0xFF, 0, 0, 0xFF, 0xFF, -120, 0xFF)
    assert counts(thing, by_time(minute, minute)) == [7]


def test_chosen_columns_in_the_order_asked_for() -> None:
    thing = profile(rows(DAY, 4))
    octets = thing.read(2, by_time(CET.stamp(DAY), CET.stamp(DAY + 900), IMPORT, CLOCK))
    table = decode_profile(octets)
    assert len(table.columns) == 2
    assert list(table.columns[0]) == [0, 1]
    assert list(table.stamps(1)) == [DAY, DAY + 900]
    assert octets[:4] == b"\x01\x02\x02\x02"


def test_the_repeated_hour_of_autumn() -> None:
    """25 October 2026: 02:00 to 03:00 is read twice, first at -120, then at -60."""
    start = utc(2026, 10, 24, 22)
    thing = profile(rows(start, 101))
    first_hour, second_hour = [8, 9, 10, 11, 12], [12, 13, 14, 15, 16]
    ends = (2026, 10, 25, 2, 0), (2026, 10, 25, 3, 0)
    summer = by_time(local(*ends[0], deviation=-120), local(*ends[1], deviation=-120))
    winter = by_time(local(*ends[0], deviation=-60), local(*ends[1], deviation=-60))
    assert counts(thing, summer) == first_hour
    assert counts(thing, winter) == second_hour
    half = local(2026, 10, 25, 2, 30)
    both = [10, 11, 12, 13, 14]
    assert counts(thing, by_time(half, half)) == both, "without deviation both hours are meant"
    assert counts(thing, by_time(local(*ends[0]), local(2026, 10, 25, 2, 45))) == list(range(8, 16))
    midnights = by_time(local(2026, 10, 25, 0, 0), local(2026, 10, 26, 0, 0))
    assert len(counts(thing, midnights)) == 101, "100 quarters and the midnight before them"


def test_the_skipped_hour_of_spring() -> None:
    """29 March 2026: 02:00 to 03:00 does not exist; the day has 92 quarters."""
    start = utc(2026, 3, 28, 23)
    thing = profile(rows(start, 93))
    midnights = by_time(local(2026, 3, 29, 0, 0), local(2026, 3, 30, 0, 0))
    assert len(counts(thing, midnights)) == 93
    skipped = counts(thing, by_time(local(2026, 3, 29, 2, 0), local(2026, 3, 29, 2, 45)))
    assert skipped == [8, 9, 10, 11], "read as the clock goes on: 03:00 to 03:45"


@given(st.integers(utc(2025, 1, 1), utc(2027, 12, 31)))
def test_local_times_resolve_as_zoneinfo_does(instant: int) -> None:
    naive = datetime.fromtimestamp(instant, AMSTERDAM).replace(tzinfo=None)
    found = {int(naive.replace(tzinfo=AMSTERDAM, fold=fold).timestamp()) for fold in (0, 1)}
    local_s = int(naive.replace(tzinfo=UTC).timestamp())
    assert local_resolver(CET)(local_s) == (min(found), max(found))


def test_entries_are_counted_from_one_and_zero_is_the_last() -> None:
    thing = profile(rows(DAY, 10))

    def entries(*fields: int) -> list[int]:
        return counts(thing, EntryDescriptor(*fields).encode())

    assert entries(1, 0) == list(range(10))
    assert entries(1, 1) == [0]
    assert entries(9, 0) == [8, 9]
    assert entries(3, 5) == [2, 3, 4]
    assert entries(5, 99) == [4, 5, 6, 7, 8, 9]
    assert entries(11, 0) == []
    assert entries(5, 4) == []
    columns = decode_profile(thing.read(2, EntryDescriptor(2, 3, 3, 4).encode()))
    assert [list(column) for column in columns.columns] == [[1, 2], [0, 0]]
    last = decode_profile(thing.read(2, EntryDescriptor(2, 3, 4, 0).encode()))
    assert len(last.columns) == 1


@given(st.lists(st.integers(0, 40), unique=True), st.integers(-1, 41), st.integers(-1, 41))
def test_a_range_is_what_a_plain_loop_finds(quarters: list[int], first: int, last: int) -> None:
    """Rows need not be in order: a clock may have been set back."""
    cells = [(CET.stamp(DAY + QUARTER * quarter), 0, quarter, 0) for quarter in quarters]
    table = table_of(cells, [DATE_TIME, UINT8, UINT32, UINT32]) if cells else no_rows()
    found = counts(profile(table), by_time(CET.stamp(DAY + QUARTER * first), CET.stamp(DAY + QUARTER * last)))
    assert found == [quarter for quarter in quarters if first <= quarter <= last]


def test_a_range_over_a_number() -> None:
    thing = profile(rows(DAY, 10))
    selection = RangeDescriptor(IMPORT, UINT32.encode(3), UINT32.encode(5)).encode()
    assert counts(thing, selection) == [3, 4, 5]
    open_end = RangeDescriptor(IMPORT, UINT32.encode(8), b"\x00").encode()
    assert counts(thing, open_end) == [8, 9]
    assert counts(profile(no_rows()), selection) == []


def test_a_range_over_a_second_time_column() -> None:
    captured = CaptureObject(4, OBIS.parse("0.1.24.2.2.255"), 5, 0)
    cells = [(CET.stamp(DAY + 900 * n), CET.stamp(DAY + 3600 * n)) for n in range(4)]
    thing = ProfileGeneric(LP1, buffer=table_of(cells, [DATE_TIME] * 2), capture_objects=[CLOCK, captured])
    ends = [DATE_TIME.encode(CET.stamp(DAY + 3600 * n)) for n in (1, 2)]
    table = decode_profile(thing.read(2, RangeDescriptor(captured, *ends).encode()))
    assert list(table.stamps(0)) == [DAY + 900, DAY + 1800]


@pytest.mark.parametrize(
    ("selection", "result"),
    [
        (RangeDescriptor(CaptureObject(8, OBIS(bytes(6)), 2, 0), b"\x00", b"\x00").encode(), "SCOPE"),
        (by_time(None, None, CaptureObject(3, IMPORT.logical_name, 3, 0)), "SCOPE"),
        (Selection(3, b"\x00"), "SCOPE"),
        (Selection(1, b"\x00"), "TYPE"),
        (Selection(2, b"\x02\x04\x06\x00\x00\x00\x01"), "TYPE"),
        (RangeDescriptor(CLOCK, OCTET_STRING.encode(b"short"), b"\x00").encode(), "TYPE"),
        (RangeDescriptor(CLOCK, DATE_TIME.encode(local(2026, 13, 1, 0, 0)), b"\x00").encode(), "TYPE"),
        (RangeDescriptor(CLOCK, DATE_TIME.encode(local(2026, 1, 1, 0, 0)), UINT8.encode(1)).encode(), "TYPE"),
        (RangeDescriptor(CLOCK, UINT8.encode(1), UINT8.encode(1)).encode(), "TYPE"),
        (RangeDescriptor(IMPORT, DATE_TIME.encode(local(2026, 1, 1, 0, 0)), b"\x00").encode(), "TYPE"),
    ],
)
def test_selectors_that_make_no_sense_are_refused(selection: Selection, result: str) -> None:
    results = {"SCOPE": DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, "TYPE": DataAccessResult.TYPE_UNMATCHED}
    with pytest.raises(AccessError) as refused:
        profile(rows(DAY, 3)).read(2, selection)
    assert refused.value.result is results[result]


def test_octets_where_a_number_is_expected_are_refused() -> None:
    names = CaptureObject(1, OBIS.parse("0.0.96.1.0.255"), 2, 0)
    thing = ProfileGeneric(LP1, buffer=table_of([(b"ab",)], [OCTET_STRING]), capture_objects=[names])
    with pytest.raises(AccessError, match="type-unmatched"):
        thing.read(2, RangeDescriptor(names, OCTET_STRING.encode(b"a"), OCTET_STRING.encode(b"c")).encode())


@given(st.integers(1, 2), st.binary(max_size=60))
def test_any_selector_gives_rows_or_a_refusal(selector: int, parameters: bytes) -> None:
    thing = profile(rows(DAY, 2))
    try:
        octets = thing.read(2, Selection(selector, parameters))
    except AccessError:
        return
    assert octets[0] == 1


def test_the_captured_request_of_a_head_end(dlms_vectors: dict[str, Any]) -> None:
    """A range of one hour as u9n/dlms-cosem sends it, deviation -60 included."""
    request = decode(bytes.fromhex(dlms_vectors["get-request-range"]["hex"]))
    assert isinstance(request, GetRequestNormal)
    start = utc(2017, 9, 30, 23)
    table = rows(start - 1800, 96)
    thing = ProfileGeneric(LP1, buffer=table, capture_objects=COLUMNS)
    assert counts(thing, request.selection) == [2, 3, 4, 5, 6]


def test_a_captured_buffer_is_read_and_written_alike(dlms_vectors: dict[str, Any]) -> None:
    vector = dlms_vectors["profile-24h-3cols"]
    table, end = BUFFER.decode(bytes.fromhex(vector["hex"]))
    assert end == len(vector["hex"]) // 2
    thing = ProfileGeneric(LP1, buffer=table, capture_objects=[CLOCK, STATUS, IMPORT])
    assert thing.read(2).hex() == vector["hex"]
    assert counts(thing) == vector["expected"]["column_3"]
    first = CosemDateTime(2018, 2, 12, 0xFF, 22, 0, 0, 0xFF, -0x8000, 0)
    assert counts(thing, by_time(first, CosemDateTime())) == vector["expected"]["column_3"][22:]


def test_regular_cells_go_out_as_null_data() -> None:
    table = rows(DAY, 96)
    thing = profile(table, null_columns=(0, 1))
    octets = thing.read(2, by_time(CET.stamp(DAY + 900), CET.stamp(DAY + 3600)))
    assert octets.count(b"\x09\x0c") == 1, "only the first row states its time"
    back = decode_profile(octets).fill_null(QUARTER)
    assert list(back.stamps(0)) == [DAY + 900 * n for n in range(1, 5)]
    whole = decode_profile(thing.read(2)).fill_null(QUARTER)
    assert all(map(np.array_equal, whole.columns, table.columns))
    two = decode_profile(thing.read(2, by_time(CET.stamp(DAY), CET.stamp(DAY + 1800), CLOCK, EXPORT)))
    assert [list(column) for column in two.nulls] == [[False, True, True], [False, False, False]]


def test_counters_go_out_as_their_differences() -> None:
    table = rows(DAY, 96)
    thing = profile(table, null_columns=(0,), delta_columns=(2,))
    octets = thing.read(2)
    assert len(octets) < len(profile(table, null_columns=(0,)).read(2))
    back = decode_profile(octets).fill_null(QUARTER)
    assert all(map(np.array_equal, back.columns, table.columns))
    two = thing.read(2, by_time(CET.stamp(DAY), CET.stamp(DAY + 1800), CLOCK, EXPORT))
    plain = decode_profile(profile(table).read(2, by_time(CET.stamp(DAY), CET.stamp(DAY + 1800), CLOCK, EXPORT)))
    assert np.array_equal(decode_profile(two).fill_null(QUARTER).columns[1], plain.columns[1])


class Ring:
    """A source that says what it was asked for."""

    def __init__(self, table: Table) -> None:
        self.rows = TableSource(table)
        self.asked: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self.rows)

    def entries(self, start: int, stop: int) -> Table:
        self.asked.append(("entries", start, stop))
        return self.rows.entries(start, stop)

    def between(self, first: int | None, last: int | None) -> Table:
        self.asked.append(("between", first, last))
        return self.rows.between(first, last)


def test_a_source_makes_only_the_rows_asked_for() -> None:
    ring = Ring(rows(DAY, 96))
    thing = ProfileGeneric(LP1, source=ring, capture_objects=COLUMNS)
    assert thing.read(7) == UINT32.encode(96)
    assert ring.asked == []
    assert counts(thing, by_time(CET.stamp(DAY), CET.stamp(DAY + 900))) == [0, 1]
    assert counts(thing, EntryDescriptor(4, 5).encode()) == [3, 4]
    assert ring.asked == [("between", DAY, DAY + 900), ("entries", 3, 5)]
    assert len(counts(thing)) == 96


def test_reset_clears_the_buffer_and_capture_is_the_device_s() -> None:
    thing = profile(rows(DAY, 3))
    thing.reset(0)
    assert thing.read(2) == b"\x01\x00"
    assert thing.entries_in_use == 0
    with pytest.raises(ActionError, match="object-unavailable"):
        thing.capture(0)
    with pytest.raises(ActionError, match="read-write-denied"):
        ProfileGeneric(LP1, source=Ring(no_rows())).invoke(1, b"\x0f\x00")
    cleared: list[Table] = []
    live = ProfileGeneric(LP1, buffer=Live(no_rows, cleared.append), handlers={"capture": cleared.append})
    live.invoke(1)
    live.invoke(2)
    assert len(cleared) == 2


def test_sort_method_is_checked() -> None:
    thing = profile(no_rows())
    thing.write(5, ENUM.encode(2))
    assert thing.sort_method is SortMethod.LIFO
    with pytest.raises(AccessError, match="type-unmatched"):
        thing.write(5, ENUM.encode(9))
