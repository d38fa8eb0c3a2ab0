"""Meters that open the connection: who they are is found out, and the socket becomes a client association."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import openami
from openami import Data, Register
from openami.aio.connection import Session
from openami.aio.inbound import Door, inbound
from openami.aio.outbound import Caller
from openami.aio.route import parse
from openami.aio.tcp import AddressInUse
from openami.aio.visitor import Visitor
from openami.core.errors import AssociationError, ConnectionLost, DefinitionError, LinkTimeout
from openami.dlms.hdlc import SecondaryStation, ServerAddress
from openami.dlms.link import ServerLink
from openami.dlms.push import Acceptance
from openami.dlms.security import Keys
from openami.dlms.wrapper import Header
from pair import AK, EK, SERVER_TITLE, forger, wrap
from small_meter import CLOCK, ENERGY, HLS5, NAME, PROFILE, ROWS, SmallMeter

DEVICE_NAME = b"OAMSIM0000000001"


def push(*elements: bytes) -> bytes:
    """A data-notification with a structure of elements."""
    return bytes.fromhex("0f0000000100") + bytes((2, len(elements))) + b"".join(elements)


def octets(text: bytes) -> bytes:
    return bytes((9, len(text))) + text


NAMED = push(
    # what follows: class, logical name, attribute, data index of the device name; then its value
    bytes.fromhex("0101 0204 120001 090600002a0000ff 0f02 120000".replace(" ", "")),
    octets(DEVICE_NAME),
)
"""A push that says first what it holds: the logical device name."""

PLAIN = push(octets(b"something"), b"\x06\x00\x00\x00\x07")
"""A push that says nothing of who sends it."""


def ciphered(apdu: bytes) -> bytes:
    """The same under general-glo-ciphering, with the meter's system title in clear."""
    from openami.dlms.security.envelope import Form

    meter = forger(SERVER_TITLE, b"OAMHES\0\1")
    return meter.seal(apdu, Form.GENERAL_GLO, 0x30)


def wrapped(apdu: bytes) -> Callable[[], bytes]:
    return lambda: wrap(apdu, 1, 16)


@contextlib.asynccontextmanager
async def calling(door: Door[Any], small: SmallMeter | None = None, **facts: Any) -> AsyncIterator[Caller]:
    async with Caller(small or SmallMeter(), "me", door.address, again_s=0.02, login_delay_s=0.01, **facts) as caller:
        yield caller


async def first(door: Door[Any]) -> Visitor[Any]:
    return await asyncio.wait_for(anext(door), 3)


async def test_a_meter_that_tells_its_name_in_a_push_becomes_an_association() -> None:
    small = SmallMeter()
    async with openami.inbound("tcp://127.0.0.1:0") as door, calling(door, small, greeting=wrapped(NAMED)) as caller:
        async for visitor in door:
            assert visitor.identity == DEVICE_NAME.decode()
            assert [pushed.notification.encode() for pushed in visitor.pushes] == [NAMED]
            async with visitor.connect(security=HLS5) as meter:
                assert await meter.get(Register.value, ENERGY) == 12_345
                assert len(await meter.entries(PROFILE)) == ROWS
            assert not visitor.is_open
            break
        assert caller.calls == 1
        again = await first(door)
        assert (again.identity, caller.calls) == (DEVICE_NAME.decode(), 2)


