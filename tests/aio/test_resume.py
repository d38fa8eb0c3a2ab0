"""Profiles that go on after a break: every row once, in order, wherever the line breaks."""

import contextlib
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from odd_meter import OddMeter
from openami import ProfileGeneric, Resume, connect, read_profile
from openami.aio.client import Connecting
from openami.aio.persist import persist
from openami.aio.reading import Profile
from openami.core.errors import AccessError, ConnectionLost, DefinitionError, LinkError, LinkTimeout
from openami.core.stamps import encode_stamps
from openami.dlms.data import Tag
from openami.dlms.profile import Table
from openami.dlms.xdlms import EntryDescriptor, RangeDescriptor
from small_meter import CLOCK, ENERGY, HLS5, MIDNIGHT, PROFILE, ROWS, BadLine, SmallMeter, at_work

CET = timezone(timedelta(hours=1))
DAY, NEXT = datetime(2026, 11, 1, tzinfo=CET), datetime(2026, 11, 2, tzinfo=CET)
WHOLE = 1 << 30


class Breaks(BadLine):
    """A line that breaks once after each of so many octets from the meter, then holds."""

    def __init__(self, listener: Any, *afters: int, cut: bool = True) -> None:
        super().__init__(listener, 0, cut=cut)
        self.afters = list(afters)

    async def carry(self, reader: Any, writer: Any) -> None:
        self.after = self.afters.pop(0) if self.afters else WHOLE
        with contextlib.suppress(ConnectionError):
            await super().carry(reader, writer)


def to(url: str, **options: Any) -> Connecting:
    """A client that takes short APDUs, so that profiles come in blocks."""
    return connect(url, security=HLS5, max_pdu=200, timeout_s=options.pop("timeout_s", 2.0), **options)


def energies(profile: Profile) -> list[int]:
    return profile.table.columns[-1].tolist()


def asked(meter: OddMeter) -> list[Any]:
    """Selections of the buffer that were asked for."""
    items = [item for request in meter.requests if request.kind == "get" for item in request.items]
    return [selection for descriptor, selection in items if (descriptor.class_id, descriptor.attribute_id) == (7, 2)]


def first_of(selection: Any) -> bytes:
    return RangeDescriptor.decode(selection).from_value


async def test_a_broken_answer_leaves_what_has_come() -> None:
    async with at_work(SmallMeter()) as listener, BadLine(listener, 2_000, cut=True) as url, to(url) as meter:
        with pytest.raises(ConnectionLost) as broken:
            await meter.get_raw(ProfileGeneric.buffer.at(PROFILE))
    assert broken.value.partial[:2] == b"\x01\x60"
    assert 800 < len(broken.value.partial) < 2_000


async def test_what_was_not_broken_off_leaves_nothing() -> None:
    async with at_work(SmallMeter()) as listener, BadLine(listener, 200, cut=True) as url, to(url) as meter:
        with pytest.raises(ConnectionLost) as broken:
            await meter.get_raw(ProfileGeneric.capture_objects.at(PROFILE))
    assert broken.value.partial == b""


@pytest.mark.parametrize("by_entry", [False, True])
@pytest.mark.parametrize("after", [100, 700, 900, 1_500, 2_300, 2_900, 2_980])
async def test_every_row_comes_once_wherever_the_line_breaks(after: int, by_entry: bool) -> None:
    meter, kept, connections = OddMeter(), Resume(), 0
    async with at_work(meter) as listener, Breaks(listener, WHOLE, after) as url:
        while True:
            connections += 1
            try:
                async with to(url) as session:
                    if by_entry:
                        rows = await session.entries(PROFILE, resume=kept)
                    else:
                        rows = await session.profile(PROFILE, DAY, NEXT, resume=kept)
                    break
            except LinkError:
                assert connections == 1
    assert connections == 2
    assert energies(rows) == [7 * n for n in range(ROWS)]
    assert (np.diff(rows.stamps()) == 900).all()
    starts = [EntryDescriptor.decode(s).from_entry if by_entry else first_of(s) for s in asked(meter)]
    assert len(starts) < 2 or after < 1_200 or starts[1] > starts[0]


async def test_some_columns_by_range() -> None:
    meter = OddMeter()
    async with at_work(meter) as listener, Breaks(listener, WHOLE, 1_500) as url:
        rows = await read_profile(to(url), PROFILE, DAY, NEXT, [CLOCK, ENERGY], pause_s=0)
    assert rows.names == [CLOCK, ENERGY]
    assert energies(rows) == [7 * n for n in range(ROWS)]
    one, other = asked(meter)
    assert first_of(one) < first_of(other)


async def test_without_a_clock_among_the_columns_reading_begins_afresh() -> None:
    meter = OddMeter()
    async with at_work(meter) as listener, Breaks(listener, WHOLE, 1_000) as url:
        rows = await read_profile(to(url), PROFILE, DAY, NEXT, [ENERGY], pause_s=0)
    assert energies(rows) == [7 * n for n in range(ROWS)]
    one, other = asked(meter)
    assert first_of(one) == first_of(other)


def profile_of(meter: SmallMeter) -> ProfileGeneric:
    found = meter.object(7, PROFILE)
    assert isinstance(found, ProfileGeneric)
    return found


