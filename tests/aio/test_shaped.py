"""The relay in front of virtual meters: who is meant, how long it takes, what becomes of both ends."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from openami.aio.server import FleetListener
from openami.aio.shaped import Air, ShapedDatagrams, ShapedListener
from openami.aio.tcp import Address
from openami.net.links import LinkModel, Way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127/8 is loopback on Linux only")

FAST = LinkModel("fast", "fast", Way(), Way())


class Echoes(asyncio.Protocol):
    """A server that says back what it hears, by its own address."""

    def __init__(self, ended: list[str], begun: list[str]) -> None:
        self.ended, self.begun = ended, begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.name = transport.get_extra_info("sockname")[0]
        self.begun.append(self.name)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.replace(b"?", self.name.encode()))  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.append(self.name)


class Meters:
    """What listens behind the relay."""

    def __init__(self, server: asyncio.Server, ended: list[str], begun: list[str]) -> None:
        self.server, self.ended, self.begun = server, ended, begun

    @property
    def addresses(self) -> list[Address]:
        return [Address(*sock.getsockname()[:2]) for sock in self.server.sockets]


@asynccontextmanager
async def relayed(model: LinkModel, **settings) -> AsyncIterator[tuple[ShapedListener, Meters]]:
    ended, begun = list[str](), list[str]()
    server = await asyncio.get_running_loop().create_server(lambda: Echoes(ended, begun), "0.0.0.0", 0)
    meters = Meters(server, ended, begun)
    try:
        async with ShapedListener(Air(model, seed=1), meters, port=0, **settings) as relay:
            yield relay, meters
    finally:
        server.close()
        await server.wait_closed()


async def test_each_meter_is_meant_by_its_own_address() -> None:
    async with relayed(FAST) as (relay, _):
        for host in ("127.16.0.1", "127.16.3.7"):
            reader, writer = await asyncio.open_connection(host, relay.port)
            writer.write(b"?\n")
            assert await reader.readline() == host.encode() + b"\n"
            writer.close()
            await writer.wait_closed()


async def test_octets_take_as_long_as_the_link_says() -> None:
    """0.1 s there and 0.1 s back, once to connect and once for 3,000 octets, which take 0.3 s at 80 kbit/s each way."""
    way = Way(rate_bps=80_000, delay_ms=100, packet=3_000)
    async with relayed(LinkModel("slow", "slow", way, way)) as (relay, _):
        reader, writer = await asyncio.open_connection("127.16.0.1", relay.port)
        start = time.perf_counter()
        data = b"x" * 2_999 + b"\n"
        writer.write(data)
        assert await reader.readline() == data
        assert 0.95 <= time.perf_counter() - start < 4
        writer.close()
        await writer.wait_closed()


async def test_clients_of_one_meter_share_its_link_and_those_of_others_do_not() -> None:
    way = Way(rate_bps=80_000, packet=2_000)

    async def take_s(relay: ShapedListener, *hosts: str) -> float:
        start = time.perf_counter()
        await asyncio.gather(*(transfer(relay, host) for host in hosts))
        return time.perf_counter() - start

    async def transfer(relay: ShapedListener, host: str) -> None:
        reader, writer = await asyncio.open_connection(host, relay.port)
        writer.write(b"x" * 1_999 + b"\n")
        await reader.readline()
        writer.close()
        await writer.wait_closed()

    async with relayed(LinkModel("own", "own", way, way)) as (relay, _):
        assert await take_s(relay, "127.16.0.1", "127.16.0.1") >= 0.57
    async with relayed(LinkModel("one", "one", way, way, shared=True, half_duplex=True)) as (relay, _):
        assert await take_s(relay, "127.16.0.1", "127.16.0.2") >= 0.77


async def test_much_arrives_whole_through_a_lossy_link_that_stops_the_sender() -> None:
    way = Way(rate_bps=40e6, delay_ms=2, loss=0.02, packet=1_400, backlog=20_000)
    async with relayed(LinkModel("x", "x", way, way, retry_ms=5)) as (relay, _):
        reader, writer = await asyncio.open_connection("127.16.0.1", relay.port)
        data = bytes(number % 251 for number in range(300_000)).replace(b"?", b"!")
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        writer.close()
        await writer.wait_closed()


async def test_when_one_end_leaves_the_other_gets_all_and_then_the_end() -> None:
    way = Way(delay_ms=50)
    async with relayed(LinkModel("x", "x", way, way)) as (relay, meters):
        reader, writer = await asyncio.open_connection("127.16.0.1", relay.port)
        writer.write(b"?\n")
        await reader.readline()
        writer.close()
        await writer.wait_closed()
        while not meters.ended:
            await asyncio.sleep(0.01)
        assert meters.ended == ["127.16.0.1"]


async def test_where_no_meter_listens_the_connection_ends() -> None:
    async with relayed(FAST) as (relay, meters):
        where = meters.addresses
        meters.server.close()
        await meters.server.wait_closed()
        relay._behind = type("Gone", (), {"addresses": where})()
        reader, writer = await asyncio.open_connection("127.16.0.1", relay.port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_one_host_with_a_port_for_each_meter() -> None:
    names = ["127.16.0.1", "127.16.0.2"]
    ended: list[str] = []
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: Echoes(ended, []), host, 0) for host in ("127.0.0.1", "127.0.0.2")]
    behind = type("Two", (), {"addresses": [Address(*s.sockets[0].getsockname()[:2]) for s in servers]})()
    async with ShapedListener(Air(FAST), behind, port=0, host="127.0.0.1", stand_ins=names) as relay:
        for address, who in zip(relay.addresses, (b"127.0.0.1\n", b"127.0.0.2\n"), strict=True):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"?\n")
            assert await reader.readline() == who
            writer.close()
            await writer.wait_closed()
    for server in servers:
        server.close()
        await server.wait_closed()


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard.put_nowait(data)


class Answers(asyncio.DatagramProtocol):
    """A meter on UDP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        host = self.transport.get_extra_info("sockname")[0]
        self.transport.sendto(host.encode() + b" " + data, addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def by_datagrams(
    model: LinkModel, **settings
) -> AsyncIterator[tuple[asyncio.DatagramTransport, Client, ShapedDatagrams]]:
    """A client, and a meter behind a relay."""
    loop = asyncio.get_running_loop()
    meter, _ = await loop.create_datagram_endpoint(Answers, local_addr=("127.16.0.9", 0))
    port = meter.get_extra_info("sockname")[1]
    behind = type("One", (), {"addresses": [Address("0.0.0.0", port)], "provider": None})()
    with contextlib.ExitStack() as opened:
        opened.callback(meter.close)
        async with ShapedDatagrams(Air(model, seed=3), behind, port=0, **settings) as relay:
            client, found = await loop.create_datagram_endpoint(Client, remote_addr=("127.16.0.9", relay.port))
            opened.callback(client.close)
            yield client, found, relay


async def test_datagrams_are_relayed_from_and_to_the_meter_they_were_meant_for() -> None:
    way = Way(delay_ms=50)
    async with by_datagrams(LinkModel("x", "x", way, way), idle_s=0.5) as (client, found, relay):
        for text in (b"one", b"two"):
            start = time.perf_counter()
            client.sendto(text)
            assert await found.heard.get() == b"127.16.0.9 " + text
            assert time.perf_counter() - start >= 0.09
        while relay.transports:
            await asyncio.sleep(0.05)
        client.sendto(b"three")
        assert await found.heard.get() == b"127.16.0.9 three", "after it was forgotten for its silence"


async def test_lost_datagrams_stay_lost() -> None:
    async with by_datagrams(LinkModel("x", "x", Way(loss=0.5), Way())) as (client, found, _):
        for number in range(60):
            client.sendto(bytes([number]))
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.2)
        assert 15 <= found.heard.qsize() <= 45


