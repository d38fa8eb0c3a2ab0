"""The wrapper on UDP: a fleet behind one socket, IPv6, loss, duplicates, and what anybody may send."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator

import pytest

from openami import Data, Register, connect
from openami.aio.client import Connecting
from openami.aio.connection import Session
from openami.aio.tcp import Address, AddressInUse, ConnectionRefused, Unreachable
from openami.aio.udp import DatagramListener
from openami.core.errors import LinkTimeout
from openami.dlms.link import ServerLink
from openami.dlms.xdlms import DataAccessResult
from small_meter import ENERGY, HLS5, NAME, PROFILE, ROWS, SmallMeter

linux = pytest.mark.skipif(sys.platform != "linux", reason="127/8 is loopback on Linux only")
METERS = 50


class Street:
    """Meters at addresses of their own; each register tells which it is."""

    def __init__(self, *addresses: str) -> None:
        self.meters = {address: SmallMeter() for address in addresses}
        for number, meter in enumerate(self.meters.values()):
            register = meter.object(3, ENERGY)
            assert isinstance(register, Register)
            register.value = number

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        meter = self.meters.get(local_address)
        return None if meter is None else meter.open(local_address, link)


def alone(**settings: float) -> DatagramListener:
    return DatagramListener(Street("me"), port=0, host="127.0.0.1", stand_ins=["me"], **settings)  # type: ignore[arg-type]


def url(listener: DatagramListener, options: str = "") -> str:
    return f"udp://{listener.addresses[0]}{options}"


async def energy(connecting: Connecting) -> object:
    async with connecting as meter:
        return await meter.get(Register.value, ENERGY)


async def test_reading_public_and_ciphered_with_blocks() -> None:
    async with alone() as listener:
        async with connect(url(listener), client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
            assert meter.associated.response.server_max_receive_pdu_size == 0xFFFF
        async with connect(url(listener), security=HLS5) as meter:
            assert len(await meter.entries(PROFILE)) == ROWS
            await meter.action(Register.reset, ENERGY, 0)
            assert await meter.get(Register.value, ENERGY) == 0


@linux
async def test_fifty_meters_behind_one_socket() -> None:
    addresses = [f"127.16.0.{number + 1}" for number in range(METERS)]
    async with DatagramListener(Street(*addresses), port=0) as listener:
        urls = [f"udp://{address}:{listener.port}" for address in addresses]
        found = await asyncio.gather(*(energy(connect(url, security=HLS5)) for url in urls))
        assert found == list(range(METERS))
        with pytest.raises(LinkTimeout):
            await connect(f"udp://127.16.0.99:{listener.port}", client=16, timeout_s=0.1)
        assert listener.refused == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_ports_stand_in_for_addresses(host: str) -> None:
    async with DatagramListener(Street("a", "b"), port=0, host=host, stand_ins=["a", "b"]) as listener:
        first, second = listener.addresses
        assert second.port == first.port + 1
        for number, address in enumerate(listener.addresses):
            assert await energy(connect(f"udp://{address}", security=HLS5)) == number


class Thief:
    """Between client and meter: carries datagrams, and loses, doubles or keeps back some of them."""

    def __init__(self, listener: DatagramListener) -> None:
        self.there = listener.addresses[0]
        self.lose: set[int] = set()
        self.double: set[int] = set()
        self.count = 0

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        with (
            socket.socket(type=socket.SOCK_DGRAM) as near,
            socket.socket(type=socket.SOCK_DGRAM) as far,
        ):
            near.bind(("127.0.0.1", 0))
            far.connect(self.there)
            self.peer: object = None

            def forth() -> None:
                data, self.peer = near.recvfrom(65_536)
                self.carry(lambda: far.send(data))

            def back() -> None:
                data = far.recv(65_536)
                self.carry(lambda: near.sendto(data, self.peer))

            loop.add_reader(near, forth)
            loop.add_reader(far, back)
            yield f"udp://{Address(*near.getsockname())}"
            loop.remove_reader(near)
            loop.remove_reader(far)

    def carry(self, send) -> None:
        number, self.count = self.count, self.count + 1
        for _ in range(0 if number in self.lose else 2 if number in self.double else 1):
            send()


async def test_what_is_lost_is_repeated() -> None:
    async with alone() as listener:
        thief = Thief(listener)
        thief.lose = {0, 3, 4}
        async with thief.at_work() as url, connect(f"{url}?retries=3&timeout=0.05", client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        assert thief.count > 6


async def test_without_retries_what_is_lost_is_a_time_out() -> None:
    async with alone() as listener:
        thief = Thief(listener)
        thief.lose = {0}
        async with thief.at_work() as url:
            with pytest.raises(LinkTimeout, match=r"no answer within 0\.1 s"):
                await connect(url, client=16, timeout_s=0.1)


async def test_a_lost_answer_to_a_ciphered_request_is_asked_for_anew() -> None:
    async with alone() as listener:
        thief = Thief(listener)
        async with thief.at_work() as url, connect(f"{url}?retries=3&timeout=0.05", security=HLS5) as meter:
            thief.lose = {thief.count + 1}
            assert await meter.get(Register.value, ENERGY) == 0


async def test_what_comes_twice_counts_once() -> None:
    async with alone() as listener:
        thief = Thief(listener)
        thief.double = set(range(1, 100, 2))
        async with thief.at_work() as url, connect(url, client=16) as meter:
            for _ in range(5):
                assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_nobody_listens() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionRefused, match=rf"127\.0\.0\.1:{port} refused the datagram: nothing listens there"):
        await connect(f"udp://127.0.0.1:{port}", client=16)


async def test_no_such_host() -> None:
    with pytest.raises(Unreachable, match=r"nosuch\.invalid:4059 is not a known host"):
        await connect("udp://nosuch.invalid")


async def test_the_meter_goes_in_the_middle() -> None:
    async with alone() as listener:
        meter = await connect(url(listener), client=16, timeout_s=1.0)
    with pytest.raises((ConnectionRefused, LinkTimeout)):
        await meter.get(Data.value, NAME)
    await meter.disconnect()


async def test_what_anybody_may_send_does_no_harm() -> None:
    async with alone() as listener:
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.connect(listener.addresses[0])
            for junk in (b"", b"\0", b"GET / HTTP/1.1\r\n", bytes(8), b"\0\1\0\1\0\1\xff\xff", bytes(60_000)):
                sock.send(junk)
        async with connect(url(listener), client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_silent_clients_are_forgotten_and_room_comes_back() -> None:
    async with alone(limit=1, idle_s=0.1) as listener:
        meter = await connect(url(listener), client=16, timeout_s=0.2)
        with pytest.raises(LinkTimeout):
            await connect(url(listener), client=16, timeout_s=0.05)
        while listener.connections:
            await asyncio.sleep(0.01)
        for _ in range(3):
            async with connect(url(listener), client=16) as other:
                assert await other.get(Data.value, NAME) == b"OAMSIM0000000001"
        assert not listener.connections
        await meter.disconnect()


async def test_a_port_in_use() -> None:
    async with alone() as listener:
        taken = DatagramListener(Street("me"), port=listener.port, host="127.0.0.1", stand_ins=["me"])
        with pytest.raises(AddressInUse, match=r"port \d+ is in use"):
            await taken.start()


async def test_results_of_a_list() -> None:
    async with alone() as listener, connect(url(listener), security=HLS5) as meter:
        good, bad = Register.value.at(ENERGY), Register.value.at("1.0.9.9.9.255")
        results = await meter.get_raw_many([(good, None), (bad, None)])
        assert isinstance(results[1], DataAccessResult)
