"""Several meters on one line, each in its turn: on a serial port and behind a TCP port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

import openami
from cable import Cable
from openami import Data, Register
from openami.aio.bus import HdlcListener, SerialListener, Station
from openami.aio.client import connect
from openami.aio.connection import Session
from openami.aio.line import Line, line
from openami.aio.route import Device
from openami.aio.tcp import ConnectionRefused
from openami.core.errors import AssociationError, ConnectionLost, DefinitionError, LinkTimeout
from openami.dlms.hdlc import ServerAddress
from openami.dlms.link import ServerLink
from small_meter import ENERGY, HLS5, NAME, PROFILE, ROWS, SmallMeter

METERS = ("one", "two", "three")
STATIONS = [Station(name, ServerAddress.of(1, 17 + number)) for number, name in enumerate(METERS)]


class Street:
    """Three meters, each with its own name."""

    def __init__(self) -> None:
        self.meters = {name: SmallMeter() for name in METERS}
        for name, meter in self.meters.items():
            named = meter.object(1, NAME)
            assert isinstance(named, Data)
            named.value = name.encode()

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        meter = self.meters.get(local_address)
        return None if meter is None else meter.open(local_address, link)


@asynccontextmanager
async def on_a_port(street: Street) -> AsyncIterator[tuple[str, Callable[[], bytes]]]:
    async with Cable() as cable, SerialListener(street, STATIONS, Device(cable.server), login_delay_s=0.01):
        yield f"serial://{cable.client}", lambda: bytes(cable.heard[0])


@asynccontextmanager
async def behind_a_converter(street: Street) -> AsyncIterator[tuple[str, Callable[[], bytes]]]:
    async with HdlcListener(street, STATIONS, port=0, login_delay_s=0.01) as listener:
        yield f"hdlc://{listener.address}", bytes


LINES: dict[str, Callable[[Street], AbstractAsyncContextManager[tuple[str, Callable[[], bytes]]]]] = {
    "serial": on_a_port,
    "TCP": behind_a_converter,
}


async def name_of(line: Line, server: str, **facts: object) -> object:
    async with line.connect(server=server, client=16, **facts) as meter:  # type: ignore[arg-type]
        return await meter.get(Data.value, NAME)


@pytest.mark.parametrize("kind", sorted(LINES))
async def test_three_meters_in_turn(kind: str) -> None:
    async with LINES[kind](Street()) as (url, _), openami.line(url) as line:
        names = [await name_of(line, f"1/{17 + number}") for number in range(3)]
        assert names == [b"one", b"two", b"three"]
        for server in ("1/18", "1/17"):
            async with line.connect(server=server, security=HLS5) as meter:
                assert await meter.get(Register.value, ENERGY) == 12_345
                assert len(await meter.entries(PROFILE)) == ROWS


@pytest.mark.parametrize("kind", sorted(LINES))
async def test_whoever_comes_meanwhile_waits(kind: str) -> None:
    async with LINES[kind](Street()) as (url, _), line(url) as shared:
        servers = [f"1/{17 + number % 3}" for number in range(12)]
        names = await asyncio.gather(*(name_of(shared, server) for server in servers))
        assert names == [METERS[number % 3].encode() for number in range(12)]


async def test_a_meter_that_does_not_answer_holds_up_nobody_for_long() -> None:
    async with on_a_port(Street()) as (url, _), line(url + "?timeout=0.05&retries=1") as shared:
        with pytest.raises(LinkTimeout, match="server 1/99"):
            await name_of(shared, "1/99")
        with pytest.raises(AssociationError):
            await shared.connect(server="1/17", client=33)
        assert await name_of(shared, "1/19") == b"three"


async def test_cancelled_in_its_turn_the_next_one_comes() -> None:
    async with on_a_port(Street()) as (url, _), line(url + "?max_info=64") as shared:
        begun = asyncio.Event()

        async def read() -> None:
            async with shared.connect(server="1/17", security=HLS5) as meter:
                begun.set()
                await meter.entries(PROFILE)

        reading = asyncio.create_task(read())
        await begun.wait()
        waiting = asyncio.create_task(name_of(shared, "1/18"))
        await asyncio.sleep(0)
        assert not reading.done()
        assert not waiting.done()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await waiting == b"two"
        assert await name_of(shared, "1/17") == b"one"


async def test_cancelled_while_it_leaves_the_meter_is_left_before_the_next_one_comes() -> None:
    async with (
        Cable() as cable,
        SerialListener(Street(), STATIONS, Device(cable.server)),
        line(f"serial://{cable.client}?timeout=0.1&retries=1") as shared,
    ):
        meter = await shared.connect(server="1/17", client=16)
        cable.spoil[1] = lambda _: b""  # the meter is not heard any more
        leaving = asyncio.create_task(meter.disconnect())
        waiting = asyncio.create_task(name_of(shared, "1/18"))
        await asyncio.sleep(0.05)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert shared.is_taken
        while shared.is_taken:
            await asyncio.sleep(0.01)
        cable.spoil[1] = bytes
        waiting.cancel()
        assert await name_of(shared, "1/18") == b"two"


async def test_cancelled_while_it_waits_for_its_turn() -> None:
    async with on_a_port(Street()) as (url, _), line(url) as shared:
        async with shared.connect(server="1/17", client=16):
            waiting = asyncio.create_task(name_of(shared, "1/18"))
            await asyncio.sleep(0.01)
            waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await name_of(shared, "1/19") == b"three"


async def test_cancelled_while_it_connects_the_line_is_free() -> None:
    async with on_a_port(Street()) as (url, heard), line(url) as shared:
        connecting = asyncio.create_task(name_of(shared, "1/99"))
        while not heard():
            await asyncio.sleep(0.001)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert await name_of(shared, "1/17") == b"one"


async def test_the_line_goes_while_somebody_reads_and_another_waits() -> None:
    async with (
        Cable() as cable,
        SerialListener(Street(), STATIONS, Device(cable.server)),
        line(f"serial://{cable.client}?max_info=64") as shared,
    ):

        async def read(server: str) -> None:
            async with shared.connect(server=server, client=16) as meter:
                await meter.object_list()

        reading = [asyncio.create_task(read(server)) for server in ("1/17", "1/18")]
        while len(cable.heard[1]) < 300:
            await asyncio.sleep(0)
        cable.unplug()
        for task in reading:
            with pytest.raises(ConnectionLost, match="is gone"):
                await task
        with pytest.raises(ConnectionLost, match="is gone"):
            await name_of(shared, "1/17")
        assert not shared.is_open


async def test_octets_between_two_meters_are_nobodys() -> None:
    async with on_a_port(Street()) as (url, _), line(url) as shared:
        assert await name_of(shared, "1/17") == b"one"
        shared.data_received(b"\x7e\xa0 noise")
        assert await name_of(shared, "1/18") == b"two"


async def test_a_trace_of_the_line() -> None:
    octets: list[bytes] = []
    async with on_a_port(Street()) as (url, heard):
        async with line(url, trace=lambda way, _, data: octets.append(data) if way == "sent" else None) as shared:
            await name_of(shared, "1/17")
            await name_of(shared, "1/18")
        assert b"".join(octets) == heard()


async def test_one_meter_of_the_line_with_connect() -> None:
    async with behind_a_converter(Street()) as (url, _), connect(f"{url}?server=1/19", client=16) as meter:
        assert await meter.get(Data.value, NAME) == b"three"


async def test_a_defect_in_one_meter_leaves_the_others_on_the_line() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    street = Street()

    def defect(_events: object) -> None:
        raise ZeroDivisionError

    async with on_a_port(street) as (url, _), line(f"{url}?timeout=0.05&retries=0") as shared:
        street.meters["one"].sessions[-1].deliver = defect  # type: ignore[method-assign]
        with pytest.raises(LinkTimeout):
            await name_of(shared, "1/17")
        assert await name_of(shared, "1/18") == b"two"


async def test_a_line_that_nobody_opens_and_what_is_no_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionRefused):
        async with line(f"hdlc://127.0.0.1:{port}"):
            pass
    for url in ("tcp://127.0.0.1", "udp://127.0.0.1", "tcp://h?gateway=1,a"):
        with pytest.raises(DefinitionError, match="a line with several meters is"):
            line(url)
