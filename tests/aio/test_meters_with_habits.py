"""Quirks on real sockets: each meter's habit fails a client that does not know of it, and serves one that does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from odd_meter import Between, OddMeter
from openami import Clock, ProfileGeneric, Quirks, Register, connect
from openami.aio.client import Connecting
from openami.core.errors import AccessError, ConnectionLost, DecodeError, LinkTimeout, SecurityError
from openami.core.obis import OBIS
from openami.core.stamps import encode_stamps
from openami.core.time import DEVIATION_UNSET, CosemDateTime
from openami.cosem.registers import Data
from openami.dlms.data import DATE_TIME, UINT32
from openami.dlms.profile import Table
from openami.dlms.quirks import STANDARD
from openami.dlms.security import SendCounter
from openami.dlms.security.counters import CounterError
from openami.dlms.xdlms import DataAccessResult, RangeDescriptor
from small_meter import CLOCK, COUNTER, ENERGY, HLS5, MIDNIGHT, PROFILE, ROWS, SmallMeter, at_work, url_of

CET = timezone(timedelta(hours=1))
DAY = datetime(2026, 11, 1, tzinfo=CET)
knows = pytest.mark.parametrize("knows", [False, True], ids=["standard", "with the quirk"])


def to(listener: Any, quirks: Quirks = STANDARD, **options: Any) -> Connecting:
    options = {"security": HLS5, "timeout_s": 1.0} | options
    return connect(listener if isinstance(listener, str) else url_of(listener), quirks=quirks, **options)


# Counters


async def test_the_usual_counter_objects_are_tried_in_order() -> None:
    for name in (COUNTER, "0.0.43.1.1.255"):
        meter = OddMeter()
        del meter.objects[1, OBIS.parse(COUNTER)]
        meter.show(Data(name, types={"value": UINT32}, value=700))
        async with at_work(meter) as listener, to(listener) as session:
            assert await session.get(Register.value, ENERGY) == 12_345
        assert meter.last_counter() > 700


@knows
async def test_a_counter_object_of_its_own(knows: bool) -> None:
    meter = OddMeter()
    del meter.objects[1, OBIS.parse(COUNTER)]
    meter.show(Data("0.0.43.1.9.255", types={"value": UINT32}, value=700))
    quirks = Quirks(counter_objects=(OBIS.parse("0.0.43.1.8.255"), OBIS.parse("0.0.43.1.9.255")))
    async with at_work(meter) as listener:
        if not knows:
            with pytest.raises(SecurityError, match="does not tell client 16 its invocation counter"):
                await to(listener)
            return
        async with to(listener, quirks):
            assert meter.last_counter() > 700


def hangs_up(data: bytes) -> bytes | None:
    """No word of an invocation counter that was used before."""
    return None if data[8:11] == b"\xd8\x01\x06" else data


@knows
@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_meter_that_hangs_up_on_an_old_counter(knows: bool, is_silent: bool) -> None:
    meter = SmallMeter()
    meter.counters.last[1, "global"] = 5_000
    judge = (lambda data: b"" if hangs_up(data) is None else data) if is_silent else hangs_up
    async with at_work(meter) as listener, Between(listener, judge) as url:
        counter = SendCounter(17)
        connecting = to(url, Quirks(hangs_up_on_old_counter=knows), send_counter=counter, timeout_s=0.3)
        if not knows:
            with pytest.raises(LinkTimeout if is_silent else ConnectionLost):
                await connecting
            return
        async with connecting as session:
            assert await session.get(Register.value, ENERGY) == 12_345
        assert counter.next > 5_000


async def test_a_meter_that_hangs_up_for_another_reason() -> None:
    meter = SmallMeter()
    meter.counters.last[1, "global"] = 5_000
    async with (
        at_work(meter) as listener,
        Between(listener, lambda data: None if data[8] == 0x61 and len(data) > 60 else data) as url,
    ):
        with pytest.raises(ConnectionLost):
            await to(url, Quirks(hangs_up_on_old_counter=True), send_counter=SendCounter(6_000))


async def test_a_counter_that_is_told_is_obeyed_without_any_quirk() -> None:
    meter = SmallMeter()
    meter.counters.last[1, "global"] = 5_000
    async with at_work(meter) as listener:
        async with to(listener, send_counter=SendCounter(17)):
            pass
        meter.counters.last[1, "global"] = 1 << 31
        with pytest.raises(CounterError):
            await to(listener, send_counter=SendCounter(17))


# Release


@knows
async def test_a_meter_that_knows_no_release(knows: bool) -> None:
    sent: list[int] = []

    def judge(data: bytes) -> bytes:
        sent.append(data[8])
        return b"" if data[8] == 0x62 else data

    async with at_work(SmallMeter()) as listener, Between(listener, judge) as url:
        meter = await to(url, Quirks(knows_release=not knows), client=16, security=None, timeout_s=0.2)
        if knows:
            await meter.release()
        else:
            with pytest.raises(LinkTimeout):
                await meter.release()
        await meter.disconnect()
        sent.clear()
        async with to(url, Quirks(knows_release=not knows), client=16, security=None, timeout_s=0.2):
            pass
    assert (0x62 in sent) is not knows


# Values


@knows
async def test_octets_behind_values(knows: bool) -> None:
    def habit(request: Any, answer: Any) -> Any:
        results = answer(request)
        return (
            [result + bytes(4) for result in results] if request.kind == "get" and request.client_sap == 1 else results
        )

    async with at_work(OddMeter(habit)) as listener, to(listener, Quirks(trailing_octets=knows)) as session:
        if knows:
            assert await session.get(Register.value, ENERGY) == 12_345
            assert await session.clock() == DAY
        else:
            with pytest.raises(DecodeError, match="4 octets too many"):
                await session.get(Register.value, ENERGY)


def odd_clock(deviation: int) -> OddMeter:
    """A meter whose clock and stamps bear this deviation, while they show Central European Time."""
    meter = OddMeter()
    clock, profile = meter.object(8, CLOCK), meter.object(7, PROFILE)
    assert isinstance(clock, Clock)
    assert isinstance(profile, ProfileGeneric)
    clock.time = replace(clock.time, deviation=deviation)
    utc = MIDNIGHT + 900 * np.arange(1, ROWS + 1, dtype=np.int64)
    stamps = encode_stamps(utc, np.full(ROWS, -60, np.int16), np.zeros(ROWS, np.bool_))
    stamps[:, 9:11] = np.frombuffer(deviation.to_bytes(2, "big", signed=True), np.uint8)
    table = profile.buffer
    profile.buffer = Table([stamps, *table.columns[1:]], table.tags)
    return meter


def ranges(meter: OddMeter) -> list[RangeDescriptor]:
    """Ranges that were asked for."""
    items = [item for request in meter.requests if request.kind == "get" for item in request.items]
    selections = [selection for _, selection in items if selection is not None and selection.selector == 1]
    return list(map(RangeDescriptor.decode, selections))


@knows
async def test_the_opposite_deviation(knows: bool) -> None:
    meter = odd_clock(60)
    async with at_work(meter) as listener, to(listener, Quirks(opposite_deviation=knows)) as session:
        assert (await session.clock() == DAY) is knows
        rows = await session.entries(PROFILE)
        assert (int(rows.stamps()[0]) == MIDNIGHT + 900) is knows
        assert bool(rows.columns()[CLOCK][0] == np.datetime64(MIDNIGHT + 900, "s")) is knows
        await session.profile(PROFILE, DAY, DAY + timedelta(hours=1))
    [asked] = ranges(meter)
    assert DATE_TIME.decode(asked.from_value)[0].deviation == (60 if knows else -60)


async def test_the_standard_deviation_is_left_alone_and_so_is_one_that_is_not_given() -> None:
    async with at_work(odd_clock(-60)) as listener, to(listener) as session:
        assert await session.clock() == DAY
        assert (await session.entries(PROFILE)).stamps()[0] == MIDNIGHT + 900
    quirks = Quirks(opposite_deviation=True, deviation_min=-60)
    async with at_work(odd_clock(DEVIATION_UNSET)) as listener, to(listener, quirks) as session:
        assert await session.clock() == DAY
        assert (await session.entries(PROFILE)).stamps()[0] == MIDNIGHT + 900


@knows
async def test_a_clock_without_deviation(knows: bool) -> None:
    quirks = Quirks(deviation_min=-60) if knows else STANDARD
    async with at_work(odd_clock(DEVIATION_UNSET)) as listener, to(listener, quirks) as session:
        if not knows:
            with pytest.raises(DecodeError, match="no deviation"):
                await session.clock()
            return
        assert await session.clock() == DAY
        assert (await session.entries(PROFILE)).stamps()[0] == MIDNIGHT + 900


async def test_the_deviation_that_the_call_says_goes_before() -> None:
    async with at_work(odd_clock(DEVIATION_UNSET)) as listener:
        session = await to(listener, Quirks(deviation_min=0), default_deviation_min=-60)
        assert await session.clock() == DAY
        await session.disconnect()


# Ranges


@knows
async def test_a_meter_that_refuses_ranges_with_deviation(knows: bool) -> None:
    def habit(request: Any, answer: Any) -> Any:
        selection = request.items[0][1] if request.kind == "get" else None
        if selection is not None:
            moment, _ = DATE_TIME.decode(RangeDescriptor.decode(selection).from_value)
            if moment.deviation != DEVIATION_UNSET:
                return [DataAccessResult.OTHER_REASON]
            local = CosemDateTime.decode(np.ascontiguousarray(rows.columns[0][4]).tobytes()).local_seconds()
            begin = (local - moment.local_seconds()) // 900
            return [profile.sent(rows.select(slice(4 - begin, 8)), range(3))]
        return answer(request)

    meter = OddMeter(habit)
    profile = meter.object(7, PROFILE)
    assert isinstance(profile, ProfileGeneric)
    rows = profile.buffer
    quirks = Quirks(range_without_deviation=knows, deviation_min=-60)
    start = (DAY + timedelta(minutes=30)).astimezone(UTC)
    async with at_work(meter) as listener, to(listener, quirks) as session:
        if not knows:
            with pytest.raises(AccessError, match="other-reason"):
                await session.profile(PROFILE, start, start + timedelta(hours=1))
            return
        found = await session.profile(PROFILE, start, start + timedelta(hours=1))
    assert found.stamps()[0] == start.timestamp(), "the moment was said on the meter's own clock"


def refusing(reads: Callable[[RangeDescriptor], bool]) -> OddMeter:
    """A meter that refuses some ranges."""

    def habit(request: Any, answer: Any) -> Any:
        selection = request.items[0][1] if request.kind == "get" else None
        if selection is not None and not reads(RangeDescriptor.decode(selection)):
            return [DataAccessResult.OTHER_REASON]
        return answer(request)

    return OddMeter(habit)


@knows
async def test_a_meter_that_selects_no_rows(knows: bool) -> None:
    meter = refusing(lambda _: False)
    span = DAY + timedelta(minutes=15), DAY + timedelta(hours=1)
    async with at_work(meter) as listener, to(listener, Quirks(selects_rows=not knows)) as session:
        if not knows:
            with pytest.raises(AccessError):
                await session.profile(PROFILE, *span)
            return
        rows = await session.profile(PROFILE, *span)
        assert rows.table.columns[2].tolist() == [0, 7, 14, 21]
        rows = await session.profile(PROFILE, *span, [ENERGY, CLOCK])
        assert rows.names == [CLOCK, ENERGY]
        assert rows.table.columns[1].tolist() == [0, 7, 14, 21]
        profile = meter.object(7, PROFILE)
        assert isinstance(profile, ProfileGeneric)
        profile.buffer = Table([], [])
        assert len(await session.profile(PROFILE, *span, [ENERGY])) == 0
    assert ranges(meter) == []


@knows
async def test_a_meter_that_selects_no_columns(knows: bool) -> None:
    meter = refusing(lambda asked: not asked.selected_values)
    span = DAY + timedelta(minutes=15), DAY + timedelta(hours=1)
    async with at_work(meter) as listener, to(listener, Quirks(selects_columns=not knows)) as session:
        assert len(await session.profile(PROFILE, *span)) == 4
        if not knows:
            with pytest.raises(AccessError):
                await session.profile(PROFILE, *span, [ENERGY])
            return
        rows = await session.profile(PROFILE, *span, [ENERGY])
        assert rows.names == [ENERGY]
        assert rows.table.columns[0].tolist() == [0, 7, 14, 21]


async def test_a_range_is_by_the_clock_that_stamps_the_rows() -> None:
    meter = OddMeter()
    profile = meter.object(7, PROFILE)
    assert isinstance(profile, ProfileGeneric)
    other = OBIS.parse("0.0.1.0.5.255")
    objects = profile.capture_objects
    profile.capture_objects = [objects[1], objects[0]._replace(logical_name=other), objects[2]]
    table = profile.buffer
    profile.buffer = table.select(slice(None), [1, 0, 2])
    async with at_work(meter) as listener, to(listener) as session:
        rows = await session.profile(PROFILE, DAY, DAY + timedelta(hours=1))
    assert rows.table.columns[2].tolist() == [0, 7, 14, 21]
    [asked] = ranges(meter)
    assert asked.restricting.logical_name == other
