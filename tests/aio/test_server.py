"""The fleet's listener: who is meant, when answers leave, and what a bad client can do."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from openami.aio.journal import Journal
from openami.aio.server import FleetListener
from openami.aio.tcp import AddressInUse
from openami.core.errors import RemoteProtocolError
from openami.dlms.server.events import Refused

linux = pytest.mark.skipif(sys.platform != "linux", reason="127/8 is loopback on Linux only")


class Echo:
    """A core that answers each line by itself and by who it is."""

    deadline: float | None = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.out: list[bytes] = []

    def receive(self, data: bytes, now: float) -> Sequence[object]:
        events: list[object] = []
        for line in data.splitlines():
            if line == b"wrong password":
                events.append(Refused(1, "wrong password"))
            if line == b"no wrapper":
                raise RemoteProtocolError("wrapper version 2")
            if line == b"defect":
                raise ZeroDivisionError
            self.out.append(self.name.encode() + b" " + line + b"\n")
        return events

    def expire(self, now: float) -> Sequence[object]:
        return ()

    def outgoing(self) -> list[bytes]:
        out, self.out = self.out, []
        return out


class EchoSession:
    def __init__(self, name: str, durable: Callable[[], Awaitable[None] | None]) -> None:
        self.endpoint = Echo(name)
        self.durable = durable
        self.seen: list[object] = []

    def deliver(self, events: Sequence[object]) -> None:
        self.seen += events


class Street:
    """Meters at the addresses given."""

    def __init__(self, *addresses: str, durable: Callable[[], Awaitable[None] | None] = lambda: None) -> None:
        self.addresses = addresses
        self.durable = durable

    def open(self, local_address: str) -> EchoSession | None:
        return EchoSession(local_address, self.durable) if local_address in self.addresses else None


@asynccontextmanager
async def listening(street: Street, **settings: object) -> AsyncIterator[FleetListener]:
    async with FleetListener(street, port=0, **settings) as listener:  # type: ignore[arg-type]
        yield listener


@asynccontextmanager
async def line_to(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What comes before the end; a cut connection ends with or without a reset."""
    try:
        return await asyncio.wait_for(reader.read(), 3)
    except ConnectionResetError:
        return b""


async def ask(host: str, port: int, line: bytes) -> bytes:
    async with line_to(host, port) as (reader, writer):
        writer.write(line + b"\n")
        try:
            return await reader.readline()
        except ConnectionResetError:
            return b""


@linux
async def test_the_local_address_says_which_meter_is_meant() -> None:
    async with listening(Street("127.16.0.1", "127.16.0.2")) as listener:
        assert await ask("127.16.0.2", listener.port, b"hello") == b"127.16.0.2 hello\n"
        assert await ask("127.16.0.1", listener.port, b"hello") == b"127.16.0.1 hello\n"


@linux
async def test_any_other_address_is_refused() -> None:
    async with listening(Street("127.16.0.1")) as listener:
        async with line_to("127.16.0.3", listener.port) as (reader, _):
            assert await rest(reader) == b""
        assert (listener.refused, listener.connections) == (1, set())


@linux
async def test_nothing_outside_can_reach_the_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    async with listening(Street("127.16.0.1", own)) as listener:
        # from the machine itself the packets pass through lo: only the fleet's own addresses answer
        assert [str(address) for address in listener.addresses] == [f"0.0.0.0:{listener.port}"]
        for server in listener._servers:
            for sock in server.sockets:
                device = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
                assert device.rstrip(b"\0") in {b"lo", b""}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_ports_stand_in_for_addresses(host: str) -> None:
    street = Street("127.16.0.1", "127.16.0.2")
    async with listening(street, host=host, stand_ins=street.addresses) as listener:
        first, second = listener.addresses
        assert await ask(host, second.port, b"hello") == b"127.16.0.2 hello\n"
        assert await ask(host, first.port, b"hello") == b"127.16.0.1 hello\n"


async def test_ports_follow_one_another() -> None:
    street = Street("127.16.0.1", "127.16.0.2")
    for base in range(20_000 + os.getpid() % 5_000, 30_000, 2):  # below what the system gives to clients
        listener = FleetListener(street, port=base, host="127.0.0.1", stand_ins=street.addresses)
        with contextlib.suppress(AddressInUse):
            async with listener:
                assert [address.port for address in listener.addresses] == [base, base + 1]
            break


async def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listener = FleetListener(Street(), port=taken.getsockname()[1], host="127.0.0.1", stand_ins=["127.16.0.1"])
        with pytest.raises(AddressInUse, match=r"port \d+ is in use: another program listens on 127.0.0.1:\d+$"):
            await listener.start()