@pytest.mark.parametrize("has_keys", [True, False])
async def test_a_meter_that_tells_its_title_in_a_ciphered_push(has_keys: bool) -> None:
    acceptance = Acceptance(keys=lambda title: Keys(EK, AK) if has_keys and title == SERVER_TITLE else None)
    door = inbound("tcp://127.0.0.1:0", acceptance=acceptance)
    async with door, calling(door, greeting=wrapped(ciphered(PLAIN))):
        visitor = await first(door)
        assert visitor.identity == SERVER_TITLE.hex()
        assert len(visitor.pushes) == has_keys
        async with visitor.connect(security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345


async def test_a_silent_meter_is_asked() -> None:
    async with inbound("tcp://127.0.0.1:0", ask_after_s=0.02) as door, calling(door):
        visitor = await first(door)
        assert visitor.identity == DEVICE_NAME.decode()
        async with visitor.connect(security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345


async def test_a_meter_whose_push_tells_nothing_is_asked_and_the_push_is_kept() -> None:
    async with inbound("tcp://127.0.0.1:0", ask_after_s=0.02) as door, calling(door, greeting=wrapped(PLAIN)):
        visitor = await first(door)
        assert visitor.identity == DEVICE_NAME.decode()
        assert [pushed.notification.encode() for pushed in visitor.pushes] == [PLAIN]


@pytest.mark.skipif(sys.platform != "linux", reason="127/8 is loopback on Linux only")
async def test_a_meter_is_known_by_the_address_it_calls_from() -> None:
    known = {"127.0.0.77": 77, "127.0.0.78": 78}

    def who(visitor: Visitor[int]) -> int | None:
        return known.get(visitor.address.host)

    async with inbound("tcp://127.0.0.1:0", who=who) as door, calling(door, source="127.0.0.78"):
        visitor = await first(door)
        assert visitor.identity == 78
        async with visitor.connect(client=16) as meter:
            assert await meter.get(Data.value, NAME) == DEVICE_NAME


async def test_several_associations_on_one_connection() -> None:
    async with inbound("tcp://127.0.0.1:0") as door, calling(door, greeting=wrapped(NAMED)) as caller:
        async with await first(door) as visitor:
            for _ in range(2):
                async with visitor.connect(client=16) as meter:
                    assert await meter.get(Data.value, NAME) == DEVICE_NAME
                async with visitor.connect(security=HLS5) as meter:
                    assert await meter.get(Register.value, ENERGY) == 12_345
            assert caller.calls == 1
        assert not visitor.is_open


async def test_an_association_that_fails_ends_the_connection_unless_it_is_kept() -> None:
    async with inbound("tcp://127.0.0.1:0") as door, calling(door, greeting=wrapped(NAMED)):
        visitor = await first(door)
        with pytest.raises(AssociationError):
            async with visitor.connect(client=33):
                pass
        assert not visitor.is_open
        async with await first(door) as visitor:
            with pytest.raises(AssociationError):
                async with visitor.connect(client=33):
                    pass
            async with visitor.connect(client=16) as meter:
                assert await meter.get(Data.value, NAME) == DEVICE_NAME


class Scripted:
    """A caller that says what the test wants, when it wants."""

    def __init__(self, door: Door[Any]) -> None:
        self.door = door

    async def __aenter__(self) -> "Scripted":
        self.reader, self.writer = await asyncio.open_connection(*self.door.address)
        return self

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def test_a_push_in_pieces_with_the_next_begun() -> None:
    data = wrapped(NAMED)()
    async with inbound("tcp://127.0.0.1:0") as door, Scripted(door) as caller:
        for octet in data:
            await caller.say(bytes((octet,)))
            await asyncio.sleep(0)
        await caller.say(data[:11])
        visitor = await first(door)
        assert len(visitor.pushes) == 1
        connecting = asyncio.create_task(visitor.connect(client=16, timeout_s=0.2).open())
        assert (await caller.reader.readexactly(8))[:2] == b"\0\1"
        await caller.say(data[11:])
        with pytest.raises(LinkTimeout):
            await connecting
        await caller.say(data)
        while len(visitor.pushes) < 2:
            await asyncio.sleep(0.001)


async def test_a_push_in_the_middle_of_the_question_who_it_is() -> None:
    async with inbound("tcp://127.0.0.1:0", ask_after_s=0.0) as door, Scripted(door) as caller:
        header = Header.decode(await caller.reader.readexactly(8))
        assert (await caller.reader.readexactly(header.length))[0] == 0x60
        await caller.say(wrapped(ciphered(PLAIN))())
        visitor = await first(door)
        assert visitor.identity == SERVER_TITLE.hex()


async def test_a_push_in_the_middle_of_an_association_is_told() -> None:
    heard: list[bytes] = []
    async with inbound("tcp://127.0.0.1:0") as door, calling(door, greeting=wrapped(NAMED)) as caller:
        visitor = await first(door)
        async with visitor.connect(client=16, notified=heard.append) as meter:
            [connection] = caller.connections
            assert connection.transport is not None
            connection.transport.write(wrapped(PLAIN)())
            assert await meter.get(Data.value, NAME) == DEVICE_NAME
        assert heard == [PLAIN]


async def test_a_meter_that_pushes_and_leaves_is_told_of() -> None:
    async with inbound("tcp://127.0.0.1:0") as door:
        async with Scripted(door) as caller:
            await caller.say(wrapped(NAMED)())
        while door.visitors:
            await asyncio.sleep(0.001)
        visitor = await first(door)
        assert (visitor.identity, visitor.is_open, len(visitor.pushes)) == (DEVICE_NAME.decode(), False, 1)
        with pytest.raises(ConnectionLost, match="closed the connection"):
            await visitor.connect(client=16)


async def test_a_stranger_must_leave_after_a_while() -> None:
    async with inbound("tcp://127.0.0.1:0", identify_s=0.1, ask_after_s=None) as door, Scripted(door) as caller:
        await caller.say(wrapped(PLAIN)())
        assert await asyncio.wait_for(caller.reader.read(), 3) == b""
        assert (door.unidentified, len(door.visitors)) == (1, 0)


async def test_a_meter_nobody_wants_must_leave() -> None:
    door = inbound("tcp://127.0.0.1:0", who=lambda _: None, identify_s=0.2, ask_after_s=0.01)
    async with door, calling(door, greeting=wrapped(NAMED)):
        while not door.unidentified:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"\x7e\xa0\x07\x03\x21\x93\x0f\x01\x7e", bytes(100)])
