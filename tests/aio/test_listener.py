"""Pushes over real sockets: our sender and our listener, what a bad sender can do, and bounded memory."""

import asyncio
import contextlib
import os
import socket
import tracemalloc
from collections.abc import AsyncIterator
from functools import partial
from random import Random
from typing import Any

import pytest

from openami.aio.listener import Listening, Push, known, listen
from openami.aio.pushing import origin_at, push
from openami.aio.route import parse
from openami.aio.tcp import AddressInUse, ConnectionRefused
from openami.core.errors import ConnectionLost, DefinitionError, LinkTimeout
from openami.dlms.push import Acceptance, MemoryCounters, Opener, Origin, Unreadable
from openami.dlms.push.framing import enframe
from openami.dlms.security import Policy
from openami.dlms.xdlms import DataNotificationConfirm
from pair import CLIENT_TITLE, SERVER_TITLE, wrap
from pushes import HDLC, KEYS, RAW, WRAPPED, knows, notification, sealer
from talker import Talker

OURS = {"own_title": CLIENT_TITLE, "send_counter": lambda _title: 1}
HOSTS = ["127.0.0.1", "[::1]"]
SCHEMES = ["tcp", "udp", "hdlc"]
HDLC_QUERY = {"hdlc": "?server=1/17&client=102", "tcp": "?server=3&client=102", "udp": "?server=3&client=102"}


@contextlib.asynccontextmanager
async def hearing(scheme: str = "tcp", host: str = "127.0.0.1", **settings: Any) -> AsyncIterator[Listening]:
    async with listen(f"{scheme}://{host}:0", **{"keys": knows, **settings}) as pushes:
        yield pushes


def url(pushes: Listening, scheme: str = "tcp", query: str = "") -> str:
    return f"{scheme}://{pushes.addresses[0]}{query}"


async def take(pushes: Listening, count: int = 1) -> list[Push]:
    async with asyncio.timeout(20):
        return [await anext(pushes) for _ in range(count)]


@contextlib.asynccontextmanager
async def line_to(pushes: Listening) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*pushes.addresses[0])
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_push_arrives_and_is_understood(scheme: str, host: str) -> None:
    async with hearing(scheme, host) as pushes:
        assert not await push(url(pushes, scheme, HDLC_QUERY[scheme]), notification(), sealer=sealer())
        [heard] = await take(pushes)
    assert (heard.notification, heard.title, heard.protection.authenticated) == (notification(), SERVER_TITLE, True)
    assert [(str(value.logical_name), value.value) for value in heard.values] == [("1.0.1.8.0.255", 1234)]
    assert heard.at is None
    assert heard.sender.startswith(f"{host}:")
    assert heard.pushed.origin == origin_at(parse(f"{scheme}://x:1{HDLC_QUERY[scheme]}"))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_confirmed_push_is_confirmed_under_keys(scheme: str, host: str) -> None:
    opener = Opener(
        keys=lambda title: KEYS if title == CLIENT_TITLE else None, counters=MemoryCounters(), least=Policy.AE
    )
    async with hearing(scheme, host, acceptance=Acceptance(**OURS)) as pushes:
        wanted = notification(confirmed=True, size=400)
        assert await push(url(pushes, scheme), wanted, sealer=sealer(), opener=opener, max_pdu=200)
        [heard] = await take(pushes)
    assert heard.notification == wanted


async def test_pushes_are_confirmed_once_they_are_kept() -> None:
    async with hearing(confirm="later") as pushes:
        delivery = asyncio.ensure_future(push(url(pushes), notification(confirmed=True)))
        [heard] = await take(pushes)
        assert not delivery.done()
        heard.confirm()
        assert await delivery
        with pytest.raises(ConnectionLost, match="before its push was confirmed"):
            await until_gone(heard)


async def until_gone(heard: Push) -> None:
    async with asyncio.timeout(5):
        while True:
            heard.confirm()
            await asyncio.sleep(0.01)


async def test_without_a_confirmation_the_sender_tries_again_and_gives_up() -> None:
    async with hearing(confirm="never") as pushes:
        with pytest.raises(LinkTimeout, match="no confirmation within"):
            await push(
                url(pushes),
                notification(confirmed=True),
                sealer=sealer(),
                confirm_s=0.05,
                repeat=lambda retry: 0.01 if retry < 3 else None,
            )
        assert [heard.protection.counter for heard in await take(pushes, 3)] == [1, 2, 3]


async def test_a_sender_waits_for_a_listener_that_comes_later() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    waiting = asyncio.ensure_future(push(f"tcp://127.0.0.1:{port}", notification(), repeat=lambda _retry: 0.02))
    await asyncio.sleep(0.05)
    async with listen(f"tcp://127.0.0.1:{port}") as pushes:
        await take(pushes)
        assert not await waiting
    with pytest.raises(ConnectionRefused):
        await push(f"tcp://127.0.0.1:{port}", notification())