async def test_newest_first() -> None:
    meter = OddMeter()
    profile = profile_of(meter)
    profile.buffer = profile.buffer.select(slice(None, None, -1))
    async with at_work(meter) as listener, Breaks(listener, WHOLE, 2_000) as url:
        rows = await read_profile(to(url), PROFILE, DAY, NEXT, pause_s=0)
    assert energies(rows) == [7 * n for n in range(ROWS)][::-1]
    one, other = map(RangeDescriptor.decode, asked(meter))
    assert one.from_value == other.from_value
    assert one.to_value > other.to_value


def events(*seconds: int) -> Table:
    """Rows with these stamps, numbered in the last column."""
    count = len(seconds)
    utc = MIDNIGHT + np.array(seconds, np.int64)
    stamps = encode_stamps(utc, np.full(count, -60, np.int16), np.zeros(count, np.bool_))
    return Table(
        [stamps, np.zeros(count, np.uint8), np.arange(count, dtype=np.uint32)],
        [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED],
    )


@pytest.mark.parametrize("after", range(1_300, 2_600, 130))
async def test_several_rows_of_one_second(after: int) -> None:
    meter = OddMeter()
    profile_of(meter).buffer = events(*(60 * (n // 5) for n in range(ROWS)))
    async with at_work(meter) as listener, Breaks(listener, WHOLE, after) as url:
        rows = await read_profile(to(url), PROFILE, DAY, NEXT, pause_s=0)
    assert energies(rows) == list(range(ROWS))


async def test_entries_that_have_moved_meanwhile() -> None:
    meter, kept = OddMeter(), Resume()
    profile = profile_of(meter)
    async with at_work(meter) as listener, Breaks(listener, WHOLE, 2_000) as url:
        with pytest.raises(ConnectionLost):
            async with to(url) as session:
                await session.entries(PROFILE, resume=kept)
        assert 5 < len(kept) < ROWS
        profile.buffer = profile.buffer.select(slice(3, None))
        async with to(url) as session:
            rows = await session.entries(PROFILE, resume=kept)
    assert energies(rows) == [7 * n for n in range(3, ROWS)]
    starts = [EntryDescriptor.decode(selection).from_entry for selection in asked(meter)]
    assert starts[0] == starts[2] == 1 < starts[1]


async def test_rows_with_nulls_are_filled_before_they_are_kept() -> None:
    meter = OddMeter()
    profile_of(meter).null_columns = (0, 1)
    async with at_work(meter) as listener, Breaks(listener, WHOLE, 700) as url:
        rows = await read_profile(to(url), PROFILE, DAY, NEXT, pause_s=0)
    assert (np.diff(rows.stamps()) == 900).all()
    assert energies(rows) == [7 * n for n in range(ROWS)]


async def test_the_rows_of_one_profile_are_no_part_of_another() -> None:
    kept = Resume()
    async with at_work(SmallMeter()) as listener, to(f"tcp://{listener.addresses[0]}") as session:
        await session.entries(PROFILE, resume=kept)
        with pytest.raises(DefinitionError, match="another reading"):
            await session.entries(PROFILE, 2, resume=kept)
        with pytest.raises(DefinitionError, match="another reading"):
            await session.profile(PROFILE, DAY, NEXT, resume=kept)


# Over as many connections as it takes


async def test_several_breaks() -> None:
    meter = OddMeter()
    async with at_work(meter) as listener, Breaks(listener, WHOLE, 1_300, 1_300, 1_300, 1_300, 1_300) as url:
        rows = await read_profile(to(url), PROFILE, DAY, NEXT, pause_s=0, attempts=2)
    assert energies(rows) == [7 * n for n in range(ROWS)]
    starts = [first_of(selection) for selection in asked(meter)]
    assert starts == sorted(set(starts))
    assert len(starts) > 3


async def test_a_line_that_falls_silent() -> None:
    async with at_work(SmallMeter()) as listener, Breaks(listener, WHOLE, 1_800, cut=False) as url:
        rows = await read_profile(to(url, timeout_s=0.2), PROFILE, DAY, NEXT, pause_s=0)
    assert energies(rows) == [7 * n for n in range(ROWS)]


async def test_no_end_of_breaks() -> None:
    async with at_work(SmallMeter()) as listener, BadLine(listener, 300, cut=True) as url:
        with pytest.raises(LinkError):
            await read_profile(to(url), PROFILE, DAY, NEXT, pause_s=0, attempts=3)


async def test_what_is_no_break_is_raised_at_once() -> None:
    meter = OddMeter()
    async with at_work(meter) as listener:
        with pytest.raises(AccessError):
            await read_profile(to(f"tcp://{listener.addresses[0]}"), "1.0.99.9.0.255", DAY, NEXT, pause_s=9)


async def test_the_counter_goes_on_over_all_connections() -> None:
    meter, stand = OddMeter(), 0
    seen: list[int] = []

    async def work(session: Any) -> None:
        nonlocal stand
        await session.clock()
        seen.append(meter.last_counter())
        stand += 1
        if stand < 3:
            raise LinkTimeout("a break")

    async with at_work(meter) as listener:
        await persist(to(f"tcp://{listener.addresses[0]}"), work, lambda: stand, attempts=1, pause_s=0)
    assert seen == sorted(set(seen))
    assert len([session for session in meter.sessions if session.seen]) == 4, "the counter was asked for once"