async def test_answers_wait_until_they_are_durable_and_keep_their_order() -> None:
    loop = asyncio.get_running_loop()
    promises: list[asyncio.Future[None]] = []

    def durable() -> asyncio.Future[None]:
        promises.append(loop.create_future())
        return promises[-1]

    async with (
        listening(Street("me", durable=durable), host="127.0.0.1", stand_ins=["me"]) as listener,
        line_to("127.0.0.1", listener.port) as (reader, writer),
    ):
        for line in (b"one\n", b"two\n"):
            writer.write(line)
            await asyncio.sleep(0.02)
        assert len(promises) == 2
        promises[1].set_result(None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 0.05)
        promises[0].set_result(None)
        assert await reader.readline() + await reader.readline() == b"me one\nme two\n"


async def test_an_awaitable_that_is_no_future_will_do() -> None:
    async with listening(
        Street("me", durable=lambda: asyncio.sleep(0.01)), host="127.0.0.1", stand_ins=["me"]
    ) as listener:
        assert await ask(*listener.addresses[0], b"hello") == b"me hello\n"


async def test_what_is_not_durable_is_never_acknowledged(caplog: pytest.LogCaptureFixture) -> None:
    def full() -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(OSError("the disk is full"))
        return future

    async with listening(Street("me", durable=full), host="127.0.0.1", stand_ins=["me"]) as listener:
        assert await ask(*listener.addresses[0], b"hello") == b""
        assert "nothing acknowledged: the disk is full" in caplog.text


async def test_with_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "counters")

    def durable() -> Awaitable[None]:
        journal.append(b"counter")
        return journal.commit()

    async with listening(Street("me", durable=durable), host="127.0.0.1", stand_ins=["me"]) as listener:
        answers = await asyncio.gather(*(ask(*listener.addresses[0], b"%d" % n) for n in range(20)))
    assert answers == [b"me %d\n" % n for n in range(20)]
    assert len(list(journal.replay())) == 20
    journal.close()


async def test_each_failed_login_makes_the_next_answer_wait_twice_as_long() -> None:
    async with listening(Street("me"), host="127.0.0.1", stand_ins=["me"], login_delay_s=0.05) as listener:
        loop = asyncio.get_running_loop()
        waits: list[float] = []
        async with line_to(*listener.addresses[0]) as (reader, writer):
            for _ in range(3):
                started = loop.time()
                writer.write(b"wrong password\n")
                assert await reader.readline() == b"me wrong password\n"
                waits.append(loop.time() - started)
            started = loop.time()
            assert await ask(*listener.addresses[0], b"somebody else") == b"me somebody else\n"
            assert loop.time() - started < 0.05
        assert [wait > least for wait, least in zip(waits, (0.045, 0.095, 0.195), strict=True)] == [True] * 3


async def test_a_silent_connection_is_cut() -> None:
    async with (
        listening(Street("me"), host="127.0.0.1", stand_ins=["me"], idle_s=0.1) as listener,
        line_to(*listener.addresses[0]) as (reader, _),
    ):
        assert await rest(reader) == b""


async def test_too_many_connections_are_refused_and_room_comes_back() -> None:
    async with (
        listening(Street("me"), host="127.0.0.1", stand_ins=["me"], limit=2) as listener,
        line_to(*listener.addresses[0]),
    ):
        async with line_to(*listener.addresses[0]):
            await asyncio.sleep(0.02)
            assert await ask(*listener.addresses[0], b"hello") == b""
        await asyncio.sleep(0.02)
        assert await ask(*listener.addresses[0], b"hello") == b"me hello\n"


async def test_broken_framing_ends_the_connection_after_what_was_answered() -> None:
    async with (
        listening(Street("me", durable=lambda: asyncio.sleep(0.01)), host="127.0.0.1", stand_ins=["me"]) as listener,
        line_to(*listener.addresses[0]) as (reader, writer),
    ):
        writer.write(b"hello\nno wrapper\n")
        assert await reader.read() == b"me hello\n"


async def test_a_defect_in_one_meter_leaves_the_others_alone() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    async with (
        listening(Street("me"), host="127.0.0.1", stand_ins=["me"]) as listener,
        line_to(*listener.addresses[0]) as (reader, writer),
    ):
        assert await ask(*listener.addresses[0], b"defect") == b""
        writer.write(b"still here\n")
        assert await reader.readline() == b"me still here\n"


async def test_a_client_that_does_not_read_is_not_heard_either() -> None:
    async with listening(Street("me"), host="127.0.0.1", stand_ins=["me"]) as listener:
        with socket.create_connection(listener.addresses[0]) as deaf:
            deaf.setblocking(False)
            sent = 0
            for _ in range(300):
                try:
                    sent += deaf.send(b"x" * 65_535 + b"\n")
                except BlockingIOError:
                    await asyncio.sleep(0.001)
            (connection,) = listener.connections
            assert connection.transport is not None
            assert connection.transport.get_write_buffer_size() < 2**21
            assert sent < 300 * 65_536