async def test_something_that_is_no_meter(junk: bytes) -> None:
    async with inbound("tcp://127.0.0.1:0") as door, Scripted(door) as caller:
        await caller.say(junk)
        assert await asyncio.wait_for(caller.reader.read(), 3) == b""
        assert not door.visitors


async def test_a_frame_that_is_no_push_is_passed_over() -> None:
    async with inbound("tcp://127.0.0.1:0") as door, Scripted(door) as caller:
        await caller.say(wrap(b"heartbeat", 1, 1) + wrap(b"\xff", 1, 1) + wrapped(NAMED)())
        assert (await first(door)).identity == DEVICE_NAME.decode()


async def test_there_is_room_for_so_many() -> None:
    async with inbound("tcp://127.0.0.1:0", limit=2) as door, Scripted(door), Scripted(door):
        while len(door.visitors) < 2:
            await asyncio.sleep(0.001)
        async with Scripted(door) as third:
            with contextlib.suppress(ConnectionError):
                assert await third.reader.read() == b""
        assert door.refused == 1


async def test_many_at_once() -> None:
    async with inbound("tcp://127.0.0.1:0") as door, contextlib.AsyncExitStack() as callers:
        for _ in range(20):
            await callers.enter_async_context(calling(door, greeting=wrapped(NAMED)))

        async def serve() -> object:
            visitor = await first(door)
            async with visitor.connect(security=HLS5) as meter:
                return await meter.get(Register.value, ENERGY)

        assert await asyncio.gather(*(serve() for _ in range(20))) == [12_345] * 20


async def test_a_meter_that_speaks_hdlc_on_the_socket_it_opens() -> None:
    async with inbound("hdlc://127.0.0.1:0?server=1/17", ask_after_s=0.02) as door:
        station = ServerAddress.of(1, 17)
        async with calling(door, link=lambda: SecondaryStation(station)):
            visitor = await first(door)
            assert visitor.identity == DEVICE_NAME.decode()
            async with visitor.connect(security=HLS5) as meter:
                assert await meter.get(Register.value, ENERGY) == 12_345


async def test_the_head_end_is_called_until_it_is_there() -> None:
    small = SmallMeter()
    door = inbound("tcp://127.0.0.1:0")
    async with door:
        address = door.address
    async with Caller(small, "me", address, greeting=wrapped(NAMED), again_s=0.01) as caller:
        await asyncio.sleep(0.05)
        assert caller.calls == 0
        async with inbound(parse(f"tcp://{address}")) as door:
            assert (await first(door)).identity == DEVICE_NAME.decode()


async def test_a_meter_that_is_not_there_calls_nobody() -> None:
    class Nobody:
        def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
            return None

    async with inbound("tcp://127.0.0.1:0") as door:
        async with Caller(Nobody(), "me", door.address, greeting=wrapped(NAMED), again_s=0.01) as caller:
            while caller.refused < 2:
                await asyncio.sleep(0.001)
        assert not door.visitors or not any(visitor.pushes for visitor in door.visitors)


async def test_closing_the_door_cuts_all() -> None:
    async with inbound("tcp://127.0.0.1:0") as door, Scripted(door) as caller:
        while not door.visitors:
            await asyncio.sleep(0.001)
        waiting = asyncio.create_task(anext(door, None))
        await door.close()
        with contextlib.suppress(ConnectionError):
            assert await caller.reader.read() == b""
        assert await waiting is None
        assert [visitor async for visitor in door] == []


async def test_doors_that_cannot_be() -> None:
    for url in ("udp://127.0.0.1:0", "serial:///dev/ttyUSB0"):
        with pytest.raises(DefinitionError, match="meters call on tcp://host:port or hdlc://host:port"):
            async with inbound(url):
                pass
    async with inbound("tcp://127.0.0.1:0") as door:
        with pytest.raises(AddressInUse):
            async with inbound(f"tcp://{door.address}"):
                pass


async def test_ipv6() -> None:
    async with inbound("tcp://[::1]:0") as door, calling(door, greeting=wrapped(NAMED)):
        visitor = await first(door)
        assert str(visitor.address).startswith("[::1]:")
        async with visitor.connect(client=16) as meter:
            await meter.get(openami.Clock.time, CLOCK)
