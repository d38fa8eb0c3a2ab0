"""A client and a meter on real sockets: reading, writing, calling, and everything that goes wrong."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

import openami
from openami import Clock, Data, ProfileGeneric, Register, Security
from openami.aio.client import connect
from openami.aio.tcp import Address, ConnectionRefused, Unreachable
from openami.core.errors import (
    AccessError,
    AssociationError,
    ConnectionLost,
    DecodeError,
    DefinitionError,
    LinkTimeout,
    SecurityError,
)
from openami.core.units import ScalerUnit, Unit
from openami.cosem.objects import Attribute
from openami.dlms.acse import Mechanism
from openami.dlms.data import UINT32
from openami.dlms.security import SendCounter
from openami.dlms.security.counters import CounterError
from openami.dlms.server import Association, Refused
from openami.dlms.xdlms import AccessGet, AccessSet, DataAccessResult
from small_meter import (
    CLOCK,
    ENERGY,
    HLS5,
    MIDNIGHT,
    NAME,
    PROFILE,
    ROWS,
    SECRET,
    BadLine,
    SmallMeter,
    at_work,
    url_of,
)
from talker import Talker

CET = timezone(timedelta(hours=1))
DAY = datetime(2026, 11, 1, tzinfo=CET)


async def test_the_public_client_reads_what_it_may() -> None:
    async with at_work(SmallMeter()) as listener, openami.connect(url_of(listener), client=16) as meter:
        assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        assert await meter.clock() == datetime(2026, 11, 1, tzinfo=CET)
        assert [e.class_id for e in await meter.object_list()] == [15, 1, 1, 8]
        assert [e.class_id for e in await meter.object_list([8, 15])] == [15, 8]
        with pytest.raises(AccessError, match=r"read-write-denied|object-undefined") as refused:
            await meter.get(Data.value, SECRET)
        assert "0.0.96.1.0.255" in str(refused.value)


async def test_reading_and_writing_at_once() -> None:
    async with at_work(SmallMeter()) as listener, openami.connect(url_of(listener), security=HLS5) as meter:
        value = Data.value.at(SECRET)
        items = [(AccessGet(value), None), (AccessSet(value), b"\x09\x01!"), (AccessGet(value), None)]
        first, second, third = await meter.access_raw(items)
        assert first[1].endswith(b"no business of the public")
        assert (second, third) == ((DataAccessResult.SUCCESS, None), (DataAccessResult.SUCCESS, b"\x09\x01!"))


async def test_hls5_reads_writes_and_calls() -> None:
    small = SmallMeter()
    async with at_work(small) as listener, connect(url_of(listener), security=HLS5) as meter:
        assert await meter.get(Register.value, ENERGY) == 12_345
        assert await meter.get(Register.scaler_unit, ENERGY) == ScalerUnit(1, Unit.WATT_HOUR)
        await meter.set(Clock.daylight_savings_enabled, CLOCK, True)
        assert await meter.get(Clock.daylight_savings_enabled, CLOCK) is True
        await meter.action(Register.reset, ENERGY, 0)
        assert await meter.get(Register.value, ENERGY) == 0
        assert await meter.get_many([(Data.value, NAME), (Data.value, "0.0.99.99.99.255")]) == [
            b"OAMSIM0000000001",
            IsRefusal(),
        ]


class IsRefusal:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccessError)

    def __hash__(self) -> int:
        return 0


async def test_a_profile_by_time_by_number_and_by_column() -> None:
    async with at_work(SmallMeter()) as listener, connect(url_of(listener), security=HLS5) as meter:
        rows = await meter.profile(PROFILE, DAY + timedelta(hours=1), DAY + timedelta(hours=2))
        assert rows.names == [CLOCK, "0.0.96.10.2.255", ENERGY]
        assert rows.stamps().tolist() == [MIDNIGHT + 900 * n for n in range(4, 9)]
        table = rows.structured()
        assert table[CLOCK][0] == np.datetime64("2026-11-01T00:00:00")
        assert table[ENERGY].tolist() == [21, 28, 35, 42, 49]
        some = await meter.profile(PROFILE, DAY, DAY + timedelta(hours=1), columns=[CLOCK, ENERGY])
        assert some.names == [CLOCK, ENERGY]
        assert len(some) == 4
        last = await meter.entries(PROFILE, ROWS - 1)
        assert last.structured()[ENERGY].tolist() == [7 * 94, 7 * 95]
        assert len(await meter.entries(PROFILE)) == ROWS
        nothing = await meter.profile(PROFILE, DAY - timedelta(days=2), DAY - timedelta(days=1))
        assert (len(nothing), nothing.structured().tolist()) == (0, [])
        with pytest.raises(DefinitionError, match=r"has no column 1\.0\.2\.8\.0\.255"):
            await meter.profile(PROFILE, DAY, DAY, columns=["1.0.2.8.0.255"])


async def test_null_compressed_rows_are_filled() -> None:
    small = SmallMeter()
    profile = small.object(7, PROFILE)
    assert isinstance(profile, ProfileGeneric)
    profile.null_columns = (0, 1)
    async with at_work(small) as listener, connect(url_of(listener), security=HLS5) as meter:
        rows = await meter.entries(PROFILE)
        assert rows.stamps().tolist() == [MIDNIGHT + 900 * n for n in range(1, ROWS + 1)]


async def test_blocks_both_ways_when_the_pdu_is_small() -> None:
    small = SmallMeter()
    small.max_pdu = 128
    async with at_work(small) as listener, connect(url_of(listener), security=HLS5) as meter:
        assert len(await meter.entries(PROFILE)) == ROWS
        await meter.set(Data.value, SECRET, bytes(range(256)) * 3)
        assert await meter.get(Data.value, SECRET) == bytes(range(256)) * 3


async def test_connect_may_be_awaited() -> None:
    async with at_work(SmallMeter()) as listener:
        meter = await connect(url_of(listener), client=16)
        assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        await meter.disconnect()
        await meter.disconnect()
        with pytest.raises(ConnectionLost, match="closed"):
            await meter.get(Data.value, NAME)


async def test_requests_at_once_are_answered_in_turn() -> None:
    async with at_work(SmallMeter()) as listener, connect(url_of(listener), security=HLS5) as meter:
        values = await asyncio.gather(*(meter.get(Register.value, ENERGY) for _ in range(20)))
        assert values == [12_345] * 20


async def test_the_counter_is_asked_for_and_used_above() -> None:
    small = SmallMeter()
    small.counters.accept(1, "global", 5_000)
    async with at_work(small) as listener:
        async with connect(url_of(listener), security=HLS5) as meter:
            await meter.get(Register.value, ENERGY)
        assert small.counters.received(1, "global") in range(5_002, 5_010)
        assert len(small.sessions) == 2


async def test_a_counter_of_ones_own_spares_the_question() -> None:
    small, counter = SmallMeter(), SendCounter(100)
    async with at_work(small) as listener:
        async with connect(url_of(listener), security=HLS5, send_counter=counter) as meter:
            await meter.get(Register.value, ENERGY)
        assert len(small.sessions) == 1
        assert small.counters.received(1, "global") == counter.next - 1


async def test_a_meter_that_expects_another_counter_is_obeyed_once() -> None:
    small, counter = SmallMeter(), SendCounter(100)
    small.counters.accept(1, "global", 70_000)
    async with (
        at_work(small) as listener,
        connect(url_of(listener), security=HLS5, send_counter=counter) as meter,
    ):
        assert await meter.get(Register.value, ENERGY) == 12_345
        small.counters.accept(1, "global", 80_000)
        assert await meter.get(Register.value, ENERGY) == 12_345
        small.counters.accept(1, "global", 90_000)
        with pytest.raises(CounterError, match="90001"):
            await meter.get(Register.value, ENERGY)


async def test_an_absurd_counter_is_not_obeyed() -> None:
    small, counter = SmallMeter(), SendCounter(100)
    small.counters.accept(1, "global", 0xFFFF_0000)
    async with at_work(small) as listener:
        with pytest.raises(CounterError):
            await connect(url_of(listener), security=HLS5, send_counter=counter)
        assert counter.next < 200


async def test_a_meter_that_keeps_its_counter_to_itself() -> None:
    small = SmallMeter([a for a in SmallMeter().associations.values() if a.client_sap == 1])
    async with at_work(small) as listener:
        with pytest.raises(SecurityError, match="does not tell client 16 its invocation counter"):
            await connect(url_of(listener), security=HLS5)


async def test_a_wrong_key_is_one_sentence_and_the_meter_notes_it() -> None:
    small = SmallMeter()
    wrong = Security.hls5(
        encryption_key=bytes(16),
        authentication_key=bytes(16),
        client_title=HLS5.client_title or b"",
        invocation_counter=9,
    )
    async with at_work(small) as listener:
        listener.login_delay_s = 0.01
        with pytest.raises((AssociationError, SecurityError)) as refused:
            await connect(url_of(listener), security=wrong)
        assert "\n" not in str(refused.value)
        assert any(isinstance(event, Refused) for event in small.sessions[-1].seen)
        async with connect(url_of(listener), security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345


async def test_a_wrong_password() -> None:
    small = SmallMeter([Association(1, Mechanism.LOW, secret=b"12345678")])
    async with at_work(small) as listener:
        listener.login_delay_s = 0.01
        with pytest.raises(AssociationError, match="password"):
            await connect(url_of(listener), security=Security.lls("wrong"))
        async with connect(url_of(listener), security=Security.lls("12345678")) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345


async def test_an_unknown_client_is_refused() -> None:
    async with at_work(SmallMeter()) as listener:
        with pytest.raises(AssociationError):
            await connect(url_of(listener), client=33)


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionRefused, match=rf"127\.0\.0\.1:{port} refused the connection"):
        await connect(f"tcp://127.0.0.1:{port}")


async def test_no_such_host() -> None:
    with pytest.raises(Unreachable, match=r"nosuch\.invalid:4059 is not a known host"):
        await connect("tcp://nosuch.invalid")


async def test_a_host_that_swallows_everything() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        host, port = silent.getsockname()
        fill = [socket.socket() for _ in range(4)]
        for sock in fill:
            sock.setblocking(False)
            sock.connect_ex((host, port))
        with pytest.raises(LinkTimeout, match=rf"{port} did not take the connection within 0.2 s|no answer"):
            await connect(f"tcp://{host}:{port}", timeout_s=0.2)
        for sock in fill:
            sock.close()


async def test_something_that_is_no_meter() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with Talker(web) as url:
        with pytest.raises(openami.AmiError, match="wrapper"):
            await connect(url)


@pytest.mark.parametrize("after", [0, 5, 60])
async def test_a_meter_that_falls_silent(after: int) -> None:
    async with at_work(SmallMeter()) as listener, BadLine(listener, after, cut=False) as url:
        with pytest.raises(LinkTimeout, match=r"127\.0\.0\.1:\d+: no answer within 0.2 s"):
            async with connect(url, client=16, timeout_s=0.2) as meter:
                await meter.object_list()


@pytest.mark.parametrize("after", [0, 20, 200, 900])
async def test_a_meter_gone_in_mid_block(after: int) -> None:
    small = SmallMeter()
    small.max_pdu = 200
    async with at_work(small) as listener, BadLine(listener, after, cut=True) as url:
        security = Security.hls5(
            encryption_key=HLS5.keys.encryption if HLS5.keys else b"",
            authentication_key=HLS5.keys.authentication if HLS5.keys else b"",
            client_title=HLS5.client_title or b"",
            invocation_counter=7,
        )
        with pytest.raises(ConnectionLost, match=r"127\.0\.0\.1:\d+ closed the connection"):
            async with connect(url, security=security) as meter:
                await meter.entries(PROFILE)


async def test_a_type_that_is_not_what_the_class_says() -> None:
    async with at_work(SmallMeter()) as listener, connect(url_of(listener), client=16) as meter:
        time = Attribute(2, UINT32).bound(8)
        with pytest.raises(DecodeError, match="double-long-unsigned"):
            await meter.get(time, CLOCK)


async def test_raw_results_say_for_each_item_what_became_of_it() -> None:
    async with at_work(SmallMeter()) as listener, connect(url_of(listener), security=HLS5) as meter:
        good, bad = Register.value.at(ENERGY), Register.value.at("1.0.9.9.9.255")
        results = await meter.get_raw_many([(good, None), (bad, None)])
        assert results[0] == b"\x06\x00\x000\x39"
        assert isinstance(results[1], DataAccessResult)
        written = await meter.set_raw_many([(good, None, b"\x06\x00\x00\x00\x01"), (bad, None, b"\x00")])
        assert written[0] is DataAccessResult.SUCCESS
        assert written[1] is not DataAccessResult.SUCCESS


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("tcp://127.0.0.7:4059", Address("127.0.0.7", 4059)),
        ("tcp://127.0.0.7", Address("127.0.0.7", 4059)),
        ("tcp://[::1]:4060", Address("::1", 4060)),
        ("tcp://meter.example.org/", Address("meter.example.org", 4059)),
    ],
)
def test_addresses_as_people_write_them(url: str, address: Address) -> None:
    assert Address.parse(url) == address
    assert Address.parse(f"tcp://{address}") == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:4059",
        "udp://127.0.0.1",
        "tcp://",
        "tcp://[::1",
        "tcp://a:99999",
        "tcp://a:b",
        "tcp://a/b",
    ],
)
def test_a_wrong_address_says_how_it_is_written(url: str) -> None:
    with pytest.raises(DefinitionError, match=r"tcp://|Port|port|IPv6"):
        Address.parse(url)


async def test_naive_times_are_the_meters_own() -> None:
    async with at_work(SmallMeter()) as listener, connect(url_of(listener), security=HLS5) as meter:
        aware = await meter.profile(PROFILE, DAY.astimezone(UTC), DAY.astimezone(UTC) + timedelta(hours=1))
        assert aware.stamps().tolist() == [MIDNIGHT + 900 * n for n in range(1, 5)]
