"""HDLC on TCP, IPv6, gateways and traces: the ways that are not the wrapper on TCP or a serial port."""

import asyncio
import socket

import pytest

from openami import Data, Register, connect
from openami.aio.bus import HdlcListener, Station
from openami.aio.connection import Session
from openami.aio.pump import Direction
from openami.aio.server import FleetListener
from openami.aio.tcp import Address
from openami.core.errors import AssociationError, ConnectionLost, DefinitionError, LinkTimeout
from openami.dlms.gateway import Header, ServerGateway
from openami.dlms.hdlc import SecondaryStation, ServerAddress
from openami.dlms.link import ServerLink
from openami.dlms.wrapper import ServerStream
from small_meter import ENERGY, HLS5, NAME, PROFILE, ROWS, BadLine, SmallMeter, at_work, url_of

OWN = ServerAddress.of(1, 17)
DEVICE = Header(1, b"\xa1\xb2\xc3")


def line_of(*stations: Station, small: SmallMeter | None = None, **settings: object) -> HdlcListener:
    found = stations or (Station("me", OWN),)
    return HdlcListener(small or SmallMeter(), found, port=0, login_delay_s=0.01, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_hdlc_on_tcp(host: str) -> None:
    async with line_of(host=host) as listener:
        url = f"hdlc://{listener.address}?server=1/17"
        async with connect(url, security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
            assert len(await meter.entries(PROFILE)) == ROWS
            assert str(meter.address) == f"{listener.address} server 1/17"
        async with connect(url + "&window=7&max_info=2030", security=HLS5) as meter:
            assert len(await meter.entries(PROFILE)) == ROWS


@pytest.mark.parametrize(
    "own", [ServerAddress(1), ServerAddress(1, 17, 2), ServerAddress(1, 17, 4), ServerAddress.of(1, 5_000)]
)
async def test_every_length_of_address(own: ServerAddress) -> None:
    async with (
        line_of(Station("me", own)) as listener,
        connect(f"hdlc://{listener.address}", server=own, client=16) as meter,
    ):
        assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_arguments_win_over_the_address() -> None:
    async with line_of() as listener:
        url = f"hdlc://{listener.address}?server=1/99&client=33"
        async with connect(url, server="1/17", client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        with pytest.raises(AssociationError):
            await connect(url, server="1/17")
        with pytest.raises(DefinitionError, match="server 1/2/3/4"):
            connect(url, server="1/2/3/4")


async def test_after_a_refusal_the_connection_is_closed_once_the_meter_has_let_go() -> None:
    async with line_of() as listener:
        with pytest.raises(AssociationError):
            await connect(f"hdlc://{listener.address}?server=1/17", client=33)
        while listener.connections:
            await asyncio.sleep(0)


async def test_a_silent_line_is_cut() -> None:
    async with line_of(idle_s=0.1) as listener:
        with socket.create_connection(listener.address) as sock:
            sock.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(sock, 1) == b""
        assert not listener.connections


async def test_an_hdlc_meter_that_goes_in_the_middle() -> None:
    async with line_of() as listener:
        meter = await connect(f"hdlc://{listener.address}?server=1/17", client=16)
        for connection in list(listener.connections):
            connection.drop()
        with pytest.raises(ConnectionLost, match=r"server 1/17 closed the connection"):
            await meter.get(Data.value, NAME)
        await meter.disconnect()


async def test_a_converter_with_nothing_behind_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(LinkTimeout, match=rf"127\.0\.0\.1:{port}: no answer to SNRM"):
            await connect(f"hdlc://127.0.0.1:{port}", client=16, timeout_s=0.2)


async def test_octets_that_are_no_hdlc() -> None:
    async with at_work(SmallMeter()) as wrapped, line_of() as listener:
        with pytest.raises(ConnectionLost, match="closed the connection"):
            await connect(f"hdlc://{wrapped.addresses[0]}", client=16, timeout_s=0.2)
        with pytest.raises(LinkTimeout, match="no answer within"):
            await connect(f"tcp://{listener.address}", client=16, timeout_s=0.2)


class BehindGateway:
    """A meter that is reached through a gateway."""

    def __init__(self) -> None:
        self.small = SmallMeter()

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        return self.small.open(local_address, ServerGateway(link or ServerStream(1), DEVICE))


async def test_through_a_gateway() -> None:
    listener = FleetListener(BehindGateway(), port=0, host="127.0.0.1", stand_ins=["me"])
    async with listener:
        url = f"tcp://{listener.addresses[0]}"
        async with connect(f"{url}?gateway=1,0xa1b2c3", security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
            assert len(await meter.entries(PROFILE)) == ROWS
        async with connect(Address.parse(url), gateway=DEVICE, client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        with pytest.raises(LinkTimeout):
            await connect(url, client=16, timeout_s=0.1)
        with pytest.raises(LinkTimeout):
            await connect(f"{url}?gateway=1,0xa1b2c4", client=16, timeout_s=0.1)


async def test_through_a_gateway_over_hdlc() -> None:
    async with (
        HdlcListener(BehindGateway(), [Station("me", OWN)], port=0) as listener,
        connect(f"hdlc://{listener.address}?server=1/17", gateway=DEVICE, client=16) as meter,
    ):
        assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_a_trace_hears_both_ways_in_order() -> None:
    seen: list[tuple[Direction, float, bytes]] = []
    async with (
        at_work(SmallMeter()) as listener,
        connect(url_of(listener), client=16, trace=lambda *what: seen.append(what)) as meter,
    ):
        await meter.get(Data.value, NAME)
    assert [way for way, _, _ in seen] == [Direction.SENT, Direction.RECEIVED] * 3
    assert [octets[8] for _, _, octets in seen] == [0x60, 0x61, 0xC0, 0xC4, 0x62, 0x63]
    assert [at for _, at, _ in seen] == sorted(at for _, at, _ in seen)


async def test_cancelled_while_it_disconnects_the_connection_goes() -> None:
    async with at_work(SmallMeter()) as listener, BadLine(listener, 60, cut=False) as url:
        meter = await connect(url, client=16)
        leaving = asyncio.create_task(meter.disconnect())
        await asyncio.sleep(0.02)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        with pytest.raises(ConnectionLost):
            await meter.get(Data.value, NAME)


async def test_an_answer_that_nobody_wants_any_more_is_not_waited_for() -> None:
    async with at_work(SmallMeter()) as listener, BadLine(listener, 60, cut=False) as url:
        async with connect(url, client=16, timeout_s=60) as meter:
            reading = asyncio.create_task(meter.get(Data.value, NAME))
            await asyncio.sleep(0.02)
            reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading


async def test_a_station_for_all_lengths_hears_each() -> None:
    class Lenient(Station):
        def link(self) -> ServerLink:
            return SecondaryStation(self.address, lengths=(1, 2, 4))

    async with line_of(Lenient("me", OWN)) as listener:
        for server in ("1", "1/17", "1/17/4"):
            async with connect(f"hdlc://{listener.address}?server={server}", client=16) as meter:
                assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