async def test_a_fleet_listener_is_something_to_stand_in_front_of() -> None:
    class Nobody:
        def open(self, local_address: str, link: object = None) -> None:
            return None

    async with (
        FleetListener(Nobody(), port=0) as meters,
        ShapedListener(Air(FAST), meters, port=0) as relay,
    ):
        reader, writer = await asyncio.open_connection("127.16.0.1", relay.port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert meters.refused == 1


async def test_closing_the_relay_ends_at_once_what_is_under_way() -> None:
    way = Way(rate_bps=8_000, delay_ms=300)
    async with relayed(LinkModel("slow", "slow", way, way)) as (relay, meters):
        clients = [await asyncio.open_connection("127.16.0.1", relay.port) for _ in range(3)]
        for _, writer in clients:
            writer.write(b"x" * 100_000)
        async with asyncio.timeout(10):
            while len(meters.begun) < 3:
                await asyncio.sleep(0.01)
        (late := await asyncio.open_connection("127.16.0.2", relay.port))[1].write(b"x")
        async with asyncio.timeout(2):
            await relay.close()
        assert relay.transports == set()
        for reader, writer in [*clients, late]:
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(100_000)
            writer.close()
        async with asyncio.timeout(10):
            while len(meters.ended) < 3:
                await asyncio.sleep(0)
        assert meters.ended == meters.begun == ["127.16.0.1"] * 3
