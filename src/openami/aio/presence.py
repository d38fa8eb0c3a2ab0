"""Who is still there when a listener closes: a server has gone only when the last of its transports has."""

import asyncio
from collections.abc import Collection
from typing import Final

TURNS: Final = 3
"""Turns of the loop until a client that the system had already let in has reached its protocol."""

MOST_TURNS: Final = 1000
"""A transport that does not end by then is left to the loop."""


async def no_more(servers: Collection[asyncio.Server]) -> None:
    """Stop listening, without losing whom the system let in just before.

    asyncio accepts a client in one turn and attaches it to its server in the next; a server that is closed in
    between refuses that, and the client's socket stays open until the garbage collector finds it.
    """
    loop = asyncio.get_running_loop()
    for server in servers:
        for sock in server.sockets:
            loop.remove_reader(sock.fileno())
    for _turn in range(TURNS):
        await asyncio.sleep(0)
    for server in servers:
        server.close()


class Presence:
    """Counts transports from `connection_made` to `connection_lost`."""

    def __init__(self) -> None:
        self._count = 0

    def enter(self) -> None:
        """One more is here."""
        self._count += 1

    def leave(self) -> None:
        """One has gone."""
        self._count -= 1

    async def gone(self) -> None:
        """Wait until nobody is here."""
        for _turn in range(MOST_TURNS):
            if not self._count:
                return
            await asyncio.sleep(0)
