"""The client of rtl_tcp: greeting, orders, blocks; what happens when the line is lost, silent, or speaks otherwise."""

import asyncio
from contextlib import aclosing

import pytest

from aio.dongle import Dongle
from openami.aio.rtl_tcp import RtlTcp, Tuning
from openami.aio.tcp import Address
from openami.core.errors import ConnectionLost, DefinitionError, LinkError, LinkTimeout, RemoteProtocolError

TUNING = Tuning(912_600_155, 2_359_296)


def client(port: int, told: list[str] | None = None, **options) -> RtlTcp:
    said = (told if told is not None else []).append
    return RtlTcp(Address("127.0.0.1", port), options.pop("tuning", TUNING), said, first_pause_s=0.01, **options)


async def taken(source: RtlTcp, number: int, octets: int = 4) -> list[bytes]:
    found = []
    async with asyncio.timeout(30), aclosing(source.blocks(octets)) as blocks:
        async for block in blocks:
            found.append(block)
            if len(found) == number:
                break
    return found


async def test_blocks_of_one_connection():
    async with Dongle(bytes(range(20))) as dongle:
        told: list[str] = []
        assert await taken(client(dongle.port, told), 5) == [bytes(range(n, n + 4)) for n in range(0, 20, 4)]
        assert dongle.orders == [[(2, 2_359_296), (1, 912_600_155), (5, 0), (3, 0), (8, 0)]]
        assert told == [f"127.0.0.1:{dongle.port}: tuner R820T, 29 gains"]


def test_orders_with_gain_and_a_quartz_that_is_slow():
    orders = Tuning(912.6e6, 1.024e6, 29.7, -12).orders()
    assert [orders[n : n + 5].hex() for n in range(0, 30, 5)] == [
        "02000fa000", "0136650fc0".replace("36650fc0", f"{912_600_000:08x}"), "05fffffff4", "0300000001",
        f"04{297:08x}", "0800000000",
    ]  # fmt: skip
    with pytest.raises(DefinitionError, match="32 bits"):
        Tuning(5e9, 1e6).orders()


async def test_it_connects_again():
    async with Dongle(b"abcdef", b"", b"ghijkl") as dongle:
        told: list[str] = []
        source = client(dongle.port, told)
        assert await taken(source, 2) == [b"abcd", b"ghij"]
        assert (source.connections, len(dongle.orders)) == (3, 3)
        assert sum("the connection is lost; again in" in each for each in told) == 2


async def test_it_waits_for_a_server_that_is_not_there_yet():
    async with Dongle() as gone:
        port = gone.port
    with pytest.raises(LinkError, match="listens"):
        await taken(client(port, attempts=3), 1)


async def test_it_gives_up_when_told():
    async with Dongle() as dongle:
        with pytest.raises(ConnectionLost):
            await taken(client(dongle.port, attempts=2), 1)
        assert len(dongle.orders) == 2


async def test_silence_is_an_end_too():
    async with Dongle(silent=True) as dongle:
        with pytest.raises(LinkTimeout, match="silent for"):
            await taken(client(dongle.port, attempts=1, timeout_s=0.1), 1)


async def test_what_is_no_rtl_tcp_is_said():
    async with Dongle(b"", greeting=b"SSH-2.0-OpenSSH_9.2p1") as dongle:
        with pytest.raises(RemoteProtocolError, match="no rtl_tcp"):
            await taken(client(dongle.port), 1)
