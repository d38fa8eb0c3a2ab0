"""Who is still there when a listener closes: a server has gone only when the last of its transports has."""

import asyncio
from typing import Final

TURNS: Final = 3
"""Turns of the loop until a client that the system had already let in has reached its protocol."""

MOST_TURNS: Final = 1000
"""A transport that does not end by then is left to the loop."""


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
        """Wait until nobody is here, and nobody on the way in."""
        for turn in range(MOST_TURNS):
            if turn >= TURNS and not self._count:
                return
            await asyncio.sleep(0)