async def test_a_receiver_that_hangs_up_is_no_confirmation() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with Talker(hang_up) as url:
        with pytest.raises(ConnectionLost, match="the receiver closed the connection"):
            await push(url, notification(confirmed=True))


@pytest.mark.parametrize("origin", [WRAPPED, HDLC, RAW], ids=lambda origin: origin.framing.value)
async def test_the_framing_on_a_connection_is_found_out(origin: Origin) -> None:
    async with hearing() as pushes, line_to(pushes) as (_, writer):
        for octet in b"".join(enframe(origin, notification().encode()) * 2):
            writer.write(bytes((octet,)))
            await asyncio.sleep(0)
        assert {heard.pushed.origin for heard in await take(pushes, 2)} == {origin}


async def test_hdlc_takes_nothing_else() -> None:
    told: list[tuple[str, Unreadable]] = []
    async with hearing("hdlc", unreadable=lambda sender, what: told.append((sender, what))) as pushes:
        await push(url(pushes), notification())
        await push(url(pushes, "hdlc"), notification(8))
        assert (await take(pushes))[0].notification.invoke_id == 8  # type: ignore[union-attr]
    assert told[0][1].reason.startswith("no frame begins with")


async def test_a_bad_sender_is_told_of_and_spoils_nothing() -> None:
    told: list[str] = []
    async with hearing(unreadable=lambda _sender, what: told.append(what.reason)) as pushes:
        async with line_to(pushes) as (_, bad), line_to(pushes) as (_, good):
            bad.write(b"GET / HTTP/1.1\r\n\r\n" + bytes(5000))
            good.write(wrap(notification().encode()))
            bad.write(wrap(notification(8).encode()) + wrap(b"\xc4\x01\x01\x00\x11\x01") + b"\x00\x01")
            pushed = await take(pushes, 2)
        assert {heard.notification.invoke_id for heard in pushed} == {7, 8}  # type: ignore[union-attr]
        async with asyncio.timeout(5):
            while len(told) < 3:
                await asyncio.sleep(0.01)
    assert told[0] == "no APDU of a push begins with 47455420"
    assert told[1].startswith("GetResponseNormal is no push")
    assert told[2].startswith("cut off after 2 octets")


async def test_a_listener_reads_no_more_than_is_taken() -> None:
    async with hearing(backlog=10) as pushes, line_to(pushes) as (_, writer):
        many = b"".join(wrap(notification(number).encode()) for number in range(20_000))
        writer.write(many)
        async with asyncio.timeout(10):
            while not pushes.is_full:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        heard = await take(pushes, 20_000)
    assert [push.notification.invoke_id for push in heard] == list(range(20_000))  # type: ignore[union-attr]


async def test_long_pushes_fill_a_listener_sooner() -> None:
    empty = b"\x0f\0\0\0\1\0\x01\x82\xea\x60" + bytes(60_000)
    async with hearing() as pushes, line_to(pushes) as (_, writer):
        writer.write(wrap(empty) * 40)
        async with asyncio.timeout(10):
            while not pushes.is_full:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert len(pushes._pushes) < 30
        assert [heard.values[0].value for heard in await take(pushes, 40)] == [[None] * 60_000] * 40


async def test_datagrams_that_nobody_takes_are_counted_and_not_confirmed() -> None:
    async with hearing("udp", backlog=2) as pushes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as meter:
            meter.setblocking(False)
            for number in range(5):
                meter.sendto(wrap(notification(number, confirmed=True).encode()), pushes.addresses[0])
            async with asyncio.timeout(5):
                while pushes.dropped < 3:
                    await asyncio.sleep(0.01)
            answers = [meter.recv(100) for _ in range(2)]
            with pytest.raises(BlockingIOError):
                meter.recv(100)
        assert answers == [wrap(DataNotificationConfirm(0x40000000 | number).encode()) for number in range(2)]
        await take(pushes, 2)
        assert not pushes.is_full


async def test_senders_of_datagrams_do_not_mix() -> None:
    async with hearing("udp", limit=2) as pushes:
        for _ in range(5):
            await push(url(pushes, "udp"), notification(size=1000), max_pdu=300, sealer=sealer())
        heard = await take(pushes)
    assert heard[0].notification == notification(size=1000)


async def test_one_connection_too_many_is_hung_up() -> None:
    async with hearing(limit=1) as pushes, line_to(pushes) as (_, first):
        first.write(wrap(notification().encode()))
        await take(pushes)
        async with line_to(pushes) as (reader, _):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        assert pushes.refused == 1


async def test_a_silent_connection_is_closed_and_half_a_push_given_up() -> None:
    told: list[str] = []
    settings = {"acceptance": Acceptance(gap_s=0.05), "unreadable": lambda _sender, what: told.append(what.reason)}
    async with hearing(idle_s=0.3, **settings) as pushes, line_to(pushes) as (reader, writer):
        writer.write(wrap(notification().encode())[:-1])
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    assert told == ["cut off after 30 octets"]


