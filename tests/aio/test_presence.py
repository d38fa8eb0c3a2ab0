"""A listener that closes loses nobody whom the system had let in: each is attached and told, or never accepted."""

import asyncio
import socket
from contextlib import suppress

import pytest

from openami.aio.presence import Presence, no_more


class Guest(asyncio.Protocol):
    """Is hung up as soon as it is there."""

    def __init__(self, presence: Presence, factories: list[int]) -> None:
        self.presence = presence
        factories.append(1)
        self.arrived = factories

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.presence.enter()
        self.arrived.pop()
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.presence.leave()


@pytest.mark.parametrize("turns", range(6))
async def test_whoever_was_accepted_is_attached_however_late_the_listener_closes(turns: int) -> None:
    presence, expected = Presence(), list[int]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Guest(presence, expected), "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()[:2]) as client:
        client.settimeout(5)
        for _turn in range(turns):
            await asyncio.sleep(0)
        await no_more([server])
        assert not expected, "a protocol was made, and its connection was never attached"
        await presence.gone()
        with suppress(ConnectionResetError):  # of one that was never accepted
            assert client.recv(1) == b""