async def test_closing_ends_the_iteration_once_all_is_taken() -> None:
    async with hearing() as pushes:
        await push(url(pushes), notification())
        await take(pushes)
        await push(url(pushes), notification(8))
        async with asyncio.timeout(5):
            while not pushes._pushes:
                await asyncio.sleep(0.01)
    assert [heard.notification.invoke_id async for heard in pushes] == [8]  # type: ignore[union-attr]


async def test_several_addresses_at_once_and_all_or_none() -> None:
    async with listen("tcp://127.0.0.1:0", "udp://127.0.0.1:0", "hdlc://127.0.0.1:0") as pushes:
        for scheme, address in zip(SCHEMES, pushes.addresses, strict=True):
            await push(f"{scheme}://{address}", notification())
        assert len(await take(pushes, 3)) == 3
        taken = pushes.addresses[0]
        free = listen("udp://127.0.0.1:0", f"tcp://{taken}")
        with pytest.raises(AddressInUse):
            await free.start()
        assert free._datagrams[0]._transport is None or free._datagrams[0]._transport.is_closing()


async def test_all_of_ipv6_takes_ipv4_too() -> None:
    async with listen("tcp://[::]:0") as pushes:
        await push(f"tcp://127.0.0.1:{pushes.addresses[0].port}", notification())
        [heard] = await take(pushes)
    assert heard.sender.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:0?client=1", "udp://[::1]:0?gateway=1,x", "hdlc://[::1]:1?server=1"]
)
def test_who_sends_is_not_said_beforehand(address: str) -> None:
    with pytest.raises(DefinitionError, match="no meaning"):
        listen(address)


@pytest.mark.parametrize("keys", [KEYS, {SERVER_TITLE: KEYS}, knows], ids=["one", "mapping", "function"])
async def test_keys_may_be_given_in_three_ways(keys: Any) -> None:
    async with hearing(keys=keys) as pushes:
        await push(url(pushes), notification(), sealer=sealer())
        assert (await take(pushes))[0].title == SERVER_TITLE


async def test_a_serial_port_is_heard_and_never_answered_unless_asked() -> None:
    pytest.importorskip("serial")
    meter, port = os.openpty()
    os.set_blocking(meter, False)
    data = b"".join(enframe(HDLC, notification(confirmed=True, size=300).encode()))
    try:
        name = os.ttyname(port)
        async with listen(f"serial://{name}") as pushes:
            os.write(meter, data)
            [heard] = await take(pushes)
            assert (heard.sender, heard.pushed.origin) == (name, HDLC)
            with pytest.raises(BlockingIOError):
                os.read(meter, 100)
            heard.confirm()
            os.close(meter)
            with pytest.raises(ConnectionLost):
                await take(pushes)
    finally:
        os.close(port)


def garbage(dice: Random) -> bytes:
    """Octets of a bad sender: noise, damaged frames, envelopes nobody can open, blocks that never end."""
    kind = dice.randrange(5)
    if kind == 0:
        return dice.randbytes(dice.randrange(200))
    if kind == 1:
        return b"\x7e\xa0" + dice.randbytes(dice.randrange(60))
    if kind == 2:
        return wrap(b"\xe0\x40" + dice.randrange(1, 4).to_bytes(2, "big") + bytes(2) + b"\x40" + dice.randbytes(64))
    if kind == 3:
        return wrap(b"\xdb\x08" + dice.randbytes(8) + b"\x20\x30" + dice.randbytes(31))
    return wrap(b"\x0f" + dice.randbytes(40))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["tcp", "udp"])
async def test_memory_stays_flat_over_a_hundred_thousand_pushes_of_garbage(scheme: str) -> None:
    dice, told = Random(5), [0]

    def count(_sender: str, _what: Unreadable) -> None:
        told[0] += 1

    async with hearing(scheme, unreadable=count, backlog=100_000, limit=64) as pushes:
        levels: list[int] = []
        tracemalloc.start()
        for _ in range(10):
            await (stream_of if scheme == "tcp" else datagrams_of)(pushes, dice, 10_000)
            while pushes._pushes:
                await anext(pushes)
            levels.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert told[0] > 10_000
    assert max(levels[1:]) < levels[0] + 1_000_000, levels


async def stream_of(pushes: Listening, dice: Random, count: int) -> None:
    for _ in range(10):
        async with line_to(pushes) as (_, writer):
            for _ in range(count // 10):
                writer.write(garbage(dice))
                await writer.drain()
            await asyncio.sleep(0)


async def datagrams_of(pushes: Listening, dice: Random, count: int) -> None:
    for _ in range(count // 50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as meter:
            for _ in range(50):
                meter.sendto(garbage(dice), pushes.addresses[0])
        await asyncio.sleep(0.001)


def test_keys_do_not_show() -> None:
    assert KEYS.encryption.hex() not in repr(Acceptance(keys=partial(known, {SERVER_TITLE: KEYS})))
